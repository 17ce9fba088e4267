/* Free memory, told by files of a made-up system. */
#include "scratch.h"

#include "base/memory.h"

#define MIB ((size_t)1 << 20)

/* root/path with that content; folders are made. */
static void put(scratch *s, const char *path, const char *content)
{
    char folder[512];
    snprintf(folder, sizeof folder, "%s/%s", s->folder, path);
    for (char *slash = folder + strlen(s->folder) + 1; (slash = strchr(slash, '/'));
         slash++) {
        *slash = '\0';
        mkdir(folder, 0700);
        *slash = '/';
    }
    FILE *file = fopen(folder, "w");
    CHECK(file && fputs(content, file) >= 0 && fclose(file) == 0);
}

static const char meminfo[] = "MemTotal:       16000000 kB\n"
                              "MemFree:          100000 kB\n"
                              "MemAvailable:    8388608 kB\n";

static void linux_estimate_counts_where_there_is_no_limit(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    CHECK_INT(mmofl_memory_available_under(s.folder), 0); /* nothing tells */
    put(&s, "proc/meminfo", meminfo);
    CHECK_INT(mmofl_memory_available_under(s.folder), 8192 * MIB);
    put(&s, "proc/self/cgroup", "0::/\n"); /* the top has no limit */
    CHECK_INT(mmofl_memory_available_under(s.folder), 8192 * MIB);
    put(&s, "proc/self/cgroup", "0::/job\n");
    put(&s, "sys/fs/cgroup/job/memory.max", "max\n");
    put(&s, "sys/fs/cgroup/job/memory.current", "123456\n");
    CHECK_INT(mmofl_memory_available_under(s.folder), 8192 * MIB);
    scratch_delete(&s);
}

/* /batch may have 1 GiB and uses 600 MiB, 100 of which are pages of files that it would
 * give up; /batch/step may have 800 MiB and uses 200. */
static void the_tightest_group_counts(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    put(&s, "proc/meminfo", meminfo);
    put(&s, "proc/self/cgroup", "12:devices:/elsewhere\n0::/batch/step\n");
    put(&s, "sys/fs/cgroup/batch/step/memory.max", "838860800\n");
    put(&s, "sys/fs/cgroup/batch/step/memory.current", "209715200\n");
    CHECK_INT(mmofl_memory_available_under(s.folder), 600 * MIB);
    put(&s, "sys/fs/cgroup/batch/memory.max", "1073741824\n");
    put(&s, "sys/fs/cgroup/batch/memory.current", "629145600\n");
    CHECK_INT(mmofl_memory_available_under(s.folder), 424 * MIB);
    put(&s, "sys/fs/cgroup/batch/memory.stat",
        "anon 524288000\nfile 104857600\ninactive_file 104857600\n");
    CHECK_INT(mmofl_memory_available_under(s.folder), 524 * MIB);
    scratch_delete(&s);
}

static void the_first_version_of_groups_is_known(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    put(&s, "proc/meminfo", meminfo);
    put(&s, "proc/self/cgroup", "5:cpu:/x\n4:memory:/docker/ab\n0::/\n");
    /* In a container its own group is the top. */
    put(&s, "sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n");
    put(&s, "sys/fs/cgroup/memory/memory.usage_in_bytes", "134217728\n");
    put(&s, "sys/fs/cgroup/memory/memory.stat", "total_inactive_file 0\n");
    CHECK_INT(mmofl_memory_available_under(s.folder), 384 * MIB);
    put(&s, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    CHECK_INT(mmofl_memory_available_under(s.folder), 8192 * MIB);
    /* All of it is used: not the zero that stands for not knowing. */
    put(&s, "sys/fs/cgroup/memory/memory.limit_in_bytes", "134217728\n");
    CHECK_INT(mmofl_memory_available_under(s.folder), 1);
    scratch_delete(&s);
}

static void this_process_has_some_and_may_have_more(void **state)
{
    (void)state;
    CHECK(mmofl_memory_resident() > MIB / 4);
    CHECK(mmofl_memory_available() > 0);
}

CHECK_MAIN(TEST(linux_estimate_counts_where_there_is_no_limit),
           TEST(the_tightest_group_counts), TEST(the_first_version_of_groups_is_known),
           TEST(this_process_has_some_and_may_have_more))
