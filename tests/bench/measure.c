/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * Run commands and say what each costs as a whole process.
 *
 *     measure rounds PLAN        every command once per round, in turn
 *     measure burst COUNT PLAN   COUNT copies of the first command at once
 *
 * A line of PLAN, fields separated by tabs:
 *
 *     LABEL ROUNDS STDIN [NAME=VALUE...] PROGRAM [ARGUMENT...]
 *
 * The output of the commands is thrown away.  A first run of each is not counted; where it takes
 * more than SLOW_MS, a fifth of the rounds is enough.  Each round has an order of its own, so that
 * no command always follows the same one; fewer rounds are spread over the whole time.
 *
 * Printed, fields separated by tabs, one line per command:
 *
 *     LABEL ROUNDS FAILURES STATUS WALL_MS CPU_MS PEAK_KIB
 *
 * with medians, and the wait status of the last failure.  For a burst: COUNT, FAILURES, and the
 * milliseconds from the first start to the last end.
 *
 * Linked statically: what a child has in memory before it becomes the command counts as its own,
 * so this program must be the smaller one.
 */

#define SLOW_MS 100
#define SLOWER_BY 5
#define ROW_MAX 64
#define WORD_MAX 64
#define LINE_MAX_LEN 8192
#define ROUND_MAX 10000
#define BURST_MAX 1000

extern char **environ;

/* Medians are taken over the first @done entries of the three arrays. */
struct row {
    char line[LINE_MAX_LEN];
    const char *label;
    const char *input;
    const char *words[WORD_MAX];
    char **argv;
    char **envp;
    size_t rounds;
    size_t done;
    size_t failures;
    int status;
    double *wall_ms;
    double *cpu_ms;
    double *peak_kib;
};

static struct row rows[ROW_MAX];
static size_t row_count;

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fputs("measure: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(2);
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (memory == NULL) {
        die("out of memory");
    }
    return memory;
}

static double now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* The environment with the row's own variables, which stand before its program. */
static void take_words(struct row *row, char *text)
{
    size_t own = 0;
    size_t count = 0;
    size_t given = 0;

    row->argv = allocate(WORD_MAX + 1, sizeof *row->argv);
    for (char *word = strtok(text, "\t\n"); word != NULL; word = strtok(NULL, "\t\n")) {
        if (own == WORD_MAX || count == WORD_MAX) {
            die("%s: more than %d words", row->label, WORD_MAX);
        }
        if (count == 0 && strchr(word, '=') != NULL) {
            row->words[own++] = word;
        } else {
            row->argv[count++] = word;
        }
    }
    if (count == 0) {
        die("%s: no program", row->label);
    }
    while (environ[given] != NULL) {
        given++;
    }
    row->envp = allocate(own + given + 1, sizeof *row->envp);
    memcpy(row->envp, row->words, own * sizeof *row->envp);
    memcpy(row->envp + own, environ, given * sizeof *row->envp);
}

static void take_row(struct row *row)
{
    char *rest = NULL;
    const char *rounds = NULL;

    row->label = strtok_r(row->line, "\t", &rest);
    rounds = strtok_r(NULL, "\t", &rest);
    row->input = strtok_r(NULL, "\t", &rest);
    if (row->input == NULL) {
        die("a line needs a label, rounds and an input");
    }
    row->rounds = strtoul(rounds, NULL, 10);
    if (row->rounds == 0 || row->rounds > ROUND_MAX) {
        die("%s: '%s' rounds", row->label, rounds);
    }
    take_words(row, rest);
    row->wall_ms = allocate(row->rounds, sizeof(double));
    row->cpu_ms = allocate(row->rounds, sizeof(double));
    row->peak_kib = allocate(row->rounds, sizeof(double));
}

static void read_plan(const char *path)
{
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        die("%s: %s", path, strerror(errno));
    }
    while (row_count < ROW_MAX && fgets(rows[row_count].line, LINE_MAX_LEN, file) != NULL) {
        if (strchr(rows[row_count].line, '\n') == NULL) {
            die("%s: a line is too long", path);
        }
        take_row(&rows[row_count++]);
    }
    if (row_count == 0 || !feof(file)) {
        die("%s: no row, or more than %d", path, ROW_MAX);
    }
    (void)fclose(file);
}

