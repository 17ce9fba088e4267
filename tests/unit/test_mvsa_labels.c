/* The labels of MVSA-Single: two sentiments made one, and which samples test. */
#include <stdlib.h>

#include "check.h"
#include "data/id_index.h"
#include "data/mvsa_labels.h"

static mmofl_status read_labels(const char *table, mmofl_mvsa_split split,
                                mmofl_mvsa_labels *labels, mmofl_error *err)
{
    size_t n = strlen(table);
    char *copy = malloc(n + 1);
    CHECK(copy);
    memcpy(copy, table, n + 1);
    return mmofl_mvsa_labels_read((mmofl_text){copy, n, "t"}, split, labels, err);
}

static void two_labels_are_merged_as_everybody_does(void **state)
{
    (void)state;
    static const char *const names[3] = {"positive", "neutral", "negative"};
    static const int wanted[3][3] = {{0, 0, -1}, {0, 1, 2}, {-1, 2, 2}};
    for (int text = 0; text < 3; text++)
        for (int image = 0; image < 3; image++) {
            char table[128];
            mmofl_mvsa_labels labels;
            mmofl_error err = {0};
            snprintf(table, sizeof table,
                     "ID\ttext,image\n9\tneutral,neutral\n4\t%s,%s\n", names[text],
                     names[image]);
            CHECK_OK(read_labels(table, MMOFL_MVSA_AUTO, &labels, &err));
            CHECK_INT(labels.rows, 2);
            CHECK_INT(labels.n, wanted[text][image] < 0 ? 1 : 2);
            if (labels.n == 2) {
                CHECK_INT(labels.sample[0].label, wanted[text][image]);
                CHECK_INT(labels.sample[0].row, 1);
            }
            mmofl_mvsa_labels_free(&labels);
        }
}

static void drawn_split_takes_every_tenth_of_each_class(void **state)
{
    (void)state;
    char table[4096] = "id\tlabel\n";
    mmofl_mvsa_labels labels;
    mmofl_error err = {0};
    for (int id = 60; id >= 1; id--) /* the order of rows does not matter */
        snprintf(table + strlen(table), 32, "%d\t%s\n", id,
                 id % 3 ? "positive" : "negative");
    CHECK_OK(read_labels(table, MMOFL_MVSA_DRAWN, &labels, &err));
    CHECK_INT(labels.n, 60);
    size_t tests = 0;
    for (size_t i = 0; i < labels.n; i++) {
        /* The tenth of 3, 6, 9 ... is 30; of 1, 2, 4, 5, 7 ... it is 14. */
        int id = labels.sample[i].id;
        bool wanted =
            id == 30 || id == 60 || id == 14 || id == 29 || id == 44 || id == 59;
        CHECK_INT(labels.sample[i].part, wanted ? MMOFL_MVSA_TEST : MMOFL_MVSA_TRAIN);
        tests += wanted;
    }
    CHECK_INT(tests, 6);
    mmofl_mvsa_labels_free(&labels);
}

static void split_that_the_table_lacks_is_refused(void **state)
{
    (void)state;
    static const char neither[] = "ID\ttext,image\n1\tneutral,positive\n";
    mmofl_mvsa_labels labels;
    mmofl_error err = {0};
    const mmofl_mvsa_split splits[] = {MMOFL_MVSA_SPLIT811, MMOFL_MVSA_SPLIT_COURSE};
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(read_labels(neither, splits[i], &labels, &err), MMOFL_E_MISSING);
        CHECK_CONTAINS(err.text, i == 0 ? "split811" : "split_course");
    }
}

static void label_errors_say_where(void **state)
{
    (void)state;
    const struct {
        const char *table, *says;
        mmofl_status status;
    } cases[] = {
        {"id\tlabel\n1\tgood\n", "t:2:3: 'good', wanted positive", MMOFL_E_UNKNOWN},
        {"ID\ttext,image\n1\tneutral\n", "t:2:3: 'neutral', wanted two",
         MMOFL_E_SYNTAX},
        {"id\tlabel\n1\tneutral\n2\t-\n1\t-\n", "t:4:1: id 1 is in line 2",
         MMOFL_E_DUPLICATE},
        {"id\tlabel\n1\t-\n", "t: no sample has a sentiment", MMOFL_E_MISSING}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mmofl_mvsa_labels labels = {0};
        mmofl_error err = {0};
        CHECK_STATUS(read_labels(cases[i].table, MMOFL_MVSA_AUTO, &labels, &err),
                     cases[i].status);
        CHECK_CONTAINS(err.text, cases[i].says);
        CHECK(!labels.sample);
    }
}

static void index_finds_what_was_added_and_nothing_else(void **state)
{
    (void)state;
    mmofl_id_index index = {0};
    mmofl_error err = {0};
    size_t place = 77;
    CHECK(!mmofl_id_index_sort(&index));
    CHECK(!mmofl_id_index_find(&index, 0, &place));
    for (size_t i = 0; i < 1000; i++)
        CHECK_OK(mmofl_id_index_add(&index, (int64_t)(i * 7919 % 1000) * 3, i, &err));
    CHECK(!mmofl_id_index_sort(&index));
    for (size_t i = 0; i < 1000; i++) {
        CHECK(mmofl_id_index_find(&index, (int64_t)(i * 7919 % 1000) * 3, &place));
        CHECK_INT(place, i);
        CHECK(!mmofl_id_index_find(&index, (int64_t)i * 3 + 1, &place));
    }
    CHECK_OK(mmofl_id_index_add(&index, 30, 5000, &err));
    const mmofl_id_entry *twice = mmofl_id_index_sort(&index);
    CHECK(twice && twice->id == 30 && twice[1].id == 30 && twice[1].place == 5000);
    mmofl_id_index_free(&index);
}

CHECK_MAIN(TEST(two_labels_are_merged_as_everybody_does),
           TEST(drawn_split_takes_every_tenth_of_each_class),
           TEST(split_that_the_table_lacks_is_refused), TEST(label_errors_say_where),
           TEST(index_finds_what_was_added_and_nothing_else))
