/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "backends/secret-service/items.h"
#include "base/util.h"

#define COUNT 5

/* Newest last, as a keyring may list them; "b" twice in one second. */
static const struct {
    const char *profile;
    const char *path;
    uint64_t modified;
} given[COUNT] = {{"a", "/c/1", 100},
                  {"b", "/c/9", 200},
                  {"b", "/c/10", 200},
                  {"c", "/c/3", 300},
                  {"a", "/c/4", 400}};

struct heap {
    struct lwc_item item[COUNT];
    struct lwc_item *pointers[COUNT];
    struct lwc_items items;
};

static void heap_fill(struct heap *heap)
{
    memset(heap, 0, sizeof *heap);
    for (size_t i = 0; i < COUNT; i++) {
        strcpy(heap->item[i].path, given[i].path);
        heap->item[i].identity.id.profile = given[i].profile;
        heap->item[i].modified = given[i].modified;
        heap->pointers[i] = &heap->item[i];
    }
    heap->items = (struct lwc_items){.item = heap->pointers, .count = COUNT};
    lwc_items_sort(&heap->items);
}

static void sort_puts_the_newest_first(void **state)
{
    static const char *const expected[COUNT] = {"/c/4", "/c/3", "/c/10", "/c/9", "/c/1"};
    struct lwc_items none = {0};
    struct heap heap;

    (void)state;
    heap_fill(&heap);
    for (size_t i = 0; i < COUNT; i++) {
        assert_string_equal(heap.items.item[i]->path, expected[i]);
    }
    lwc_items_sort(&none);
    assert_null(none.item);
}

static void newest_of_a_profile_is_found(void **state)
{
    struct heap heap;

    (void)state;
    heap_fill(&heap);
    assert_string_equal(lwc_items_newest(&heap.items, "a")->path, "/c/4");
    assert_string_equal(lwc_items_newest(&heap.items, "b")->path, "/c/10");
    assert_null(lwc_items_newest(&heap.items, "d"));
}

static void older_items_of_a_profile_are_shadowed(void **state)
{
    static const bool expected[COUNT] = {false, false, false, true, true};
    struct heap heap;

    (void)state;
    heap_fill(&heap);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(lwc_items_is_shadowed(&heap.items, i), expected[i]);
    }
}

static void unreadable_item_shadows_nothing(void **state)
{
    struct heap heap;

    (void)state;
    heap_fill(&heap);
    heap.items.item[0]->is_unreadable = true;
    assert_false(lwc_items_is_shadowed(&heap.items, 4));
    assert_true(lwc_items_is_shadowed(&heap.items, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sort_puts_the_newest_first),
        cmocka_unit_test(newest_of_a_profile_is_found),
        cmocka_unit_test(older_items_of_a_profile_are_shadowed),
        cmocka_unit_test(unreadable_item_shadows_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
