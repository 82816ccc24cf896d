#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The static checks find what they are there to find: one fault planted at a time.
set -u
export PYTHONDONTWRITEBYTECODE=1
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
failed=0
tag='/* SPDX-License-Identifier: Apache-2.0 */'

fresh() { # a small tree without faults
    rm -rf "$dir/tree"
    mkdir -p "$dir"/tree/{core/base,core/include/lwcred,core/stack,core/remote,core/net,core/api,core/library,backends/a,backends/b,plugins/helper,tests/unit,contrib,docs,.ci}
    cd "$dir/tree" || exit 1
    printf '%s\n#ifndef CORE_BASE_A_H\n#define CORE_BASE_A_H\nint a(void);\n#endif\n' "$tag" >core/base/a.h
    printf '%s\n#ifndef CORE_STACK_S_H\n#define CORE_STACK_S_H\nint s(void);\n#endif\n' "$tag" >core/stack/s.h
    printf '%s\n#ifndef BACKENDS_B_B_H\n#define BACKENDS_B_B_H\nint b(void);\n#endif\n' "$tag" >backends/b/b.h
    printf '%s\n#include "base/a.h"\n\nstruct walk {\n    int at;\n};\n\nint a(void)\n{\n    return 0;\n}\n' "$tag" >core/base/a.c
    printf '%s\n#ifndef CORE_BASE_C_H\n#define CORE_BASE_C_H\n#include "base/a.h"\nint c(void);\n#endif\n' "$tag" >core/base/c.h
    printf '#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\ntrue\n' >contrib/x.sh
}

# check, file, wanted finding, text that is put behind the file, [first line of a new file]
expect() {
    fresh
    [ -e "$2" ] || printf '%s\n' "${5-$tag}" >"$2"
    printf '%b' "$4" >>"$2"
    if "$top/tests/checks/$1" . >"$dir/out" 2>&1 || ! grep -qE -- "$3" "$dir/out"; then
        printf '%s does not find: %s\n' "$1" "$3"
        sed 's/^/    /' "$dir/out"
        failed=1
    fi
}

fresh
"$top/tests/checks/style.sh" . >"$dir/out" 2>&1 || { echo "the clean tree fails"; cat "$dir/out"; failed=1; }

body61=$(printf '    a();\\n%.0s' $(seq 58))
expect size.py core/base/b.c 'long has 61 lines' "int long(void)\n{\n$body61}\n"
expect size.py core/base/b.c '601 lines' "$(printf '/* x */\\n%.0s' $(seq 600))"
expect size.py core/base/b.c 'deep is nested 4 deep' \
    'int deep(int i)\n{\n if (i) {\n  while (i) {\n   for (;;) {\n    if (i) {\n    }\n   }\n  }\n }\n}\n'
expect style.sh tests/unit/t.c ':2: goto' 'goto out;\n'
expect includes.py core/base/b.c 'core/stack/s.h is out of reach' '#include "stack/s.h"\n'
expect includes.py backends/a/a.c 'core/stack/s.h is out of reach' '#include "stack/s.h"\n'
expect includes.py backends/a/a.c 'backends/b/b.h is out of reach' '#include "backends/b/b.h"\n'
expect includes.py plugins/helper/p.c 'core/stack/s.h is out of reach' '#include "stack/s.h"\n'
expect includes.py core/net/http.c 'core/stack/s.h is out of reach' '#include "stack/s.h"\n'
expect includes.py core/api/exchange.c 'belongs in core/net/http.c' '#include <curl/curl.h>\n'
expect includes.py core/net/http.c 'belongs in core/net/json.c' '#include <cjson/cJSON.h>\n'
expect includes.py backends/a/a.c 'belongs in core/base/buffer.c' '#include <sodium.h>\n'
expect includes.py core/base/b.c 'no file of the project' '#include "gone.h"\n'
expect includes.py core/remote/r.c 'core/stack/s.h is out of reach' '#include "stack/s.h"\n'
expect includes.py core/base/b.c 'is spelled "base/a.h" everywhere' '#include "core/base/a.h"\n'
expect includes.py core/base/a.h 'a circle of files: core/base/a -> core/base/c -> core/base/a' '#include "base/c.h"\n'
expect typenames.py core/stack/t.c 'walk has another meaning in core/base/a.c' 'struct walk {\n    int x;\n};\n'
expect names.py backends/a/a.c ":2: 'load': a static function is verb" 'static int load(void)\n{\n    return 0;\n}\n'
expect names.py core/base/b.c ":3: 'put': a static function is verb" 'static inline void\n*put(int a,\n     int b)\n{\n}\n'
expect english.py core/base/b.c ":2: a comment opens with 'What'" '/* What is read here. */\n'
expect english.py core/base/b.c ":4: a comment opens with 'Who'" '/* A file.\n *\n * Who holds it. */\n'
expect english.py tests/y.sh ":2: a comment opens with 'One'" '# One of the files.\n' '# SPDX-License-Identifier: Apache-2.0'
expect english.py plugins/helper/p.c ":2: 'nobody'" 'const char *why = "nobody may be asked";\n'
expect english.py docs/page.md ":2: 'Whoever'" 'Whoever reads this.\n' 'A page.'
expect headers.sh core/base/b.h 'does not compile alone' \
    '#ifndef CORE_BASE_B_H\n#define CORE_BASE_B_H\nsize_t b(void);\n#endif\n'
expect text.py core/base/b.h 'guard is not CORE_BASE_B_H' '#ifndef B_H\n#define B_H\n#endif\n'
expect text.py core/base/a.c ':12: blanks at the end' 'int x; \n'
expect text.py core/base/a.c 'no newline at the end' 'int x;'
expect text.py tests/y.py 'no SPDX' '' '# nothing'
expect calls.py plugins/helper/p.c ':2: strcpy' 'strcpy(a, b);\n'
expect calls.py backends/a/a.c ':2: getenv' 'getenv("A");\n'
expect calls.py core/stack/s.c ':2: printf' 'printf("x");\n'
expect calls.py backends/a/a.c ':2: stderr' 'fputs("x", stderr);\n'
expect calls.py core/library/lwcred.c ':2: exit' 'exit(1);\n'
expect tongue.py core/base/b.c ":2: a message in the program's language" 'const char *hint = "replace it "\n "with --replace";\n'
expect tongue.py backends/a/a.c ":2: a message in the program's language" 'const char *hint = "lw-credential-helper";\n'
expect shell.sh contrib/x.sh 'SC2086' 'rm $1\n'

# A check without its run bit, as some ways to copy a tree leave it, is run all the same.
fresh
cp -r "$top/tests/checks" "$dir/checks" && chmod a-x "$dir"/checks/*
printf 'goto out;\n' >>core/base/a.c
if bash "$dir/checks/style.sh" . >"$dir/out" 2>&1 || ! grep -q ': goto' "$dir/out"; then
    echo "style.sh goes by the run bit"
    failed=1
fi
exit "$failed"
