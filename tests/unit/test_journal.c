/* test_journal.c - what was committed outlives a kill; what was not does not. */
#include "scratch.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/file.h"
#include "store/journal.h"

static const unsigned char one[32] = {1}, two[32] = {2};

typedef struct heard {
    int n;
    uint64_t device[8], session[8];
    char message[8][16];
    mmofl_status stop;
} heard;

static mmofl_status hear(void *context, uint64_t device, const void *message, size_t n)
{
    heard *h = context;
    h->device[h->n] = device;
    snprintf(h->message[h->n++], 16, "%.*s", (int)n, (const char *)message);
    return h->stop;
}

static void hear_session(void *context, uint64_t device, uint64_t session)
{
    heard *h = context;
    h->device[h->n] = device;
    h->session[h->n++] = session;
}

static void add(mmofl_journal *j, uint64_t device, const char *text)
{
    mmofl_error err = {0};
    CHECK_OK(mmofl_journal_add(j, device, 1, text, strlen(text), &err));
}

static void answers_come_back_by_device_until_another_round(void **state)
{
    mmofl_journal *j;
    mmofl_error err = {0};
    bool goes_on = true;
    heard h = {0};
    CHECK_OK(mmofl_journal_open(scratch_path(*state, "journal"), &j, &err));
    CHECK_OK(mmofl_journal_begin(j, 1, one, 1, &goes_on, &err));
    CHECK(!goes_on && !mmofl_journal_is_dirty(j));
    add(j, 7, "seven");
    add(j, 3, "three");
    CHECK(mmofl_journal_is_dirty(j));
    CHECK_STATUS(mmofl_journal_add(j, 7, 1, "again", 5, &err), MMOFL_E_DUPLICATE);
    CHECK_OK(mmofl_journal_commit(j, &err));
    CHECK(!mmofl_journal_is_dirty(j));
    CHECK_OK(mmofl_journal_each(j, hear, &h, &err));
    CHECK_INT(h.n, 2);
    CHECK(h.device[0] == 3 && h.device[1] == 7);
    CHECK_TEXT(h.message[0], "three");
    CHECK_TEXT(h.message[1], "seven");
    h = (heard){.stop = MMOFL_E_SHAPE};
    CHECK_STATUS(mmofl_journal_each(j, hear, &h, &err), MMOFL_E_SHAPE);
    CHECK_INT(h.n, 1);
    CHECK_OK(mmofl_journal_begin(j, 1, one, 1, &goes_on, &err));
    CHECK(goes_on);
    CHECK_OK(mmofl_journal_begin(j, 1, two, 1, &goes_on, &err)); /* another model */
    CHECK(!goes_on);
    h = (heard){0};
    CHECK_OK(mmofl_journal_each(j, hear, &h, &err));
    CHECK_INT(h.n, 0);
    mmofl_journal_close(j);
}

