/* test_text_tokens.c - each rule of text_tokens.h by an example: two texts that must
 * give the same ids, or the words that must come out. */
#include "bad_files.h"
#include "base/file.h"
#include "data/text_tokens.h"
#include "fail_allocations.h"

enum { VOCABULARY = 1 << 24, LENGTH = 32 };

/* The ids of a text of n bytes. */
static int tokens_of(const char *text, size_t n, int32_t ids[LENGTH])
{
    int used = -1, whole = -1;
    mmofl_error err = {0};
    mmofl_status st =
        mmofl_text_tokens(text, n, "t", VOCABULARY, LENGTH, ids, &used, &whole, &err);
    if (st)
        fail_msg("%s", err.text);
    CHECK_INT(used, whole);
    return used;
}

static uint64_t fnv1a(const char *word)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *word; word++)
        hash = (hash ^ (unsigned char)*word) * UINT64_C(1099511628211);
    return hash;
}

/* The text has exactly these words, with blanks between. */
static void check_words(const char *text, const char *wanted)
{
    int32_t ids[LENGTH];
    char copy[512];
    int n = tokens_of(text, strlen(text), ids), i = 0;
    snprintf(copy, sizeof copy, "%s", wanted);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "), i++)
        if (i >= n || ids[i] != (int32_t)(1 + fnv1a(word) % (VOCABULARY - 1)))
            fail_msg("\"%s\": word %d is not '%s'", text, i, word);
    if (i != n)
        fail_msg("\"%s\" has %d words, wanted %d", text, n, i);
}

static void an_id_is_the_word_s_hash(void **state)
{
    (void)state;
    /* FNV-1a 64 of "a" is 0xaf63dc4c8601ec8c, by its authors' table. */
    int32_t ids[4] = {-1, -1, -1, -1};
    int used, whole;
    mmofl_error err = {0};
    CHECK_OK(mmofl_text_tokens("a", 1, "t", 4096, 4, ids, &used, &whole, &err));
    CHECK_INT(ids[0], 1 + UINT64_C(0xaf63dc4c8601ec8c) % 4095);
    CHECK(ids[1] == 0 && ids[2] == 0 && ids[3] == 0);
    CHECK(used == 1 && whole == 1);
    CHECK_OK(mmofl_text_tokens("a b", 3, "t", 2, 4, ids, NULL, NULL, &err));
    CHECK(ids[0] == 1 && ids[1] == 1 && ids[2] == 0);
}

static void long_texts_are_cut_and_counted(void **state)
{
    (void)state;
    int32_t ids[2], none[1] = {7};
    int used, whole;
    mmofl_error err = {0};
    CHECK_OK(
        mmofl_text_tokens("one two three", 13, "t", 4096, 2, ids, &used, &whole, &err));
    CHECK(used == 2 && whole == 3 && ids[0] > 0 && ids[1] > 0);
    CHECK_OK(mmofl_text_tokens("", 0, "t", 4096, 1, none, &used, &whole, &err));
    CHECK(used == 0 && whole == 0 && none[0] == 0);
    CHECK_OK(mmofl_text_tokens(NULL, 0, "t", 4096, 1, none, NULL, NULL, &err));
}

static void words_are_runs_of_letters_marks_and_digits(void **state)
{
    (void)state;
    check_words("How I feel today,on 24/7!", "how i feel today on 24 7");
    check_words("don't stop-now my_word", "don t stop now my word");
    check_words(" \t\r\n", "");
    check_words("? !! ...", "");
    check_words(
        "\xe0\xa4\xb9\xe0\xa4\xbf\xe0\xa4\xa8\xe0\xa5\x8d\xe0\xa4\xa6\xe0\xa5\x80",
        "\xe0\xa4\xb9\xe0\xa4\xbf\xe0\xa4\xa8\xe0\xa5\x8d\xe0\xa4\xa6\xe0\xa5\x80");
}

static void case_and_form_do_not_matter(void **state)
{
    (void)state;
    check_words("HELLO Hello", "hello hello");
    check_words("Stra\xc3\x9f"
                "e",
                "strasse");
    check_words("caf\xc3\xa9 cafe\xcc\x81", "caf\xc3\xa9 caf\xc3\xa9");
    check_words("\xef\xbc\xa8\xef\xbd\x89", "hi"); /* full width */
    check_words("x\xc2\xb2 \xef\xac\x81n", "x2 fin");
    check_words("soft\xc2\xadhyphen", "softhyphen");
}

