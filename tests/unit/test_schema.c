/* test_schema.c - the tables themselves, and what reads them. */
#include "check.h"

#include "base/nearest.h"
#include "config/number_list.h"
#include "config/schema.h"
#include "config/setting.h"

static bool is_name(const char *text)
{
    return *text &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text);
}

static void check_section(const mmofl_schema_section *section)
{
    for (int i = 0; i < section->n; i++) {
        const mmofl_schema_key *key = &section->keys[i];
        CHECK(is_name(key->option.name));
        CHECK(key->option.help && *key->option.help);
        bool has_elements =
            key->shape == MMOFL_SCHEMA_MAP || key->shape == MMOFL_SCHEMA_LIST;
        CHECK((key->shape == MMOFL_SCHEMA_SECTION || has_elements) ==
              (key->section != NULL));
        CHECK(has_elements == (key->size > 0) &&
              has_elements == (key->element != NULL));
        CHECK((key->shape == MMOFL_SCHEMA_PICK) == (key->kinds != NULL));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(key->option.name, section->keys[j].option.name);
        if (key->section)
            check_section(key->section);
    }
}

static void every_key_has_a_name_of_its_own_and_a_meaning(void **state)
{
    (void)state;
    check_section(mmofl_schema());
}

static void check_kinds(const mmofl_schema_section *section)
{
    for (int i = 0; i < section->n; i++) {
        const mmofl_schema_key *key = &section->keys[i];
        if (key->section)
            check_kinds(key->section);
        if (!key->kinds)
            continue;
        mmofl_kind_list kinds = key->kinds();
        CHECK(kinds.n > 0);
        for (int k = 0; k < kinds.n; k++) {
            const mmofl_kind *kind = kinds.kinds[k];
            CHECK(kind->help && kind->source);
            CHECK(kind->options_size <= MMOFL_KIND_OPTION_BYTES);
            for (int o = 0; o < kind->n_options; o++) {
                CHECK(is_name(kind->options[o].name));
                /* "kind" is taken, and a spread kind shares the section's names */
                assert_string_not_equal(kind->options[o].name, "kind");
                for (int j = 0; key->spread && j < section->n; j++)
                    assert_string_not_equal(kind->options[o].name,
                                            section->keys[j].option.name);
            }
        }
        if (key->bare) {
            const mmofl_kind *bare = mmofl_kind_find(kinds, key->bare);
            CHECK(bare && bare->n_options > 0);
            CHECK_INT(bare->options[0].type, MMOFL_OPTION_REAL);
        }
    }
}

static void every_kind_fits_where_it_is_chosen(void **state)
{
    (void)state;
    check_kinds(mmofl_schema());
}

/* ---- numbers ---- */

static mmofl_status numbers(const char *text, int most, uint64_t **out, int *n,
                            mmofl_arena *arena)
{
    mmofl_yaml_node *node;
    mmofl_error err = {0};
    CHECK_OK(mmofl_yaml_parse_value(text, "t", arena, &node, &err));
    return mmofl_number_list_read(node, "t", most, arena, out, n, &err);
}

static void number_lists_are_read_in_order(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    uint64_t *list;
    int n;
    CHECK_OK(numbers("[9, 2..4, 0]", 5, &list, &n, &arena));
    static const uint64_t wanted[] = {9, 2, 3, 4, 0};
    CHECK_INT(n, 5);
    assert_memory_equal(list, wanted, sizeof wanted);
    CHECK_OK(numbers("[]", 5, &list, &n, &arena));
    CHECK_INT(n, 0);
    CHECK_OK(numbers("3", 5, &list, &n, &arena));
    CHECK_INT(n, 1);
    mmofl_arena_free(&arena);
}

