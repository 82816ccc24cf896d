/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

/*
 * curl_call URL CA-DIRECTORY STATUS BODY HEADER...: the least that a program with libcurl can do.
 *
 * POSTs BODY, or makes a GET if that is "-", over TLS 1.2 or newer with certificate and name
 * verified against a hashed directory.  Exit status 0 if the reply has that STATUS.  Shows which
 * part of an exchanging "get", or of a call of the API, is libcurl's.
 */

static size_t drop(char *bytes, size_t size, size_t count, void *data)
{
    (void)bytes;
    (void)data;
    return size * count;
}

static CURLcode set_up(CURL *curl, char **argv, struct curl_slist *headers)
{
    const struct {
        CURLoption option;
        const void *text;
    } texts[] = {
        {CURLOPT_URL, argv[1]},
        {CURLOPT_CAPATH, argv[2]},
        {CURLOPT_CAINFO, NULL},
        {CURLOPT_HTTPHEADER, headers},
    };
    CURLcode result = curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);

    for (size_t i = 0; result == CURLE_OK && i < sizeof texts / sizeof texts[0]; i++) {
        result = curl_easy_setopt(curl, texts[i].option, texts[i].text);
    }
    if (result == CURLE_OK && strcmp(argv[4], "-") != 0) {
        result = curl_easy_setopt(curl, CURLOPT_POSTFIELDS, argv[4]);
    }
    return result == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop) : result;
}

int main(int argc, char **argv)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = NULL;
    CURLcode result = CURLE_FAILED_INIT;
    long status = 0;
    bool is_good = false;

    for (int i = 5; i < argc; i++) {
        headers = curl_slist_append(headers, argv[i]);
    }
    if (argc > 4 && curl != NULL) {
        result = set_up(curl, argv, headers);
    }
    if (result == CURLE_OK) {
        result = curl_easy_perform(curl);
    }
    if (result == CURLE_OK) {
        result = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    }
    is_good = result == CURLE_OK && status == strtol(argv[3], NULL, 10);
    if (!is_good) {
        (void)fprintf(stderr, "curl_call: %s, status %ld\n", curl_easy_strerror(result), status);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return is_good ? 0 : 1;
}