static void a_kill_takes_only_what_was_not_committed(void **state)
{
    const char *path = scratch_path(*state, "journal");
    mmofl_journal *j;
    mmofl_error err = {0};
    bool goes_on;
    heard h = {0};
    pid_t pid = fork();
    if (pid == 0) {
        if (mmofl_journal_open(path, &j, &err) ||
            mmofl_journal_begin(j, 4, one, 4, &goes_on, &err) ||
            mmofl_journal_add(j, 1, 4, "kept", 4, &err) ||
            mmofl_journal_set_session(j, 1, UINT64_MAX - 1, &err) ||
            mmofl_journal_commit(j, &err) ||
            mmofl_journal_add(j, 2, 4, "lost", 4, &err))
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    int status;
    waitpid(pid, &status, 0);
    CHECK(WIFSIGNALED(status));
    CHECK_OK(mmofl_journal_open(path, &j, &err));
    CHECK_OK(mmofl_journal_begin(j, 4, one, 4, &goes_on, &err));
    CHECK(goes_on);
    CHECK_OK(mmofl_journal_each(j, hear, &h, &err));
    CHECK_INT(h.n, 1);
    CHECK_TEXT(h.message[0], "kept");
    h = (heard){0};
    CHECK_OK(mmofl_journal_each_session(j, hear_session, &h, &err));
    CHECK_INT(h.n, 1);
    CHECK(h.device[0] == 1 && h.session[0] == UINT64_MAX - 1);
    mmofl_journal_close(j);
}

static void the_last_session_of_a_device_counts(void **state)
{
    mmofl_journal *j;
    mmofl_error err = {0};
    heard h = {0};
    CHECK_OK(mmofl_journal_open(scratch_path(*state, "journal"), &j, &err));
    CHECK_OK(mmofl_journal_set_session(j, 5, 10, &err));
    CHECK_OK(mmofl_journal_set_session(j, 5, 11, &err));
    CHECK_OK(mmofl_journal_commit(j, &err));
    CHECK_OK(mmofl_journal_each_session(j, hear_session, &h, &err));
    CHECK_INT(h.n, 1);
    CHECK(h.session[0] == 11);
    mmofl_journal_close(j);
}

static void another_file_is_refused_and_left_alone(void **state)
{
    const char *path = scratch_path(*state, "journal");
    mmofl_journal *j;
    mmofl_error err = {0};
    CHECK_OK(mmofl_file_write(path, "not a database at all, but long enough", 38, false,
                              &err));
    CHECK_STATUS(mmofl_journal_open(path, &j, &err), MMOFL_E_CORRUPT);
    CHECK_CONTAINS(err.text, path);
    CHECK_STATUS(mmofl_journal_open("/nowhere/journal", &j, &err), MMOFL_E_IO);
}

/* SQLite ends the transaction by itself when the disk is full: those whose answers were
 * to go with it must not be told that they are kept before a later one has them. */
static void
a_full_disk_fails_the_commit_and_the_next_one_keeps_the_answers(void **state)
{
    enum { BIG = 64 << 20 };
    mmofl_journal *j;
    mmofl_error err = {0};
    heard h = {0};
    bool goes_on;
    struct rlimit limit;
    char *big = calloc(1, BIG);
    signal(SIGXFSZ, SIG_IGN);
    CHECK_OK(mmofl_journal_open(scratch_path(*state, "journal"), &j, &err));
    CHECK_OK(mmofl_journal_begin(j, 1, one, 1, &goes_on, &err));
    add(j, 1, "small");
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &limit), 0);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, limit.rlim_max}), 0);
    CHECK(mmofl_journal_keep_model(j, 1, big, BIG, 1, &err) != MMOFL_OK);
    CHECK(mmofl_journal_is_dirty(j));
    CHECK(mmofl_journal_commit(j, &err) != MMOFL_OK);
    CHECK_CONTAINS(err.text, "journal");
    CHECK(mmofl_journal_is_dirty(j)); /* the answer is not lost */
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
    CHECK_OK(mmofl_journal_commit(j, &err));
    CHECK(!mmofl_journal_is_dirty(j));
    CHECK_OK(mmofl_journal_each(j, hear, &h, &err));
    CHECK_INT(h.n, 1);
    CHECK_TEXT(h.message[0], "small");
    mmofl_journal_close(j);
    free(big);
}

/* Its neighbours are kept, and its place is the next one's. */
static void an_answer_that_does_not_fit_costs_no_other(void **state)
{
    enum { BIG = 2 << 20 };
    mmofl_journal *j;
    mmofl_error err = {0};
    heard h = {0};
    bool goes_on;
    struct rlimit limit;
    char *big = calloc(1, BIG);
    signal(SIGXFSZ, SIG_IGN);
    CHECK_OK(mmofl_journal_open(scratch_path(*state, "journal"), &j, &err));
    CHECK_OK(mmofl_journal_begin(j, 1, one, 1, &goes_on, &err));
    add(j, 1, "small");
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &limit), 0);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, limit.rlim_max}), 0);
    CHECK(mmofl_journal_add(j, 2, 1, big, BIG, &err) != MMOFL_OK);
    CHECK_CONTAINS(err.text, "journal-messages");
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
    add(j, 2, "taken back");
    mmofl_journal_take_back(j);
    add(j, 2, "smaller");
    CHECK_OK(mmofl_journal_commit(j, &err));
    CHECK_OK(mmofl_journal_each(j, hear, &h, &err));
    CHECK_INT(h.n, 2);
    CHECK_TEXT(h.message[0], "small");
    CHECK_TEXT(h.message[1], "smaller");
    mmofl_journal_close(j);
    free(big);
}

