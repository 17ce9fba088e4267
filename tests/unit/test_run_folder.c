/* test_run_folder.c - what is on the disk after a crash, and who may write where. */
#include "scratch.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/file.h"
#include "store/run_folder.h"

static const char config[] = "rounds: 60\n";

typedef struct fixture {
    scratch s;
    mmofl_run_folder *folder;
    mmofl_run run;
    mmofl_error err;
} fixture;

static mmofl_status create(fixture *f)
{
    return mmofl_run_folder_create(scratch_path(&f->s, "run"), config, &f->folder,
                                   &f->err);
}

static mmofl_status reopen(fixture *f)
{
    mmofl_run_folder_close(f->folder);
    f->folder = NULL;
    return mmofl_run_folder_open(scratch_path(&f->s, "run"), &f->folder, &f->err);
}

static mmofl_status begin(fixture *f)
{
    return mmofl_run_folder_begin(f->folder, "demo", 7, "0.1", &f->run, &f->err);
}

static void fixture_new(fixture *f)
{
    *f = (fixture){0};
    scratch_new(&f->s);
    CHECK_OK(create(f));
    CHECK_OK(begin(f));
}

static void fixture_delete(fixture *f)
{
    mmofl_run_folder_close(f->folder);
    scratch_delete(&f->s);
}

enum { STATE_FLOATS = 4096 };

/* A round whose state is its own number, STATE_FLOATS times. */
static mmofl_status commit(fixture *f, int round)
{
    static float values[STATE_FLOATS];
    for (int i = 0; i < STATE_FLOATS; i++)
        values[i] = (float)round;
    const mmofl_tensor tensor = {"w", MMOFL_TENSOR_F32, 1, {STATE_FLOATS}, values};
    const mmofl_run_state state = {&tensor, 1, NULL, 0};
    const mmofl_round_record record = {
        .round = round, .participants = 1, .samples_new = 1};
    return mmofl_run_folder_commit(f->folder, &f->run, &record, &state, &f->err);
}

static mmofl_status see_last(void *context, const mmofl_round_record *r)
{
    *(int *)context = r->round;
    return MMOFL_OK;
}

static int last_round(fixture *f)
{
    int round = -1;
    CHECK_OK(mmofl_run_store_each_round(mmofl_run_folder_store(f->folder), f->run.id,
                                        see_last, &round, &f->err));
    return round;
}

