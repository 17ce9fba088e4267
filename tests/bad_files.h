/* bad_files.h - a folder of inputs that must be refused, each with the status that its
 * name starts with: tests/bad/archive/E_TRUNCATED--half.zip. */
#ifndef MMOFL_TESTS_BAD_FILES_H
#define MMOFL_TESTS_BAD_FILES_H

#include <dirent.h>

#include "check.h"

/** Give every file of tests/bad/KIND to attempt; at least `least` of them.  The error
 * must name the file. */
static inline void bad_files_are_refused(const char *kind, int least,
                                         mmofl_status (*attempt)(const char *path,
                                                                 mmofl_error *err))
{
    char folder[512], path[1024];
    snprintf(folder, sizeof folder, "%s/bad/%s", MMOFL_TESTS_DIR, kind);
    DIR *dir = opendir(folder);
    int n = 0;
    CHECK(dir);
    for (const struct dirent *item; (item = readdir(dir));) {
        const char *dashes = strstr(item->d_name, "--");
        if (!dashes)
            continue;
        mmofl_error err = {0};
        snprintf(path, sizeof path, "%s/%s", folder, item->d_name);
        mmofl_status st = attempt(path, &err);
        size_t length = (size_t)(dashes - item->d_name);
        const char *got = mmofl_status_name(st);
        if (strlen(got) != length || memcmp(got, item->d_name, length) != 0)
            fail_msg("%s: gave %s: %s", item->d_name, got, err.text);
        CHECK_INT(err.status, st);
        CHECK_CONTAINS(err.text, item->d_name);
        n++;
    }
    closedir(dir);
    CHECK(n >= least);
}

#endif
