/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in toml.h. */
#include "backends/lacework-cli/toml.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>

extern "C" {
#include "base/secret.h"
}

/*
 * Thrown where an assertion of the library does not hold, as for a bare key that begins with a
 * letter other than ASCII's in version 3.3: it would end the process, or assume the contrary.
 */
struct broken_assertion {
};

[[noreturn]] static void fail_assertion()
{
    throw broken_assertion();
}

/* The library as a part of this object: its every allocation is one of the operators below. */
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_UNRELEASED_FEATURES 0
#define TOML_MAX_NESTED_VALUES 8
#undef NDEBUG
#undef TOML_ASSERT
#define TOML_ASSERT(expr) ((expr) ? static_cast<void>(0) : fail_assertion())
#include <toml++/toml.h>

static void *allocate(std::size_t size)
{
    void *block = std::malloc(size > 0 ? size : 1);

    if (block == nullptr) {
        throw std::bad_alloc();
    }
    return block;
}

/*
 * The operators of this module alone, which holds its own copy of the C++ library: whatever that
 * and toml++ free, copies of secrets in strings and in nodes of the tree among it, is wiped.
 */
void *operator new(std::size_t size)
{
    return allocate(size);
}

void *operator new[](std::size_t size)
{
    return allocate(size);
}

void operator delete(void *block) noexcept
{
    lwc_wiping_free(block);
}

void operator delete[](void *block) noexcept
{
    lwc_wiping_free(block);
}

void operator delete(void *block, std::size_t) noexcept
{
    lwc_wiping_free(block);
}

void operator delete[](void *block, std::size_t) noexcept
{
    lwc_wiping_free(block);
}

struct lwc_toml {
    toml::table top;
};

/* Returns whether no line has more dots than allowed; the first that has is *line_out. */
static bool has_bounded_dots(std::string_view text, unsigned *line_out)
{
    unsigned line = 1;
    unsigned dots = 0;

    for (const char c : text) {
        dots += c == '.';
        if (dots > LWC_TOML_DOTS_MAX) {
            *line_out = line;
            return false;
        }
        if (c == '\n') {
            line++;
            dots = 0;
        }
    }
    return true;
}

/* The library's own words may hold text of the file: they only choose ours. */
static const char *explain(std::string_view description)
{
    static const struct {
        std::string_view word;
        const char *why;
    } causes[] = {
        {"cannot redefine", "a table or key that is there already"},
        {"exceeded maximum nested", "nested too deep"},
        {"end-of-file", "the file ends too early"},
        {"utf-8", "not UTF-8"},
    };

    for (const auto &cause : causes) {
        if (description.find(cause.word) != std::string_view::npos) {
            return cause.why;
        }
    }
    return "not TOML";
}

enum lwc_toml_end lwc_toml_parse(const char *text, size_t len, struct lwc_toml **toml_out,
                                 struct lwc_toml_fault *fault_out)
{
    const std::string_view view(text, len);

    *fault_out = {1, 1, "more than 128 dots in a line"};
    static_assert(LWC_TOML_DOTS_MAX == 128, "the text above says 128");
    if (!has_bounded_dots(view, &fault_out->line)) {
        return LWC_TOML_MALFORMED;
    }
    try {
        *toml_out = new lwc_toml{toml::parse(view)};
        return LWC_TOML_DONE;
    } catch (const toml::parse_error &error) {
        *fault_out = {error.source().begin.line, error.source().begin.column,
                      explain(error.description())};
        return LWC_TOML_MALFORMED;
    } catch (const broken_assertion &) {
        *fault_out = {0, 0, explain({})};
        return LWC_TOML_MALFORMED;
    } catch (...) {
        return LWC_TOML_NO_MEMORY;
    }
}

struct walk {
    lwc_toml_visit_fn *visit;
    void *data;
    size_t table_count;
};

static lwc_toml_entry describe(const toml::key &key, const toml::node &node)
{
    lwc_toml_entry entry = {};

    /* A NUL stands behind the bytes of a std::string; one among them makes it no key of ours. */
    entry.key = key.str().find('\0') == std::string_view::npos ? key.str().data() : "";
    entry.kind = LWC_TOML_OTHER;
    entry.line = key.source().begin.line;
    if (const auto *text = node.as_string()) {
        entry.kind = LWC_TOML_TEXT;
        entry.text = text->get().c_str();
        entry.len = text->get().size();
    } else if (const auto *number = node.as_integer()) {
        entry.kind = LWC_TOML_NUMBER;
        entry.number = number->get();
    } else if (const auto *boolean = node.as_boolean()) {
        entry.kind = LWC_TOML_BOOLEAN;
        entry.number = boolean->get() ? 1 : 0;
    }
    return entry;
}

/* A NUL in a name, which would end it for its reader, becomes a byte that no name may have. */
static std::string join(const std::string &outer, std::string_view inner)
{
    std::string name = outer;

    if (!name.empty()) {
        name += '.';
    }
    for (const char c : inner) {
        name += c != '\0' ? c : '\1';
    }
    return name;
}

/* The entries of a table, then the tables in it. */
static void visit_table(walk &walk, const toml::table &table, const std::string &name)
{
    const size_t id = walk.table_count++;

    for (const auto &[key, node] : table) {
        if (!node.is_table()) {
            lwc_toml_entry entry = describe(key, node);

            entry.table_id = id;
            entry.table = name.c_str();
            walk.visit(walk.data, &entry);
        }
    }
    for (const auto &[key, node] : table) {
        if (const auto *inner = node.as_table()) {
            visit_table(walk, *inner, join(name, key.str()));
        }
    }
}

enum lwc_toml_end lwc_toml_visit(const struct lwc_toml *toml, lwc_toml_visit_fn *visit, void *data)
{
    walk walk = {visit, data, 0};

    try {
        visit_table(walk, toml->top, std::string());
        return LWC_TOML_DONE;
    } catch (...) {
        return LWC_TOML_NO_MEMORY;
    }
}

void lwc_toml_free(struct lwc_toml **toml)
{
    if (toml != nullptr) {
        delete *toml;
        *toml = nullptr;
    }
}
