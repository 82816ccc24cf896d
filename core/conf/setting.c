/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/setting.h"

#include <stdio.h>

#include "base/text.h"

#define MIN_VALID_MAX_S 86400

static const char *const mode_words[] = {
    [LWC_CACHE_AUTO] = "auto",     [LWC_CACHE_KEYRING] = "keyring", [LWC_CACHE_RUNTIME] = "runtime",
    [LWC_CACHE_SEALED] = "sealed", [LWC_CACHE_NONE] = "none",
};

static const char *const git_store_words[] = {
    [LWC_GIT_STORE_OFF] = "off",
    [LWC_GIT_STORE_PROVED] = "proved",
};

static const char *const switch_words[] = {"off", "on"};

static const char *const setting_words[] = {
    [LWC_SET_CACHE] = "cache",
    [LWC_SET_MIN_VALID] = "min-valid",
    [LWC_SET_GIT_STORE] = "git-store",
    [LWC_SET_FAST_OPEN] = "tcp-fast-open",
};

const char *lwc_cache_mode_name(enum lwc_cache_mode mode)
{
    return mode_words[mode];
}

bool lwc_cache_mode_parse(const char *word, enum lwc_cache_mode *mode_out)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(mode_words); i++) {
        if (lwc_streq(mode_words[i], word)) {
            *mode_out = (enum lwc_cache_mode)i;
            return true;
        }
    }
    return false;
}

const char *lwc_setting_name(enum lwc_setting setting)
{
    return setting_words[setting];
}

const char *lwc_setting_text(const struct lwc_conf *conf, enum lwc_setting setting,
                             char out[LWC_SETTING_TEXT_LEN])
{
    if (setting == LWC_SET_CACHE) {
        return lwc_cache_mode_name(conf->cache);
    }
    if (setting == LWC_SET_GIT_STORE) {
        return git_store_words[conf->git_store];
    }
    if (setting == LWC_SET_FAST_OPEN) {
        return switch_words[conf->is_fast_open];
    }
    (void)snprintf(out, LWC_SETTING_TEXT_LEN, "%jd", (intmax_t)conf->min_valid_s);
    return out;
}

static enum lwc_code take_cache(struct lwc_conf *conf, const struct lwc_word *value,
                                struct lwc_error *err)
{
    if (!lwc_cache_mode_parse(value->text, &conf->cache)) {
        return lwc_word_unknown("cache", value->text, value->len, mode_words,
                                LWC_ARRAY_LEN(mode_words), err);
    }
    return LWC_OK;
}

static enum lwc_code take_min_valid(struct lwc_conf *conf, const struct lwc_word *value,
                                    struct lwc_error *err)
{
    int64_t seconds = 0;

    if (!lwc_text_parse_duration(value->text, &seconds) || seconds < 1 ||
        seconds > MIN_VALID_MAX_S) {
        return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "1 s to 24 h expected"),
                        "seconds, or a number with s, m, h or d behind it: 300, 5m");
    }
    conf->min_valid_s = seconds;
    return LWC_OK;
}

static enum lwc_code take_git_store(struct lwc_conf *conf, const struct lwc_word *value,
                                    struct lwc_error *err)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(git_store_words); i++) {
        if (lwc_streq(git_store_words[i], value->text)) {
            conf->git_store = (enum lwc_git_store)i;
            return LWC_OK;
        }
    }
    return lwc_word_unknown("git-store", value->text, value->len, git_store_words,
                            LWC_ARRAY_LEN(git_store_words), err);
}

static enum lwc_code take_fast_open(struct lwc_conf *conf, const struct lwc_word *value,
                                    struct lwc_error *err)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(switch_words); i++) {
        if (lwc_streq(switch_words[i], value->text)) {
            conf->is_fast_open = i == 1;
            return LWC_OK;
        }
    }
    return lwc_word_unknown("tcp-fast-open", value->text, value->len, switch_words,
                            LWC_ARRAY_LEN(switch_words), err);
}

enum lwc_code lwc_setting_parse(const struct lwc_words *words, struct lwc_conf *conf,
                                enum lwc_setting *setting_out, size_t *at_out,
                                struct lwc_error *err)
{
    static enum lwc_code (*const takers[])(struct lwc_conf *, const struct lwc_word *,
                                           struct lwc_error *) = {
        [LWC_SET_CACHE] = take_cache,
        [LWC_SET_MIN_VALID] = take_min_valid,
        [LWC_SET_GIT_STORE] = take_git_store,
        [LWC_SET_FAST_OPEN] = take_fast_open,
    };

    *at_out = lwc_word_at(&words->word[0]);
    if (words->count != 3) {
        return lwc_fail(err, LWC_E_INVALID, "expected 'set NAME VALUE'");
    }
    for (size_t i = 0; i < LWC_SET_COUNT; i++) {
        if (lwc_word_is(&words->word[1], setting_words[i])) {
            *setting_out = (enum lwc_setting)i;
            *at_out = lwc_word_at(&words->word[2]);
            return takers[i](conf, &words->word[2], err);
        }
    }
    *at_out = lwc_word_at(&words->word[1]);
    return lwc_word_unknown("setting", words->word[1].text, words->word[1].len, setting_words,
                            LWC_SET_COUNT, err);
}