/* How many files of the seed's folder have that in their name. */
static int count_files(fixture *f, const char *part)
{
    int n = 0;
    DIR *dir = opendir(scratch_path(&f->s, "run/seed-7"));
    CHECK(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        n += strstr(entry->d_name, part) != NULL;
    closedir(dir);
    return n;
}

static const char *checkpoint_path(fixture *f, int round)
{
    char name[64];
    snprintf(name, sizeof name, "run/seed-7/checkpoint-%d.safetensors", round);
    return scratch_path(&f->s, name);
}

/* Store, file and run must tell of one and the same round, and no other be left. */
static void check_agreement(fixture *f)
{
    CHECK_INT(last_round(f), f->run.round);
    CHECK_INT(count_files(f, ".part"), 0);
    CHECK_INT(count_files(f, "checkpoint-"), f->run.round >= 0);
    if (f->run.round < 0)
        return;
    char path[1024];
    mmofl_safetensors file;
    CHECK_OK(mmofl_run_folder_seed_path(f->folder, 7, f->run.checkpoint, path,
                                        sizeof path, &f->err));
    CHECK_OK(mmofl_safetensors_open(path, 0, &file, &f->err));
    const float *values = mmofl_safetensors_find(&file, "w")->data;
    for (int i = 0; i < STATE_FLOATS; i++)
        CHECK(values[i] == (float)f->run.round);
    mmofl_safetensors_close(&file);
}

static void new_folder_has_the_layout_of_the_header(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    unsigned char *text;
    size_t n;
    CHECK_OK(
        mmofl_file_read(scratch_path(&f.s, "run/config.yaml"), 100, &text, &n, &f.err));
    CHECK_TEXT((const char *)text, config);
    free(text);
    CHECK(mmofl_file_exists(scratch_path(&f.s, "run/run.sqlite")));
    CHECK(mmofl_file_is_folder(scratch_path(&f.s, "run/seed-7")));
    CHECK_INT(f.run.round, -1);
    CHECK_INT(f.run.status, MMOFL_RUN_RUNNING);
    CHECK_TEXT(mmofl_run_folder_config(f.folder), config);
    fixture_delete(&f);
}

static void resume_goes_on_from_the_last_round(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    for (int round = 1; round <= 5; round++)
        CHECK_OK(commit(&f, round));
    CHECK_STATUS(commit(&f, 5), MMOFL_E_DUPLICATE);
    CHECK_OK(reopen(&f));
    CHECK_OK(begin(&f));
    CHECK_INT(f.run.round, 5);
    check_agreement(&f);
    CHECK_OK(commit(&f, 6));
    CHECK_OK(mmofl_run_folder_finish(f.folder, &f.run, MMOFL_RUN_DONE, &f.err));
    check_agreement(&f);
    CHECK_OK(reopen(&f));
    CHECK_OK(begin(&f));
    CHECK_INT(f.run.status, MMOFL_RUN_DONE);
    fixture_delete(&f);
}

static void rounds_without_a_checkpoint_are_run_again(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    CHECK_OK(commit(&f, 1));
    mmofl_round_record r = {.round = 2, .participants = 1, .samples_new = 1};
    CHECK_OK(mmofl_run_folder_commit(f.folder, &f.run, &r, NULL, &f.err));
    CHECK_INT(last_round(&f), 2);
    CHECK_OK(reopen(&f));
    CHECK_OK(begin(&f));
    CHECK_INT(f.run.round, 1);
    check_agreement(&f);
    fixture_delete(&f);
}

static void a_checkpoint_is_due_first_and_then_after_a_while(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    CHECK(mmofl_run_folder_is_due(&f.run));
    CHECK_OK(commit(&f, 1));
    f.run.kept_at_s += 1000; /* as if it had just been */
    CHECK(!mmofl_run_folder_is_due(&f.run));
    f.run.kept_at_s -= 1001;
    CHECK(mmofl_run_folder_is_due(&f.run));
    fixture_delete(&f);
}

/* As after power loss: the name is there, the data never reached the disk. */
static void damaged_checkpoint_falls_back_to_the_one_before(void **state)
{
    (void)state;
    static const char zeros[STATE_FLOATS * 4];
    for (int kind = 0; kind < 3; kind++) {
        fixture f;
        fixture_new(&f);
        f.run.synced_at_s -= 2; /* the next one is synced, so it stays */
        CHECK_OK(commit(&f, 1));
        CHECK_OK(commit(&f, 2));
        CHECK_INT(count_files(&f, "checkpoint-"), 2);
        if (kind == 0)
            CHECK_INT(unlink(checkpoint_path(&f, 2)), 0);
        else
            CHECK_OK(mmofl_file_write(checkpoint_path(&f, 2), zeros,
                                      kind == 1 ? 0 : sizeof zeros, false, &f.err));
        CHECK_OK(reopen(&f));
        CHECK_OK(begin(&f));
        CHECK_INT(f.run.round, 1);
        check_agreement(&f);
        CHECK_OK(commit(&f, 2));
        fixture_delete(&f);
    }
}

static void without_any_whole_checkpoint_the_run_begins_again(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    CHECK_OK(commit(&f, 1));
    CHECK_INT(unlink(checkpoint_path(&f, 1)), 0);
    CHECK_OK(reopen(&f));
    CHECK_OK(begin(&f));
    CHECK_INT(f.run.round, -1);
    check_agreement(&f);
    CHECK_OK(commit(&f, 1));
    fixture_delete(&f);
}

static void stray_files_are_removed_and_others_are_not(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    CHECK_OK(commit(&f, 1));
    CHECK_OK(mmofl_file_write(checkpoint_path(&f, 9), "x", 1, false, &f.err));
    CHECK_OK(mmofl_file_write(scratch_path(&f.s, "run/seed-7/metrics.csv.part"), "x", 1,
                              false, &f.err));
    CHECK_OK(mmofl_file_write(scratch_path(&f.s, "run/seed-7/notes.txt"), "x", 1, false,
                              &f.err));
    CHECK_OK(reopen(&f));
    CHECK_OK(begin(&f));
    check_agreement(&f);
    CHECK_INT(count_files(&f, "notes.txt"), 1);
    fixture_delete(&f);
}

static void second_writer_is_refused_while_the_first_lives(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    mmofl_run_folder *other = NULL;
    CHECK_STATUS(mmofl_run_folder_open(scratch_path(&f.s, "run"), &other, &f.err),
                 MMOFL_E_STATE);
    CHECK_CONTAINS(f.err.text, "another process is using it");
    CHECK(!other);
    CHECK_OK(reopen(&f));
    fixture_delete(&f);
}

static void folder_with_something_in_it_is_refused(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    mmofl_run_folder *other = NULL;
    mmofl_error *err = &f.err;
    CHECK_STATUS(
        mmofl_run_folder_create(scratch_path(&f.s, "run"), config, &other, err),
        MMOFL_E_EXISTS);
    CHECK_CONTAINS(f.err.text, "unfinished run, resume it");
    CHECK_STATUS(mmofl_run_folder_check_new(scratch_path(&f.s, "run"), err),
                 MMOFL_E_EXISTS);
    CHECK_OK(mmofl_run_folder_check_new(scratch_path(&f.s, "another"), err));
    CHECK(!mmofl_file_exists(scratch_path(&f.s, "another")));
    CHECK_OK(
        mmofl_file_write(scratch_path(&f.s, "run/summary.json"), "{}", 2, false, err));
    CHECK_STATUS(
        mmofl_run_folder_create(scratch_path(&f.s, "run"), config, &other, err),
        MMOFL_E_EXISTS);
    CHECK_CONTAINS(f.err.text, "finished run");
    CHECK_STATUS(mmofl_run_folder_create(f.s.folder, config, &other, err),
                 MMOFL_E_EXISTS);
    CHECK_CONTAINS(f.err.text, "not empty and no run (it holds run)");
    CHECK(!mmofl_file_exists(scratch_path(&f.s, "lock"))); /* nothing was left there */
    CHECK(!other);
    fixture_delete(&f);
}

static void half_created_folder_can_be_created_again(void **state)
{
    (void)state;
    fixture f = {0};
    scratch_new(&f.s);
    CHECK_OK(mmofl_file_make_folders(scratch_path(&f.s, "run"), &f.err));
    CHECK_OK(mmofl_file_write(scratch_path(&f.s, "run/config.yaml"), "old", 3, false,
                              &f.err));
    CHECK_OK(mmofl_file_write(scratch_path(&f.s, "run/lock"), "", 0, false, &f.err));
    CHECK_OK(create(&f));
    CHECK_OK(begin(&f));
    fixture_delete(&f);
}

static void place_without_a_run_or_without_access_is_refused(void **state)
{
    (void)state;
    fixture f = {0};
    scratch_new(&f.s);
    CHECK_STATUS(reopen(&f), MMOFL_E_NOT_FOUND);
    CHECK_OK(mmofl_file_write(scratch_path(&f.s, "file"), "x", 1, false, &f.err));
    CHECK_STATUS(mmofl_run_folder_create(scratch_path(&f.s, "file/run"), config,
                                         &f.folder, &f.err),
                 MMOFL_E_IO);
    CHECK_STATUS(
        mmofl_run_folder_create(scratch_path(&f.s, "file"), config, &f.folder, &f.err),
        MMOFL_E_EXISTS);
    CHECK_STATUS(mmofl_run_folder_check_new(scratch_path(&f.s, "file"), &f.err),
                 MMOFL_E_EXISTS);
    CHECK(!f.folder);
    fixture_delete(&f);
}

static void changed_config_is_refused(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    CHECK_OK(mmofl_file_write(scratch_path(&f.s, "run/config.yaml"), "rounds: 61\n", 11,
                              false, &f.err));
    CHECK_OK(reopen(&f));
    CHECK_STATUS(begin(&f), MMOFL_E_STATE);
    CHECK_CONTAINS(f.err.text, "config.yaml");
    fixture_delete(&f);
}

/* The child: commit rounds for ever, and tell each on the pipe when it is kept. */
static void write_until_killed(fixture *f, int pipe_fd)
{
    if (reopen(f) || begin(f))
        _exit(1);
    for (int round = f->run.round + 1;; round++) {
        if (commit(f, round))
            _exit(2);
        if (write(pipe_fd, &round, sizeof round) != sizeof round)
            _exit(3);
    }
}

static void kill_at_any_moment_loses_at_most_the_running_round(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    int told = -1;
    for (int turn = 0; turn < 25; turn++) {
        int ends[2], status;
        mmofl_run_folder_close(f.folder); /* the child takes the lock */
        f.folder = NULL;
        CHECK_INT(pipe(ends), 0);
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0)
            write_until_killed(&f, ends[1]);
        close(ends[1]);
        for (int i = 0; i < 1 + turn * 7 % 11; i++)
            CHECK_INT(read(ends[0], &told, sizeof told), sizeof told);
        for (volatile int spin = 0; spin < turn * 40000; spin++)
            ; /* another moment of the commit each turn */
        kill(child, SIGKILL);
        CHECK_INT(waitpid(child, &status, 0), child);
        CHECK(WIFSIGNALED(status));
        while (read(ends[0], &told, sizeof told) == sizeof told)
            ; /* what it told before it died */
        close(ends[0]);
        CHECK_OK(reopen(&f));
        CHECK_OK(begin(&f));
        CHECK(f.run.round >= told && f.run.round <= told + 1);
        check_agreement(&f);
    }
    fixture_delete(&f);
}