static void a_damaged_answer_is_refused(void **state)
{
    const char *path = scratch_path(*state, "journal");
    char beside[4096];
    unsigned char *bytes;
    size_t size;
    mmofl_journal *j;
    mmofl_error err = {0};
    heard h = {0};
    bool goes_on;
    CHECK_OK(mmofl_journal_open(path, &j, &err));
    CHECK_OK(mmofl_journal_begin(j, 1, one, 1, &goes_on, &err));
    add(j, 1, "first");
    add(j, 2, "second");
    CHECK_OK(mmofl_journal_commit(j, &err));
    mmofl_journal_close(j);
    snprintf(beside, sizeof beside, "%s-messages", path);
    CHECK_OK(mmofl_file_read(beside, 100, &bytes, &size, &err));
    CHECK_INT(size, 11);
    for (size_t kept = 0; kept < 2; kept++) { /* another byte, then cut off */
        bytes[7] ^= 1;
        CHECK_OK(mmofl_file_write(beside, bytes, size - kept, false, &err));
        CHECK_OK(mmofl_journal_open(path, &j, &err));
        h = (heard){0};
        CHECK_STATUS(mmofl_journal_each(j, hear, &h, &err), MMOFL_E_CORRUPT);
        CHECK_CONTAINS(err.text, "journal-messages");
        CHECK_INT(h.n, 1);
        mmofl_journal_close(j);
    }
    free(bytes);
}

/* Rounds do not make it longer, nor does what was not committed. */
static void messages_of_a_new_round_take_the_place_of_the_old_ones(void **state)
{
    const char *path = scratch_path(*state, "journal");
    char beside[4096], text[32];
    unsigned char *bytes;
    size_t size;
    mmofl_journal *j;
    mmofl_error err = {0};
    heard h = {0};
    bool goes_on;
    snprintf(beside, sizeof beside, "%s-messages", path);
    CHECK_OK(mmofl_journal_open(path, &j, &err));
    for (uint64_t round = 1; round < 5; round++) {
        CHECK_OK(mmofl_journal_begin(j, round, one, round, &goes_on, &err));
        for (uint64_t device = 0; device < 3; device++) {
            snprintf(text, sizeof text, "answer %d", (int)(10 * round + device));
            CHECK_OK(mmofl_journal_add(j, device, round, text, strlen(text), &err));
            CHECK_OK(mmofl_journal_commit(j, &err));
        }
    }
    CHECK_OK(mmofl_journal_add(j, 3, 4, "uncommitted", 11, &err));
    mmofl_journal_close(j);
    CHECK_OK(mmofl_journal_open(path, &j, &err));
    CHECK_OK(mmofl_journal_begin(j, 4, one, 4, &goes_on, &err));
    CHECK(goes_on);
    CHECK_OK(mmofl_journal_add(j, 3, 4, "answer 43", 9, &err));
    CHECK_OK(mmofl_journal_commit(j, &err));
    CHECK_OK(mmofl_journal_each(j, hear, &h, &err));
    CHECK_INT(h.n, 4);
    CHECK_TEXT(h.message[0], "answer 40");
    CHECK_TEXT(h.message[2], "answer 42");
    CHECK_TEXT(h.message[3], "answer 43");
    mmofl_journal_close(j);
    CHECK_OK(mmofl_file_read(beside, 100, &bytes, &size, &err));
    CHECK_INT(size, 3 * 9 + 11);
    free(bytes);
}

static void hear_earlier(void *context, uint64_t device, uint64_t round)
{
    heard *h = context;
    h->device[h->n] = device;
    h->session[h->n++] = round;
}

