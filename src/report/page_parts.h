/* page_parts.h - the parts of the page.  Only page*.c include it. */
#ifndef MMOFL_REPORT_PAGE_PARTS_H
#define MMOFL_REPORT_PAGE_PARTS_H

#include <stdio.h>

#include "report/curves.h"

/** What is written, and where. */
typedef struct mmofl_page {
    FILE *to;
    const mmofl_results *results;
    const char *reference; /* a method of the results, or NULL */
} mmofl_page;

/** Doctype up to the first section; and the end. */
void mmofl_page_head(const mmofl_page *page);
void mmofl_page_foot(const mmofl_page *page);

/** Results by group and method, differences to the reference, bytes and settings. */
void mmofl_page_tables(const mmofl_page *page);
void mmofl_page_differences(const mmofl_page *page);
void mmofl_page_cost(const mmofl_page *page);
void mmofl_page_settings(const mmofl_page *page);

/** Accuracy over each swept number. */
MMOFL_CHECKED mmofl_status mmofl_page_sweeps(const mmofl_page *page, mmofl_error *err);

/** All that depends on rounds, group by group. */
MMOFL_CHECKED mmofl_status mmofl_page_groups(const mmofl_page *page, mmofl_error *err);

/** Cost and movement of prototypes; nothing where no cell has any. */
MMOFL_CHECKED mmofl_status mmofl_page_prototypes(const mmofl_page *page,
                                                 mmofl_error *err);

#endif
