#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What lwcred costs, beside what else a person could use ("make bench"; see README).

Starts the stand-in API, a private session bus with a keyring and git's credential cache, has
measure.c run everything in turn, and prints the tables.  All is in directories of its own, which
are gone at the end.  The exit status says whether the measurement ran, nothing about speed.
"""

import argparse
import collections
import contextlib
import hashlib
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SYSTEM_CERTS = pathlib.Path("/etc/ssl/certs")
SYSTEM_BUNDLE = SYSTEM_CERTS / "ca-certificates.crt"
TRUE = "/bin/true"
PASSPHRASE = "bench"

# A session bus that starts nothing by itself: a second keyring, locked, would only stand in the way.
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>
"""

STORE_SIZES = (10, 1000)
BURSTS = ((1, 15), (20, 7), (200, 3))  # how many at once, how often
CROWDS = (1, 40)
EMPTY_PATH, LARGE_PATH = "/api/v2/Alerts", "/api/v2/OrganizationInfo"
THREADS = (1, 2, 4, 8, 16)
THREAD_MS = 500
THREAD_TIMES = 5
# us: wall time of the cores in use for each call, CPU time for each call; calls a second; failures.
Threads = collections.namedtuple("Threads", "wall cpu rate bad")


class Row:
    """One command.  key_id: of the access key that it alone uses, to count its exchanges."""

    def __init__(self, label, words, stdin="/dev/null", env=None, key_id=None, why_not=None):
        self.label = label
        self.words = [str(word) for word in words]
        self.stdin = str(stdin)
        self.env = env or {}
        self.key_id = key_id
        self.why_not = why_not  # text where it cannot be measured here
        self.wall = self.cpu = self.peak = self.calls = None
        self.rounds = self.failures = self.exchanges = 0
        self.notes = []

    def plan(self, rounds):
        own = ["%s=%s" % item for item in self.env.items()]
        return "\t".join([self.label, str(rounds), self.stdin] + own + self.words) + "\n"

    def usable(self):
        return self.why_not is None and self.rounds > 0 and self.failures == 0


def run(words, env, **more):
    """Run a step of the preparation; what it says is shown if it fails."""
    words = [str(word) for word in words]
    done = subprocess.run(words, env=env, text=True, capture_output=True, check=False, **more)
    if done.returncode != 0:
        raise RuntimeError("%s: exit status %d\n%s" % (" ".join(words), done.returncode, done.stderr))
    return done.stdout


def wait_for(path):
    for _ in range(200):
        if path.exists():
            return
        time.sleep(0.05)
    raise RuntimeError("%s did not appear" % path)