static void hear_model(void *context, uint64_t round, const void *model, size_t size)
{
    (void)size;
    heard *h = context;
    h->device[h->n] = round;
    snprintf(h->message[h->n++], 16, "%s", (const char *)model);
}

static void of_earlier_answers_it_is_kept_that_they_came(void **state)
{
    mmofl_journal *j;
    mmofl_error err = {0};
    heard h = {0};
    bool goes_on;
    CHECK_OK(mmofl_journal_open(scratch_path(*state, "journal"), &j, &err));
    CHECK_OK(mmofl_journal_begin(j, 1, one, 1, &goes_on, &err));
    CHECK_OK(mmofl_journal_add(j, 3, 1, "first", 5, &err));
    CHECK_OK(mmofl_journal_begin(j, 2, one, 1, &goes_on, &err));
    CHECK(!goes_on);
    CHECK_STATUS(mmofl_journal_add(j, 3, 1, "again", 5, &err), MMOFL_E_DUPLICATE);
    CHECK_OK(mmofl_journal_add(j, 4, 1, "late", 4, &err));
    CHECK_OK(mmofl_journal_add(j, 3, 2, "second", 6, &err));
    CHECK_OK(mmofl_journal_begin(j, 2, one, 1, &goes_on, &err));
    CHECK(goes_on);
    CHECK_OK(mmofl_journal_each(j, hear, &h, &err));
    CHECK_INT(h.n, 2);
    CHECK_TEXT(h.message[0], "second");
    CHECK_TEXT(h.message[1], "late");
    h = (heard){0};
    CHECK_OK(mmofl_journal_each_earlier(j, hear_earlier, &h, &err));
    CHECK(h.n == 1 && h.device[0] == 3 && h.session[0] == 1);
    CHECK_OK(mmofl_journal_begin(j, 3, one, 2, &goes_on, &err));
    h = (heard){0};
    CHECK_OK(mmofl_journal_each_earlier(j, hear_earlier, &h, &err));
    CHECK(h.n == 1 && h.device[0] == 3 && h.session[0] == 2); /* round 1 is forgotten */
    mmofl_journal_close(j);
}

static void models_are_kept_as_long_as_they_count(void **state)
{
    mmofl_journal *j;
    mmofl_error err = {0};
    heard h = {0};
    CHECK_OK(mmofl_journal_open(scratch_path(*state, "journal"), &j, &err));
    CHECK_OK(mmofl_journal_keep_model(j, 4, "four", 5, 2, &err));
    CHECK_OK(mmofl_journal_keep_model(j, 5, "five", 5, 3, &err));
    CHECK_OK(mmofl_journal_keep_model(j, 7, "seven", 6, 5, &err));
    CHECK_OK(mmofl_journal_keep_model(j, 7, "other", 6, 5, &err));
    CHECK_OK(mmofl_journal_commit(j, &err));
    CHECK_OK(mmofl_journal_each_model(j, hear_model, &h, &err));
    CHECK(h.n == 2 && h.device[0] == 5 && h.device[1] == 7);
    CHECK_TEXT(h.message[1], "other");
    mmofl_journal_close(j);
}

CHECK_MAIN(IN_A_FOLDER(a_full_disk_fails_the_commit_and_the_next_one_keeps_the_answers),
           IN_A_FOLDER(an_answer_that_does_not_fit_costs_no_other),
           IN_A_FOLDER(a_damaged_answer_is_refused),
           IN_A_FOLDER(messages_of_a_new_round_take_the_place_of_the_old_ones),
           IN_A_FOLDER(of_earlier_answers_it_is_kept_that_they_came),
           IN_A_FOLDER(models_are_kept_as_long_as_they_count),
           IN_A_FOLDER(answers_come_back_by_device_until_another_round),
           IN_A_FOLDER(a_kill_takes_only_what_was_not_committed),
           IN_A_FOLDER(the_last_session_of_a_device_counts),
           IN_A_FOLDER(another_file_is_refused_and_left_alone))