/* Exit code of a process that fills a small file system of its own; 99 = it may not. */
static int fill_a_disk(const char *mount_point)
{
    if (unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", mount_point, "tmpfs", 0, "size=600k") != 0)
        return 99;
    fixture f = {0};
    snprintf(f.s.folder, sizeof f.s.folder, "%s", mount_point);
    if (create(&f) || begin(&f))
        return 1;
    char ballast[600];
    snprintf(ballast, sizeof ballast, "%s/ballast", mount_point);
    FILE *file = fopen(ballast, "w");
    mmofl_status st = MMOFL_OK;
    int round = 0;
    while (!st && round < 1000) {
        static const char filler[8192];
        if (fwrite(filler, 1, sizeof filler, file) > 0)
            fflush(file); /* leaves less and less room */
        st = commit(&f, ++round);
    }
    fclose(file);
    if (st != MMOFL_E_NO_SPACE || round < 3)
        return 2;
    if (count_files(&f, ".part") != 0 || last_round(&f) != round - 1)
        return 3;
    if (unlink(ballast) != 0 || reopen(&f) || begin(&f))
        return 4;
    if (f.run.round != round - 1 || commit(&f, round))
        return 5;
    mmofl_run_folder_close(f.folder);
    return 0;
}

static void full_disk_is_told_and_the_last_round_stays(void **state)
{
    (void)state;
    scratch s;
    int status;
    scratch_new(&s);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        _exit(fill_a_disk(s.folder));
    CHECK_INT(waitpid(child, &status, 0), child);
    scratch_delete(&s);
    CHECK(WIFEXITED(status));
    if (WEXITSTATUS(status) == 99)
        CHECK_SKIP("may not mount a small file system");
    CHECK_INT(WEXITSTATUS(status), 0);
}

CHECK_MAIN(TEST(new_folder_has_the_layout_of_the_header),
           TEST(resume_goes_on_from_the_last_round),
           TEST(rounds_without_a_checkpoint_are_run_again),
           TEST(a_checkpoint_is_due_first_and_then_after_a_while),
           TEST(damaged_checkpoint_falls_back_to_the_one_before),
           TEST(without_any_whole_checkpoint_the_run_begins_again),
           TEST(stray_files_are_removed_and_others_are_not),
           TEST(second_writer_is_refused_while_the_first_lives),
           TEST(folder_with_something_in_it_is_refused),
           TEST(half_created_folder_can_be_created_again),
           TEST(place_without_a_run_or_without_access_is_refused),
           TEST(changed_config_is_refused),
           TEST(kill_at_any_moment_loses_at_most_the_running_round),
           TEST(full_disk_is_told_and_the_last_round_stays))