class Bed:
    """Everything that the measurement needs to stand around it."""

    def __init__(self, build, stack):
        self.build = pathlib.Path(build)
        self.helper = self.build / "bin/lw-credential-helper"
        self.stack = stack
        self.dir = self.directory(None)
        # Where a session's runtime directory lies: a cached token must not reach a disk.
        self.runtime = self.directory("/dev/shm")
        self.env = self.environment()
        self.port = None
        self.origin = None
        self.bus = None

    def directory(self, below):
        path = tempfile.mkdtemp(prefix="lwcred-bench.", dir=below)
        self.stack.callback(shutil.rmtree, path, ignore_errors=True)
        return pathlib.Path(path)

    def environment(self):
        home = self.dir / "home"
        for name in ("home", "certs", "api", "stores", "git"):
            (self.dir / name).mkdir(mode=0o700)
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC",
            "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_CACHE_HOME": str(home / ".cache"), "XDG_DATA_HOME": str(home / ".local/share"),
            "XDG_STATE_HOME": str(home / ".local/state"), "XDG_RUNTIME_DIR": str(self.runtime),
            "TMPDIR": str(self.dir), "GIT_CONFIG_NOSYSTEM": "1", "LWCRED_NO_PROMPT": "1",
            "LWCRED_KEY_FILE": str(self.write("store.key", secrets.token_hex(32))),
            "LWCRED_STORE": str(self.dir / "stores/main.lwc"),
            "SSL_CERT_DIR": str(self.dir / "certs"),
        }

    def write(self, name, text):
        path = self.dir / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, words, **more):
        """A server of ours: stopped at the end."""
        words = [str(word) for word in words]
        server = subprocess.Popen(words, env=self.env, start_new_session=True, **more)
        self.stack.callback(self.stop, server)
        return server

    @staticmethod
    def stop(server):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()

    # The stand-in API, and the certificates of this system with its own among them.

    def start_api(self):
        run([ROOT / "tests/support/make-ca.sh", self.dir / "ca"], self.env)
        certs = self.dir / "certs"
        for path in SYSTEM_CERTS.glob("*.pem"):
            (certs / path.name).symlink_to(path.resolve())
        shutil.copy(self.dir / "ca/ca.pem", certs / "lwcred-test.pem")
        run(["openssl", "rehash", certs], self.env)
        system = SYSTEM_BUNDLE.read_text(encoding="utf-8") if SYSTEM_BUNDLE.exists() else ""
        self.write("bundle.pem", system + (certs / "lwcred-test.pem").read_text(encoding="utf-8"))
        api = self.dir / "api"
        self.start(["python3", ROOT / "tests/support/standin.py", api, "--parent", os.getpid(),
                    "--rate", 1000000, "--tls-cert", self.dir / "ca/server.pem",
                    "--tls-key", self.dir / "ca/server.key"])
        wait_for(api / "port")
        self.port = (api / "port").read_text(encoding="utf-8").strip()
        self.origin = "localhost:" + self.port

    def new_key(self):
        """(key id, secret) that the stand-in knows."""
        key_id = "BENCH_" + secrets.token_hex(16).upper()
        secret = "_" + secrets.token_hex(16)
        with open(self.dir / "api/keys", "a", encoding="utf-8") as file:
            file.write("%s %s admin\n" % (key_id, hashlib.sha256(secret.encode()).hexdigest()))
        return key_id, secret

    def exchanges(self, key_id):
        log = (self.dir / "api/log").read_text(encoding="utf-8") if (self.dir / "api/log").exists() else ""
        return sum(" key=%s " % key_id in line for line in log.splitlines() if line.startswith("method=POST"))

    # Stack files, stored keys and git's requests for them.

    def stack_file(self, name, cache, backend="file", store=None):
        path = " path=%s" % store if store else ""
        lines = ["lookup required %s%s" % (backend, path)]
        if backend == "file":
            lines += ["store required file" + path, "erase required file" + path]
        if cache:
            lines.append("set cache " + cache)
        return self.write(name + ".conf", "\n".join(lines) + "\n")

    def long_stack_file(self, name, cache):
        """Ten lines with controls and arguments of every kind, of which the third answers."""
        control = "[success=done not_found=ignore \\\n        unavailable=ignore default=die]"
        lines = ["lookup sufficient env", "lookup [success=1 default=ignore] env", "lookup sufficient file"]
        lines += ["lookup %s file [path=%s/other store %d] kdf=interactive" % (control, self.dir, i) for i in range(3)]
        lines += ["store %s file kdf=interactive  # a comment" % control, "store required file",
                  "erase sufficient file", "erase [default=bad success=ok] file kdf=interactive"]
        return self.write(name + ".conf", "\n".join(lines + ["set min-valid 5m", "set cache " + cache]) + "\n")

    def request(self, name):
        return self.write(name + ".request", "protocol=https\nhost=%s.lacework.net\n\n" % name)

    def add_key(self, name, config=None, key=None):
        """Store a key, a new one if none is given, for the account and the profile @name; its id."""
        key_id, secret = key or self.new_key()
        secret_file = self.write(name + ".secret", secret + "\n")
        run([self.helper, "--config", config or self.dir / "plain.conf", "add", "--no-verify", "--profile",
             name, "--account", name, "--key-id", key_id, "--secret-file", secret_file,
             "--api-url", "https://" + self.origin], self.env)
        return key_id

    def forget(self, config, name):
        """Forget the cached tokens of account @name."""
        with open(self.request(name), encoding="utf-8") as request:
            subprocess.run([self.helper, "--config", config, "erase"], env=self.env, stdin=request,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    # The others.

    def start_git_cache(self):
        socket = self.dir / "git/socket"
        words = ["git", "credential-cache", "--socket", socket, "--timeout", "1800"]
        text = "protocol=https\nhost=bench.lacework.net\nusername=x\npassword=%s\n" % secrets.token_hex(16)
        subprocess.run(words + ["store"], env=self.env, input=text, text=True, check=True,
                       stderr=subprocess.DEVNULL)
        self.stack.callback(subprocess.run, ["git", "credential-cache", "--socket", socket, "exit"],
                            env=self.env, check=False, stderr=subprocess.DEVNULL)
        return socket

    def start_keyring(self):
        """A session bus with a real, unlocked keyring that holds one item; no display is needed."""
        for program in ("dbus-daemon", "gnome-keyring-daemon", "secret-tool"):
            if shutil.which(program) is None:
                return "no %s here" % program
        address = "unix:path=%s/bus" % self.runtime
        config = self.write("bus.conf", BUS_CONFIG % address)
        self.start(["dbus-daemon", "--nofork", "--config-file", config],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.bus = {"DBUS_SESSION_BUS_ADDRESS": address}
        wait_for(self.runtime / "bus")
        self.env.update(self.bus)
        keyring = self.start(["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
                             stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        del self.env["DBUS_SESSION_BUS_ADDRESS"]
        keyring.stdin.write(PASSPHRASE.encode())
        keyring.stdin.close()
        return self.store_in_keyring()

    def store_in_keyring(self):
        """Once it runs; None, or why not."""
        words = ["secret-tool", "store", "--label", "bench", "service", "lwcred-bench"]
        said = "it did not start"
        for _ in range(50):
            with contextlib.suppress(subprocess.TimeoutExpired):
                done = subprocess.run(words, env={**self.env, **self.bus}, input=secrets.token_hex(16), text=True,
                                      timeout=10, check=False, capture_output=True)
                if done.returncode == 0:
                    return None
                said = done.stderr.strip()
            time.sleep(0.1)
        return "the keyring: " + said


class Measurement:
    """Rows, measured; what the tables are made of."""

    def __init__(self, bed, rounds):
        self.bed = bed
        self.rounds = rounds

    def plan_file(self, rows, rounds):
        return self.bed.write("plan", "".join(row.plan(rounds) for row in rows))

    def measure(self, *arguments):
        return run([self.bed.build / "bench/measure", *arguments], self.bed.env)

    def rows(self, rows, rounds=None):
        """Fill in @rows."""
        possible = [row for row in rows if row.why_not is None]
        for row in possible:
            self.count_calls(row)
        before = {row: self.bed.exchanges(row.key_id) for row in possible if row.key_id}
        found = self.measure("rounds", self.plan_file(possible, rounds or self.rounds))
        for row, line in zip(possible, found.splitlines()):
            _, done, failures, status, wall, cpu, peak = line.split("\t")
            row.rounds, row.failures = int(done), int(failures)
            row.wall, row.cpu, row.peak = float(wall), float(cpu), float(peak) / 1024
            if row.failures:
                row.notes.append("FAILED %d of %d: %s" % (row.failures, row.rounds, self.ending(int(status))))
            if row.key_id:
                row.exchanges = self.bed.exchanges(row.key_id) - before[row]
        for row in rows:
            if row.why_not:
                row.notes.append("not measured: " + row.why_not)

    @staticmethod
    def ending(status):
        code = os.waitstatus_to_exitcode(status)
        return "exit status %d" % code if code >= 0 else "signal %d" % -code

    def count_calls(self, row):
        """Its system calls, and its message if it fails: once, outside of the rounds.  The run
        before warms it up."""
        env = {**self.bed.env, **row.env}
        counted = self.bed.dir / "strace"
        for words in (row.words, ["strace", "-c", "-f", "-o", str(counted)] + row.words):
            with open(row.stdin, encoding="utf-8") as stdin:
                done = subprocess.run(words, env=env, stdin=stdin, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        total = re.search(r"^\s*100\.00\s+\S+\s+(?:\d+\s+)?(\d+)\s+(?:\d+\s+)?total$",
                          counted.read_text(encoding="utf-8"), re.MULTILINE)
        row.calls = int(total.group(1)) if total else None
        if done.returncode != 0:
            row.notes.append(done.stderr.strip().split("\n")[0][:100])

    def burst(self, config, name, key_id, request, count, times):
        """(median milliseconds, exchanges in each, failures) of @count "get"s at once, cold."""
        row = Row("burst", [self.bed.helper, "--config", config, "get"], request)
        walls, exchanges, failures = [], [], 0
        for _ in range(times):
            self.bed.forget(config, name)
            before = self.bed.exchanges(key_id)
            _, bad, wall = self.measure("burst", count, self.plan_file([row], 1)).split("\t")
            walls.append(float(wall))
            exchanges.append(self.bed.exchanges(key_id) - before)
            failures += int(bad)
        return sorted(walls)[len(walls) // 2], exchanges, failures

    def crowd(self, config, name, count):
        """(statuses, CPU ms, sum of all peaks in KiB) of @count cold "get"s at once."""
        self.bed.forget(config, name)
        words = [sys.executable, "tests/support/crowd.py", count, self.bed.dir / "crowd", self.bed.helper,
                 "--config", config, "--timeout", "300", "get", "--profile", name, "--format", "token"]
        runs = [[int(word) for word in line.split()] for line in run(words, self.bed.env).splitlines()]
        return (sorted({status for _, status, _, _ in runs}), sum(cpu for _, _, cpu, _ in runs),
                sum(peak for _, _, _, peak in runs))

    def threads(self, config, profile, counts):
        """{threads: Threads, or the text of what went wrong}, each the median of interleaved runs."""
        runs = {count: [] for count in counts}
        for _ in range(THREAD_TIMES):
            for count in counts:
                try:
                    text = run([self.bed.build / "bench/threads", config, profile, count, THREAD_MS], self.bed.env)
                except RuntimeError as error:
                    return dict.fromkeys(counts, str(error).rpartition("bench/threads ")[2].replace("\n", " ").strip())
                good, bad, took_ms, cpu_ms = (float(word) for word in text.split())
                cores = min(count, os.cpu_count())
                runs[count].append(Threads(took_ms * cores * 1000 / max(good, 1), cpu_ms * 1000 / max(good, 1),
                                           good / took_ms * 1000, int(bad)))
        return {count: sorted(found)[len(found) // 2] for count, found in runs.items()}


def get_rows(bed):
    """The helper itself: warm from each place, and cold."""
    rows = {}
    for cache in ("keyring", "runtime"):
        config = bed.stack_file(cache, cache)
        rows[cache] = Row("get, warm: %s" % cache, [bed.helper, "--config", config, "get"],
                          bed.request("bench-" + cache), key_id=bed.add_key("bench-" + cache))
    rows["ten"] = Row("get, warm: ten lines", [bed.helper, "--config", bed.long_stack_file("ten", "keyring"), "get"],
                      bed.request("bench-ten"), key_id=bed.add_key("bench-ten"))
    key_id, secret = bed.new_key()
    sealing = {"LW_ACCOUNT": "bench-sealed", "LW_API_KEY": key_id, "LW_API_SECRET": secret,
               "LW_API_SERVER_URL": "https://" + bed.origin}
    config = bed.stack_file("sealed", "sealed", backend="env")
    rows["sealed"] = Row("get, warm: sealed", [bed.helper, "--config", config, "get"],
                         bed.request("bench-sealed"), env=sealing, key_id=key_id)
    config = bed.stack_file("cold", "runtime")
    rows["cold"] = Row("get --refresh, cold", [bed.helper, "--config", config, "get", "--refresh"],
                       bed.request("bench-cold"), key_id=bed.add_key("bench-cold"))
    rows["bundle"] = Row("get --refresh, CA bundle", [bed.helper, "--config", bed.stack_file("bundle", "runtime"), "get", "--refresh"],
                         bed.request("bench-bundle"), env={"LWCRED_CA_BUNDLE": str(bed.dir / "bundle.pem")}, key_id=bed.add_key("bench-bundle"))
    rows["none"] = Row("get --no-cache", [bed.helper, "--config", config, "get", "--no-cache"],
                       bed.request("bench-none"), key_id=bed.add_key("bench-none"))
    return rows


def peer_rows(bed):
    why_not = bed.start_keyring()
    socket = bed.start_git_cache()
    key_id, secret = bed.new_key()
    body = '{"keyId":"%s","expiryTime":3600}' % key_id
    head = ("POST /api/v2/access/tokens HTTP/1.1\r\nHost: %s\r\nX-LW-UAKS: %s\r\n"
            "Content-Type: application/json\r\nAccept: application/json\r\nConnection: close\r\n"
            "Content-Length: %d\r\n\r\n" % (bed.origin, secret, len(body)))
    request = bed.write("post.request", head + body)
    curl = bed.write("curl.conf", 'url = "https://%s/api/v2/access/tokens"\ndata = "%s"\nheader = "X-LW-UAKS: %s"\n'
                     'header = "Content-Type: application/json"\n' % (bed.origin, body.replace('"', '\\"'), secret))
    return {
        "git": Row("git credential-cache get", [shutil.which("git"), "credential-cache", "--socket", socket, "get"],
                   bed.request("bench")),
        "secret-tool": Row("secret-tool lookup",
                           [shutil.which("secret-tool"), "lookup", "service", "lwcred-bench"],
                           env=bed.bus, why_not=why_not),
        "curl": Row("curl, CA bundle", [shutil.which("curl"), "-q", "-sSf", "-K", curl,
                                        "--cacert", bed.dir / "bundle.pem"]),
        "libcurl": Row("libcurl, hashed CAs", [bed.build / "bench/curl_call", "https://%s/api/v2/access/tokens" % bed.origin,
                                               bed.dir / "certs", 201, body, "X-LW-UAKS: " + secret,
                                               "Content-Type: application/json"], key_id=key_id),
        "openssl": Row("OpenSSL, hashed CAs", [bed.build / "bench/openssl_post", "localhost", bed.port,
                                               bed.dir / "certs", request], key_id=key_id),
    }


def call_rows(bed):
    """One call of the API with a token at hand: status, and the least that does the same."""
    config = bed.stack_file("status", "runtime")
    bed.write("api/mode", "%s: empty 200\n%s: stream 200000000\n" % (EMPTY_PATH, LARGE_PATH))
    key_id = bed.add_key("bench-status", config)
    own = ["--config", config, "--profile", "bench-status"]
    token = run([bed.helper, *own, "get", "--format", "token"], bed.env).strip()
    return {
        "status": Row("status, token cached", [bed.helper, *own, "status"], key_id=key_id),
        "api empty": Row("api, empty reply", [bed.helper, *own, "api", EMPTY_PATH], key_id=key_id),
        "api large": Row("api, 200 MB", [bed.helper, *own, "--timeout", "10m", "api", LARGE_PATH], key_id=key_id),
        "bare call": Row("libcurl, the same GET", [bed.build / "bench/curl_call",
                                                   "https://%s/api/v2/UserProfile" % bed.origin, bed.dir / "certs", 200, "-",
                                                   "Authorization: Bearer " + token, "Accept: application/json"],
                         key_id=key_id),
    }


def keyring_rows(bed, why_not):
    """The same key in a collection of its own, and in one with 199 other items."""
    rows = {}
    keyring = ROOT / "tests/support/keyring.py"
    env = {**bed.env, **bed.bus}
    for count in (1, 200):
        name = "items %d" % count
        label = "Of%d" % count
        config = bed.write("items-%d.conf" % count, "lookup required secret-service collection=%s\n"
                           "store required secret-service collection=%s\n" % (label, label))
        key_id = None
        if not why_not:
            run([keyring, "plain", label, "default"], env)
            key_id = bed.add_key("bench-items", config)
            run([keyring, "fill", count - 1, "lwcred-format=1", "kind=access-key", "account=filler.lacework.net"], env)
        rows[name] = Row("keyring: " + name, [bed.helper, "--config", config, "get", "--no-cache", "--format", "token",
                                              "--profile", "bench-items"], env=bed.bus, key_id=key_id, why_not=why_not)
    return rows


def store_rows(bed):
    """For each size: get of a ready token (no exchange), get, list, add."""
    rows = {}
    key = bed.new_key()
    for size in STORE_SIZES:
        store = bed.dir / ("stores/%d.lwc" % size)
        config = bed.stack_file("store-%d" % size, None, store=store)
        key_id = bed.add_key("a-key", config, key)
        run([bed.build / "bench/grow_store", store, size], bed.env)
        base = [bed.helper, "--config", config]
        add = base + ["add", "--replace", "--no-verify", "--profile", "a-key", "--account", "a-key", "--key-id",
                      key_id, "--secret-file", bed.dir / "a-key.secret", "--api-url", "https://" + bed.origin]
        commands = {"get, ready token": base + ["get", "--format", "token", "--no-cache", "--profile", "v-token"],
                    "get, exchange": base + ["get", "--format", "token", "--no-cache", "--profile", "a-key"],
                    "list": base + ["list"], "add": add}
        for name, words in commands.items():
            rows[name, size] = Row("%s: %d records" % (name, size), words)
    return rows


# Tables


def number(value, form="%.2f"):
    return "-" if value is None else form % value


def print_table(head, lines):
    widths = [max(len(line[i]) for line in [head] + lines) for i in range(len(head))]
    for line in [head] + lines:
        cells = [cell.ljust(width) if i in (0, len(head) - 1) else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())
    print()


def print_rows(title, rows, true):
    print(title)
    lines = []
    for row in rows:
        values = [None] * 5
        if row.usable():
            values = [row.wall, row.wall / true.wall, row.cpu, row.peak, row.calls]
        cells = [number(value, form) for value, form in zip(values, ("%.2f", "%.2f", "%.2f", "%.2f", "%d"))]
        lines.append([row.label] + cells + [number(row.rounds or None, "%d"), "; ".join(row.notes)])
    print_table(["", "wall ms", "x true", "CPU ms", "peak MiB", "syscalls", "rounds", "notes"], lines)


def ratio_note(row, peer, name):
    if row.usable() and peer.usable():
        row.notes.append("%.2fx of %s" % (row.wall / peer.wall, name))


class Budgets:
    def __init__(self):
        self.lines = []

    def judge(self, what, value, limit, form, strict=False):
        if value is None:
            self.lines.append([what, "-", form % limit, "not measured"])
            return
        holds = value < limit if strict else value <= limit
        self.lines.append([what, form % value, form % limit, "holds" if holds else "misses"])

    def ratio(self, what, row, peer, limit, strict=False, of="wall"):
        both = row.usable() and peer.usable()
        value = getattr(row, of) / getattr(peer, of) if both else None
        self.judge(what, value, limit, "%.2fx", strict)


def judge(rows, stores, bursts, crowds, threads):
    budgets = Budgets()
    for place in ("keyring", "runtime", "sealed"):
        row = rows[place]
        warm = row if row.exchanges == 0 else Row("not warm", [])
        budgets.ratio("warm get, %s: at most 1.4x of true" % place, warm, rows["true"], 1.4)
        budgets.ratio("  faster than git credential-cache get", warm, rows["git"], 1, strict=True)
        budgets.ratio("  peak memory at most 2x of true", warm, rows["true"], 2, of="peak")
        budgets.judge("  fewer than 100 system calls", warm.calls if warm.usable() else None, 100, "%d", strict=True)
    budgets.ratio("cold get: at most 1.15x of a bare program with the same libcurl", rows["cold"], rows["libcurl"], 1.15)
    if os.environ.get("CURL"):
        budgets.ratio("  with CURL=: at most 1.2x of the bare OpenSSL client", rows["cold"], rows["openssl"], 1.2)
    budgets.ratio("  with a CA bundle: at most 1.1x of hashed CAs", rows["bundle"], rows["cold"], 1.1)
    cached = rows["status"] if rows["status"].exchanges == 0 else Row("not cached", [])
    budgets.ratio("status, token cached: at most 1.15x of the same call with bare libcurl", cached, rows["bare call"], 1.15)
    empty, large = rows["api empty"], rows["api large"]
    more = large.peak - empty.peak if large.usable() and empty.usable() else None
    budgets.judge("api: MiB more for 200 MB than for an empty reply, at most 2", more, 2, "%.2f")
    budgets.ratio("keyring, 200 items: at most 1.2x of one item", rows["items 200"], rows["items 1"], 1.2)
    budgets.ratio("cold get: at most half of curl with its bundle", rows["cold"], rows["curl"], 0.5)
    for count, (_, exchanges, failures) in bursts.items():
        value = max(exchanges) if failures == 0 and min(exchanges) > 0 else None
        budgets.judge("%d at once, cold: exactly 1 exchange" % count, value, 1, "%d")
    (_, one_cpu, one_peak, _), (statuses, cpu, peak, exchanges) = crowds[CROWDS[0]], crowds[CROWDS[-1]]
    good = statuses == [0]
    budgets.judge("%d callers on a passphrase: exactly 1 exchange" % CROWDS[-1], exchanges if good else None, 1, "%d")
    budgets.judge("  memory of all, at most 4x of one", peak / one_peak if good else None, 4, "%.2fx")
    budgets.judge("  CPU time of all, at most 2x of one", cpu / one_cpu if good and one_cpu else None, 2, "%.2fx")
    few, many = threads[THREADS[0]], threads[THREADS[-1]]
    good = isinstance(many, Threads) and few.bad + many.bad == 0
    what = "%d threads: microseconds of a core for each call at most 1.3x of one thread's" % THREADS[-1]
    budgets.judge(what, many.wall / few.wall if good else None, 1.3, "%.2fx")
    budgets.judge("  CPU", many.cpu / few.cpu if good else None, 1.3, "%.2fx")
    small, large = STORE_SIZES[0], STORE_SIZES[-1]
    for name in ("get, ready token", "get, exchange", "list", "add"):
        pair = (stores[name, large], stores[name, small])
        budgets.ratio("store, %s: %d records at most 2x of %d" % (name, large, small), *pair, 2)
        budgets.ratio("  CPU", *pair, 2, of="cpu")
    return budgets.lines


def print_bursts(bursts):
    print("Cold gets at once (--config with its own cache, forgotten before each time)")
    lines = []
    for count, (wall, exchanges, failures) in bursts.items():
        lines.append([str(count), "%.1f" % wall, " ".join(map(str, sorted(set(exchanges)))),
                      str(failures), str(len(exchanges))])
    print_table(["processes", "wall ms", "exchanges", "failed", "times"], lines)


def measure_crowds(bed, measurement):
    """Callers on a store with a passphrase and the usual cost of its key; counts to (status, CPU ms, peak KiB)."""
    store = bed.dir / "crowd.lwc"
    passphrase = bed.write("crowd.passphrase", "correct horse battery staple\n")
    config = bed.write("crowd.conf", "lookup required file path=%s\nstore required file path=%s\n"
                       "erase required file path=%s\nset cache runtime\n" % (store, store, store))
    kept = dict(bed.env)
    bed.env.pop("LWCRED_KEY_FILE", None)
    bed.env["LWCRED_PASSPHRASE_FILE"] = str(passphrase)
    try:
        key_id = bed.add_key("bench-crowd", config)
        found = {}
        for count in CROWDS:
            before = bed.exchanges(key_id)
            found[count] = (*measurement.crowd(config, "bench-crowd", count), bed.exchanges(key_id) - before)
        return found
    finally:
        bed.env.clear()
        bed.env.update(kept)


def print_crowds(crowds):
    print("Callers at once on a store with a passphrase, cold; memory is the sum of all peaks")
    _, one_cpu, one_peak, _ = crowds[CROWDS[0]]
    lines = []
    for count, (statuses, cpu, peak, exchanges) in crowds.items():
        lines.append([str(count), str(cpu), "%.1f" % (peak / 1024), str(exchanges),
                      " ".join(map(str, statuses)), "%.2fx the memory, %.2fx the CPU time of one"
                      % (peak / one_peak, cpu / max(one_cpu, 1))])
    print_table(["callers", "CPU ms", "peak MiB", "exchanges", "status", "notes"], lines)


def print_threads(results):
    print("Threads of one process, one context, token at hand (lwc_token_get); us of a core for each call")
    lines = []
    for count, found in results.items():
        if isinstance(found, str):
            lines.append([str(count), "-", "-", "-", "-", found])
        else:
            lines.append([str(count), "%.0f" % found.rate, "%.2f" % found.wall, "%.2f" % found.cpu, str(found.bad), ""])
    print_table(["threads", "calls/s", "us/call", "CPU us/call", "failed", "notes"], lines)


def add_notes(rows):
    ratio_note(rows["ten"], rows["keyring"], "three lines")
    for place in ("keyring", "ten", "runtime", "sealed"):
        ratio_note(rows[place], rows["git"], "git's cache")
        ratio_note(rows[place], rows["secret-tool"], "secret-tool")
        rows[place].notes.append("%d exchanges" % rows[place].exchanges)
    ratio_note(rows["status"], rows["bare call"], "libcurl")
    ratio_note(rows["api empty"], rows["bare call"], "libcurl")
    rows["status"].notes.append("%d exchanges" % rows["status"].exchanges)
    for name in ("cold", "none"):
        ratio_note(rows[name], rows["openssl"], "OpenSSL")
        ratio_note(rows[name], rows["libcurl"], "libcurl")
        ratio_note(rows[name], rows["curl"], "curl")
        rows[name].notes.append("%d exchanges" % rows[name].exchanges)


def describe(bed, rounds, began):
    cpu = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"),
                    re.MULTILINE)
    certs = len(list((bed.dir / "certs").glob("*.0")))
    print("%d x %s, Linux %s" % (os.cpu_count(), cpu.group(1) if cpu else "?", os.uname().release))
    print("Medians over %d interleaved rounds, a fifth where one run takes over 100 ms; %d CAs, bundle of %d KiB."
          % (rounds, certs, (bed.dir / "bundle.pem").stat().st_size // 1024))
    net = run(["ldd", bed.build / "lib/lwcred/net.so"], bed.env)
    print("libcurl %s: an exchange loads %d libraries."
          % ("of the system" if "libcurl.so" in net else "for HTTPS alone, in net.so", net.count("=> /")))
    print("The stand-in API runs on the same machine and is in the wall times of all that exchange.")
    print("%.0f s in all.\n" % (time.monotonic() - began))


def bench(bed, rounds):
    began = time.monotonic()
    bed.start_api()
    bed.stack_file("plain", None)
    rows = {"true": Row("/bin/true", [TRUE]), **get_rows(bed), **peer_rows(bed), **call_rows(bed)}
    stores = store_rows(bed)
    measurement = Measurement(bed, rounds)
    measurement.rows(list(rows.values()))
    measurement.rows(list(stores.values()))
    items = keyring_rows(bed, rows["secret-tool"].why_not)
    measurement.rows(list(items.values()))
    burst_config = bed.stack_file("burst", "runtime")
    burst_key, burst_request = bed.add_key("bench-burst"), bed.request("bench-burst")
    bursts = {count: measurement.burst(burst_config, "bench-burst", burst_key, burst_request, count, times)
              for count, times in BURSTS}
    crowds = measure_crowds(bed, measurement)
    thread_config = bed.stack_file("threads", "runtime")
    bed.add_key("bench-threads")
    threads = measurement.threads(thread_config, "bench-threads", THREADS)
    bed.forget(bed.dir / "keyring.conf", "bench-keyring")
    bed.forget(bed.dir / "ten.conf", "bench-ten")

    describe(bed, rounds, began)
    add_notes(rows)
    print_rows("Whole processes", rows.values(), rows["true"])
    print_rows("Encrypted file store, opened by a key file", stores.values(), rows["true"])
    print_rows("Keyring", items.values(), rows["true"])
    print_bursts(bursts)
    print_crowds(crowds)
    print_threads(threads)
    print("Budgets")
    print_table(["", "measured", "limit", "in this run"], judge({**rows, **items}, stores, bursts, crowds, threads))


def kernel_keys():
    """Descriptions of the keys of ours that the kernel holds for this user."""
    try:
        text = pathlib.Path("/proc/keys").read_text(encoding="utf-8")
    except OSError:
        return set()
    return {line.strip() for line in text.splitlines() if "lwcred" in line}


def main():
    parser = argparse.ArgumentParser(description="Measure lwcred beside its peers.")
    parser.add_argument("--rounds", type=int, default=100)
    args = parser.parse_args()
    build = os.environ.get("O")
    if not build or args.rounds < 1:
        parser.error("run this with: make bench")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.umask(0o077)
    held = kernel_keys()
    with contextlib.ExitStack() as stack:
        bench(Bed(build, stack), args.rounds)
    for key in sorted(kernel_keys() - held):
        print("left in the kernel's keyring, for as long as the token would have lived: %s" % key, file=sys.stderr)


if __name__ == "__main__":
    main()
