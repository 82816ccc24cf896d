/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/*
 * main() for a fuzz target without a fuzzer: feeds it every file given, or found in the
 * directories given, whole, cut at several lengths, and with some bytes changed.  The changes are
 * the same in every run.  Prints how many inputs there were; no file is a failure.
 */

#define INPUT_MAX ((size_t)1024 * 1024)
#define CUTS 16
#define FLIPS 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t files, inputs;

/* Hands over a copy of exact size, so that a read beyond the end is noticed. */
static void feed(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    if (copy == NULL) {
        perror("malloc");
        exit(1);
    }
    memcpy(copy, data, len);
    (void)LLVMFuzzerTestOneInput(copy, len);
    free(copy);
    inputs++;
}

/* xorshift64: small, and the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void feed_variants(uint8_t *data, size_t len)
{
    uint64_t state = 0x9e3779b97f4a7c15u ^ len;

    feed(data, len);
    for (size_t i = 0; i < CUTS && i < len; i++) {
        feed(data, len * i / CUTS);
    }
    for (size_t i = 0; i < FLIPS && len > 0; i++) {
        uint64_t random = next_random(&state);
        size_t at = (size_t)(random >> 8) % len;
        uint8_t kept = data[at];

        data[at] ^= (uint8_t)(1 + random % 255);
        feed(data, len);
        data[at] = kept;
    }
}

static bool feed_file(const char *path)
{
    uint8_t *data = malloc(INPUT_MAX);
    FILE *file = fopen(path, "rb");
    bool done = data != NULL && file != NULL;

    if (done) {
        size_t len = fread(data, 1, INPUT_MAX, file);

        done = ferror(file) == 0;
        feed_variants(data, len);
        files++;
    }
    if (!done) {
        perror(path);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    free(data);
    return done;
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool feed_directory(const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_input, alphasort);
    bool done = count >= 0;

    if (!done) {
        perror(path);
    }
    for (int i = 0; i < count; i++) {
        char name[4096];
        int n = snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);

        done = n > 0 && (size_t)n < sizeof name && feed_file(name) && done;
        free(entries[i]);
    }
    free(entries);
    return done;
}

int main(int argc, char **argv)
{
    bool done = true;

    feed((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        struct stat st;
        bool directory = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode);

        done = (directory ? feed_directory(argv[i]) : feed_file(argv[i])) && done;
    }
    printf("%zu files, %zu inputs\n", files, inputs);
    return done && files > 0 ? 0 : 1;
}