static void addresses_are_dropped(void **state)
{
    (void)state;
    check_words("see http://t.co/Ab3?x=1 and https://a.b/c now", "see and now");
    check_words("HTTP://T.CO/X www.example.org/a end", "end");
    check_words("#royalshttp://buff.ly/1Mo9 baby", "royals baby");
    check_words("awww.cute httpd wwwhat", "awww cute httpd wwwhat");
    check_words("\xe8\xa6\x8bhttp://t.co/x\xe3\x81\x93", "\xe8\xa6\x8b \xe3\x81\x93");
}

static void addresses_cut_by_an_ellipsis_are_dropped(void **state)
{
    (void)state;
    const char *const cut[] = {
        "h",       "ht",     "htt",     "http",     "https",    "http:",       "http:/",
        "http://", "https:", "https:/", "https://", "http://t", "http://t.co/"};
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        char text[64];
        snprintf(text, sizeof text, "look %s\xe2\x80\xa6", cut[i]);
        check_words(text, "look");
        snprintf(text, sizeof text, "look %s...", cut[i]);
        check_words(text, "look");
    }
    check_words("ouch\xe2\x80\xa6 he\xe2\x80\xa6 hot...", "ouch he hot");
}

static void names_are_dropped_and_hashtags_kept(void **state)
{
    (void)state;
    check_words("RT @some_One1: hi @you!", "rt hi");
    check_words("#legday #jelly##gym # ", "legday jelly gym");
    check_words("\xef\xbc\xa0name \xef\xbc\x83tag", "tag"); /* full width @ and # */
    check_words("@ home", "home");
}

static void east_asian_characters_and_symbols_stand_alone(void **state)
{
    (void)state;
    check_words("\xe6\x97\xa5\xe6\x9c\xac\xe3\x81\xae", /* han han hiragana */
                "\xe6\x97\xa5 \xe6\x9c\xac \xe3\x81\xae");
    check_words("\xed\x95\x9c\xea\xb5\xad"
                "a1",
                "\xed\x95\x9c \xea\xb5\xad a1");
    check_words("\xef\xbd\xb6\xef\xbe\x9e", "\xe3\x82\xac"); /* half-width ka, voiced */
    check_words("fun\xf0\x9f\x98\x80\xf0\x9f\x98\x80x",      /* two faces */
                "fun \xf0\x9f\x98\x80 \xf0\x9f\x98\x80 x");
    /* A heart with its variation selector is the heart. */
    check_words("\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4");
}

static void gb18030_gives_what_utf_8_gives(void **state)
{
    (void)state;
    /* "good day" in Chinese, a euro of four bytes (U+20AC is 0xa2e3), U+1F600. */
    const char gb[] = "#\xba\xc3\xc8\xd5 RT caf\xa8\xa6 \x94\x39\xfc\x36";
    const char utf8[] = "#\xe5\xa5\xbd\xe6\x97\xa5 RT caf\xc3\xa9 \xf0\x9f\x98\x80";
    int32_t a[LENGTH], b[LENGTH];
    CHECK_INT(tokens_of(gb, sizeof gb - 1, a), 5);
    CHECK_INT(tokens_of(utf8, sizeof utf8 - 1, b), 5);
    CHECK(memcmp(a, b, sizeof a) == 0);
}

static void byte_order_marks_are_dropped(void **state)
{
    (void)state;
    check_words("\xef\xbb\xbfhello", "hello");
    const char gb[] = "\x84\x31\x95\x33\xba\xc3";
    int32_t a[LENGTH], b[LENGTH];
    CHECK_INT(tokens_of(gb, sizeof gb - 1, a), 1);
    CHECK_INT(tokens_of("\xe5\xa5\xbd", 3, b), 1);
    CHECK(memcmp(a, b, sizeof a) == 0);
}

/* --- refusals --------------------------------------------------------------------- */

