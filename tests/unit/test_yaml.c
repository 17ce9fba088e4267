/* test_yaml.c - the tree of a document: places, aliases, limits, memory. */
#include "check.h"

#include "base/yaml.h"

static mmofl_yaml_node *parsed(mmofl_arena *arena, const char *text)
{
    mmofl_yaml_node *root = NULL;
    mmofl_error err = {0};
    if (mmofl_yaml_parse(text, strlen(text), "t.yaml", arena, &root, &err))
        fail_msg("%s", err.text);
    return root;
}

static mmofl_status refused(const char *text, mmofl_error *err)
{
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_yaml_node *root = NULL;
    mmofl_status st =
        mmofl_yaml_parse(text, strlen(text), "t.yaml", &arena, &root, err);
    CHECK(st == MMOFL_OK || root == NULL);
    mmofl_arena_free(&arena);
    return st;
}

static void a_tree_holds_types_texts_and_places(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_yaml_node *root = parsed(&arena, "a: 1\n"
                                           "b:\n"
                                           "  - \"2\"\n"
                                           "  - {c: ~}\n"
                                           "d:\n");
    CHECK_INT(root->type, MMOFL_YAML_MAP);
    CHECK_INT(root->n, 3);
    const mmofl_yaml_node *a = mmofl_yaml_get(root, "a"),
                          *b = mmofl_yaml_get(root, "b");
    CHECK_TEXT(a->text, "1");
    CHECK(!a->quoted);
    CHECK_INT(a->place.line, 1);
    CHECK_INT(a->place.column, 4);
    CHECK_INT(b->type, MMOFL_YAML_LIST);
    CHECK_INT(b->n, 2);
    CHECK(b->first->quoted);
    const mmofl_yaml_node *c = mmofl_yaml_get(b->first->next, "c");
    CHECK_INT(c->type, MMOFL_YAML_NULL);
    CHECK_INT(c->key_place.line, 4);
    CHECK_INT(c->key_place.column, 6);
    CHECK_INT(mmofl_yaml_get(root, "d")->type, MMOFL_YAML_NULL);
    CHECK(mmofl_yaml_get(root, "e") == NULL);
    mmofl_arena_free(&arena);
}

static void an_anchor_may_be_used_again(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_yaml_node *root =
        parsed(&arena, "a: &x [1, 2]\nb: *x\nc: &x 3\nd: [*x, *x]\n");
    const mmofl_yaml_node *b = mmofl_yaml_get(root, "b"),
                          *d = mmofl_yaml_get(root, "d");
    CHECK_INT(b->n, 2);
    CHECK(b->first != mmofl_yaml_get(root, "a")->first);
    CHECK_TEXT(b->first->next->text, "2");
    CHECK_TEXT(d->first->next->text, "3");
    CHECK(d->first->next->next == NULL);
    mmofl_arena_free(&arena);
}

/* "[[...]]" with n brackets. */
static void nest(char *text, size_t n)
{
    memset(text, '[', n);
    memset(text + n, ']', n);
    text[2 * n] = 0;
}

static void depth_is_limited(void **state)
{
    (void)state;
    char text[2 * MMOFL_YAML_DEPTH + 3];
    mmofl_error err;
    nest(text, MMOFL_YAML_DEPTH);
    CHECK_OK(refused(text, &err));
    nest(text, MMOFL_YAML_DEPTH + 1);
    CHECK_STATUS(refused(text, &err), MMOFL_E_LIMIT);
}

static void values_are_limited_those_of_aliases_counted(void **state)
{
    (void)state;
    char *text = malloc(3 * MMOFL_YAML_NODES + 64);
    CHECK(text != NULL);
    mmofl_error err;
    for (int extra = 0; extra < 2; extra++) {
        char *at = text;
        *at++ = '[';
        for (int i = 0; i < MMOFL_YAML_NODES - 1 + extra; i++, at += 2)
            memcpy(at, "1,", 2);
        strcpy(at, "]");
        CHECK_STATUS(refused(text, &err), extra ? MMOFL_E_LIMIT : MMOFL_OK);
    }
    free(text);
    CHECK_STATUS(refused("a: &a [x, x, x, x, x, x, x, x, x, x]\n"
                         "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
                         "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
                         "d: [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n",
                         &err),
                 MMOFL_E_LIMIT);
}