static void number_lists_are_refused_unless_whole_and_few(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    uint64_t *list;
    int n;
    static const struct {
        const char *text;
        mmofl_status status;
    } cases[] = {
        {"1..6", MMOFL_E_LIMIT},   {"[1, 2, 3..6]", MMOFL_E_LIMIT},
        {"4..3", MMOFL_E_RANGE},   {"0..18446744073709551615", MMOFL_E_LIMIT},
        {"1.5", MMOFL_E_TYPE},     {"1..", MMOFL_E_TYPE},
        {"..1", MMOFL_E_TYPE},     {"1...2", MMOFL_E_TYPE},
        {"1..2..3", MMOFL_E_TYPE}, {"+1", MMOFL_E_TYPE},
        {"01", MMOFL_E_TYPE},      {"'1'", MMOFL_E_TYPE},
        {"{a: 1}", MMOFL_E_TYPE},  {"[[1]]", MMOFL_E_TYPE},
        {"[~]", MMOFL_E_TYPE},     {"99999999999999999999", MMOFL_E_RANGE},
        {"", MMOFL_E_TYPE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_STATUS(numbers(cases[i].text, 5, &list, &n, &arena), cases[i].status);
    mmofl_arena_free(&arena);
}

/* ---- names ---- */

static const char *nearest(const char *text)
{
    static const char *const names[] = {"epochs", "batch", "lr", "momentum"};
    mmofl_nearest near = {.text = text};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        mmofl_nearest_offer(&near, names[i]);
    return near.name ? near.name : "";
}

static void the_nearest_name_is_offered_only_when_near(void **state)
{
    (void)state;
    CHECK_TEXT(nearest("epoch"), "epochs");
    CHECK_TEXT(nearest("bacth"), "batch");
    CHECK_TEXT(nearest("rl"), "lr"); /* two that changed places are one slip */
    CHECK_TEXT(nearest("momentun"), "momentum");
    CHECK_TEXT(nearest("batch"), "batch");
    CHECK_TEXT(nearest("ir"), "lr");
    CHECK_TEXT(nearest("x"), "");
    CHECK_TEXT(nearest("optimizer"), "");
    CHECK_TEXT(nearest(""), "");
}

/* ---- memory ---- */

static const char document[] = "name: x\n"
                               "seeds: [1, 2]\n"
                               "data: {set: synthetic-har, path: a}\n"
                               "evaluate: {rounds: [3, 4]}\n"
                               "imbalance:\n"
                               "  modalities: {a: {missing: 0.5}}\n"
                               "  groups: [{devices: 0..2, modalities: {b: {}}}]\n";

/* Parse, set, read, with the n-th allocation failing; how many were made. */
static long run_with_failure(long n, mmofl_status *status)
{
    mmofl_arena arena = {.fail_after = n};
    mmofl_yaml_node *root;
    mmofl_experiment e = {0};
    mmofl_error err = {0};
    *status = mmofl_yaml_parse(document, strlen(document), "t", &arena, &root, &err);
    if (*status == MMOFL_OK)
        *status = mmofl_setting_apply("train.lr.decay=0.9", &arena, &root, &err);
    if (*status == MMOFL_OK)
        *status = mmofl_schema_read(mmofl_schema(), root, &arena, &e, &err);
    if (*status != MMOFL_OK)
        CHECK_CONTAINS(err.text, "out of memory");
    long made = arena.allocations;
    mmofl_arena_free(&arena);
    return made;
}

static void each_failing_allocation_is_a_status(void **state)
{
    (void)state;
    mmofl_status st;
    long all = run_with_failure(0, &st);
    CHECK_OK(st);
    CHECK(all > 50);
    for (long n = 1; n <= all; n++) {
        run_with_failure(n, &st);
        CHECK_STATUS(st, MMOFL_E_MEMORY);
    }
}

static mmofl_analysis_spec analysis_of(const char *text)
{
    mmofl_experiment e;
    mmofl_error err = {0};
    if (mmofl_experiment_parse(text, strlen(text), "test.yaml", NULL, NULL, 0, &e,
                               &err))
        fail_msg("%s", err.text);
    mmofl_analysis_spec analysis = e.analysis;
    mmofl_experiment_free(&e);
    return analysis;
}

static void a_section_may_be_switched_with_true_and_false(void **state)
{
    (void)state;
    mmofl_analysis_spec off = analysis_of("name: x"),
                        also_off = analysis_of("name: x\nanalysis: false"),
                        on = analysis_of("name: x\nanalysis: true"),
                        part = analysis_of("name: x\nanalysis: {regret: true}");
    CHECK(!off.errors && !off.regret && !also_off.errors && !also_off.regret);
    CHECK(on.errors && on.regret && on.every == 1 && on.starts == 3);
    CHECK(!part.errors && part.regret);
    mmofl_experiment e;
    mmofl_error err = {0};
    const char *texts[] = {"name: x\nanalysis: yes", "name: x\nstream: true"};
    const char *wanted[] = {"true, false or a map of its keys", "a map of its keys"};
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(mmofl_experiment_parse(texts[i], strlen(texts[i]), "test.yaml",
                                            NULL, NULL, 0, &e, &err),
                     MMOFL_E_TYPE);
        CHECK_CONTAINS(err.text, wanted[i]);
    }
}

CHECK_MAIN(TEST(a_section_may_be_switched_with_true_and_false),
           TEST(every_key_has_a_name_of_its_own_and_a_meaning),
           TEST(every_kind_fits_where_it_is_chosen),
           TEST(number_lists_are_read_in_order),
           TEST(number_lists_are_refused_unless_whole_and_few),
           TEST(the_nearest_name_is_offered_only_when_near),
           TEST(each_failing_allocation_is_a_status))