static mmofl_status tokens_of_file(const char *path, mmofl_error *err)
{
    unsigned char *read, *exact;
    size_t size;
    int32_t ids[2] = {-1, -1};
    int used = -1, whole = -1;
    CHECK_OK(mmofl_file_read(path, 1 << 20, &read, &size, err));
    exact = malloc(size ? size : 1);
    CHECK(exact);
    memcpy(exact, read, size);
    mmofl_status st =
        mmofl_text_tokens(exact, size, path, 4096, 2, ids, &used, &whole, err);
    CHECK(!st || (ids[0] == -1 && ids[1] == -1 && used == -1 && whole == -1));
    free(exact);
    free(read);
    return st;
}

static void every_bad_text_is_refused_with_its_status(void **state)
{
    (void)state;
    bad_files_are_refused("text-tokens", 8, tokens_of_file);
}

static void errors_say_at_which_byte(void **state)
{
    (void)state;
    int32_t ids[1];
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_text_tokens("ab\0c", 4, "t", 4096, 1, ids, NULL, NULL, &err),
                 MMOFL_E_SYNTAX);
    CHECK_CONTAINS(err.text, "t: byte 2 is zero");
    CHECK_STATUS(
        mmofl_text_tokens("abc \xba\xc3 \xff", 8, "t", 4096, 1, ids, NULL, NULL, &err),
        MMOFL_E_SYNTAX);
    CHECK_CONTAINS(err.text, "t: neither UTF-8 (byte 4) nor GB18030 (byte 7)");
}

static void a_text_of_ten_megabytes_is_refused(void **state)
{
    (void)state;
    const size_t size = 10 << 20;
    char *text = malloc(size);
    int32_t ids[1];
    mmofl_error err = {0};
    CHECK(text);
    memset(text, 'a', size);
    CHECK_STATUS(mmofl_text_tokens(text, size, "t", 4096, 1, ids, NULL, NULL, &err),
                 MMOFL_E_LIMIT);
    CHECK_CONTAINS(err.text, "10485760 bytes, at most 65536");
    CHECK_STATUS(mmofl_text_tokens(text, MMOFL_TEXT_BYTES + 1, "t", 4096, 1, ids, NULL,
                                   NULL, &err),
                 MMOFL_E_LIMIT);
    CHECK_OK(
        mmofl_text_tokens(text, MMOFL_TEXT_BYTES, "t", 4096, 1, ids, NULL, NULL, &err));
    free(text);
}

static void every_failing_allocation_is_out_of_memory(void **state)
{
    (void)state;
#if FAILS_ALLOCATIONS
    const char text[] = "in GB18030: \xba\xc3\xc8\xd5";
    bool reached = true;
    for (long n = 1; reached; n++) {
        int32_t ids[8] = {-1};
        mmofl_error err = {0};
        atomic_store(&allocation_to_fail, n);
        mmofl_status st = mmofl_text_tokens(text, sizeof text - 1, "t", 4096, 8, ids,
                                            NULL, NULL, &err);
        reached = allocation_failed();
        CHECK(st == MMOFL_OK ? ids[3] != 0 : ids[0] == -1);
        /* The C library may say that it has no such converter. */
        if (reached && st != MMOFL_E_UNSUPPORTED)
            CHECK_STATUS(st, MMOFL_E_MEMORY);
        CHECK(n < 1000);
    }
#else
    CHECK_SKIP("the memory allocator cannot be replaced here");
#endif
}

CHECK_MAIN(TEST(an_id_is_the_word_s_hash), TEST(long_texts_are_cut_and_counted),
           TEST(words_are_runs_of_letters_marks_and_digits),
           TEST(case_and_form_do_not_matter), TEST(addresses_are_dropped),
           TEST(addresses_cut_by_an_ellipsis_are_dropped),
           TEST(names_are_dropped_and_hashtags_kept),
           TEST(east_asian_characters_and_symbols_stand_alone),
           TEST(gb18030_gives_what_utf_8_gives), TEST(byte_order_marks_are_dropped),
           TEST(every_bad_text_is_refused_with_its_status),
           TEST(errors_say_at_which_byte), TEST(a_text_of_ten_megabytes_is_refused),
           TEST(every_failing_allocation_is_out_of_memory))