static void a_long_line_is_quoted_around_the_caret(void **state)
{
    (void)state;
    char text[400];
    snprintf(text, sizeof text, "a: [%0150d, @, %0150d]", 1, 2);
    mmofl_error err;
    CHECK_STATUS(refused(text, &err), MMOFL_E_SYNTAX);
    char *line = strchr(err.text, '\n'), *caret = line ? strchr(line + 1, '\n') : NULL;
    CHECK(line != NULL && caret != NULL);
    CHECK(caret - line < 100);
    CHECK_INT(line[strlen(caret) - 1], '@'); /* it stands under the sign */
}

static void a_caret_stands_under_its_character(void **state)
{
    (void)state;
    mmofl_error err;
    CHECK_STATUS(refused("\xc3\xa9: 1\n\xc3\xa9\xc3\xa9: {b: 1, b: 2}\n", &err),
                 MMOFL_E_DUPLICATE);
    CHECK_TEXT(err.text, "t.yaml:2:12: key 'b' stands twice, first in line 2\n"
                         "    \xc3\xa9\xc3\xa9: {b: 1, b: 2}\n"
                         "               ^");
}

static void only_utf_8_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int size;
    } cases[] = {{"a", 1},
                 {"\xc3\xa9", 2},
                 {"\xe2\x80\xa6", 3},
                 {"\xf0\x9f\x98\x80", 4},
                 {"\x80", 0},
                 {"\xc3", 0},
                 {"\xc0\xaf", 0},
                 {"\xe0\x80\x80", 0},
                 {"\xed\xa0\x80", 0},
                 {"\xf5\x80\x80\x80", 0},
                 {"\xff", 0},
                 {"", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned code;
        CHECK_INT(mmofl_yaml_character(cases[i].text, strlen(cases[i].text), &code),
                  cases[i].size);
    }
}

static void a_value_may_be_nothing_but_a_file_may_not(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_yaml_node *root;
    mmofl_error err;
    CHECK_OK(mmofl_yaml_parse_value("", "--set a=", &arena, &root, &err));
    CHECK_INT(root->type, MMOFL_YAML_NULL);
    CHECK_STATUS(refused("", &err), MMOFL_E_MISSING);
    mmofl_arena_free(&arena);
}

static void each_failing_allocation_is_a_status(void **state)
{
    (void)state;
    const char *text = "a: &x [1, {b: \"2\"}]\nc: *x\n";
    for (long n = 1;; n++) {
        mmofl_arena arena = {.fail_after = n};
        mmofl_yaml_node *root = NULL;
        mmofl_error err = {0};
        mmofl_status st =
            mmofl_yaml_parse(text, strlen(text), "t.yaml", &arena, &root, &err);
        long made = arena.allocations;
        mmofl_arena_free(&arena);
        if (made < n) {
            CHECK_OK(st);
            CHECK(n > 10);
            return;
        }
        CHECK_STATUS(st, MMOFL_E_MEMORY);
        CHECK(root == NULL);
        CHECK_CONTAINS(err.text, "out of memory");
    }
}

CHECK_MAIN(TEST(a_tree_holds_types_texts_and_places), TEST(an_anchor_may_be_used_again),
           TEST(depth_is_limited), TEST(values_are_limited_those_of_aliases_counted),
           TEST(a_long_line_is_quoted_around_the_caret),
           TEST(a_caret_stands_under_its_character), TEST(only_utf_8_is_taken),
           TEST(a_value_may_be_nothing_but_a_file_may_not),
           TEST(each_failing_allocation_is_a_status))