static pid_t start(const struct row *row)
{
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    int error = posix_spawn_file_actions_init(&actions);

    if (error == 0) {
        error = posix_spawn_file_actions_addopen(&actions, 0, row->input, O_RDONLY, 0);
    }
    if (error == 0) {
        error = posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    }
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(&actions, 1, 2);
    }
    if (error == 0) {
        error = posix_spawn(&pid, row->argv[0], &actions, NULL, row->argv, row->envp);
    }
    if (error != 0) {
        die("%s: %s", row->argv[0], strerror(error));
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static double milliseconds(struct timeval time)
{
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

/* Runs once and returns the wall time; counts the run only if @counted. */
static double run(struct row *row, bool counted)
{
    struct rusage usage;
    int status = 0;
    double begin = now_ms();
    pid_t pid = start(row);
    double wall_ms = 0;

    while (wait4(pid, &status, 0, &usage) != pid) {
        if (errno != EINTR) {
            die("wait4: %s", strerror(errno));
        }
    }
    wall_ms = now_ms() - begin;
    if (!counted) {
        return wall_ms;
    }
    row->wall_ms[row->done] = wall_ms;
    row->cpu_ms[row->done] = milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
    row->peak_kib[row->done] = (double)usage.ru_maxrss;
    row->done++;
    if (status != 0) {
        row->failures++;
        row->status = status;
    }
    return wall_ms;
}

static int by_size(const void *left, const void *right)
{
    const double *a = left;
    const double *b = right;

    return (*a > *b) - (*a < *b);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    return count % 2 != 0 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* Put @order in another order: xorshift, the same in every run. */
static void shuffle(size_t *order, size_t count)
{
    static uint32_t state = 2463534242;

    for (size_t i = count; i > 1; i--) {
        size_t other = 0;
        size_t kept = order[i - 1];

        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        other = state % i;
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

static void print_rows(void)
{
    for (size_t i = 0; i < row_count; i++) {
        struct row *row = &rows[i];

        (void)printf("%s\t%zu\t%zu\t%d\t%.4f\t%.4f\t%.0f\n", row->label, row->done, row->failures,
                     row->status, median(row->wall_ms, row->done), median(row->cpu_ms, row->done),
                     median(row->peak_kib, row->done));
    }
}

static void measure_rounds(void)
{
    size_t order[ROW_MAX];
    size_t rounds = 0;

    for (size_t i = 0; i < row_count; i++) {
        struct row *row = &rows[i];

        if (run(row, false) > SLOW_MS && row->rounds > SLOWER_BY) {
            row->rounds /= SLOWER_BY;
        }
        order[i] = i;
        rounds = row->rounds > rounds ? row->rounds : rounds;
    }
    for (size_t round = 0; round < rounds; round++) {
        shuffle(order, row_count);
        for (size_t i = 0; i < row_count; i++) {
            struct row *row = &rows[order[i]];

            if (row->done * rounds <= round * row->rounds && row->done < row->rounds) {
                (void)run(row, true);
            }
        }
    }
    print_rows();
}

static void measure_burst(size_t count)
{
    pid_t pids[BURST_MAX];
    size_t failures = 0;
    double begin = now_ms();

    for (size_t i = 0; i < count; i++) {
        pids[i] = start(&rows[0]);
    }
    for (size_t i = 0; i < count; i++) {
        int status = 0;

        while (waitpid(pids[i], &status, 0) != pids[i]) {
            if (errno != EINTR) {
                die("waitpid: %s", strerror(errno));
            }
        }
        failures += status != 0;
    }
    (void)printf("%zu\t%zu\t%.4f\n", count, failures, now_ms() - begin);
}

int main(int argc, char **argv)
{
    size_t count = argc == 4 && strcmp(argv[1], "burst") == 0 ? strtoul(argv[2], NULL, 10) : 0;

    if (count > 0 && count <= BURST_MAX) {
        read_plan(argv[3]);
        measure_burst(count);
    } else if (argc == 3 && strcmp(argv[1], "rounds") == 0) {
        read_plan(argv[2]);
        measure_rounds();
    } else {
        die("usage: measure rounds PLAN | measure burst 1..%d PLAN", BURST_MAX);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
