/* page.c - head, style and order of the page.
 *
 * Colours are those of Okabe and Ito, made for all kinds of colour vision, and a dark
 * set of the same hues. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/page.h"
#include "report/page_parts.h"
#include "report/svg.h"

static const char style[] =
    ":root{--paper:#fff;--ink:#1b1f24;--faint:#5d6670;--grid:#e4e7eb;--rule:#1b1f24;"
    "--mark:#f2f6fb;--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#b2528c;--c4:#c98a00;"
    "--c5:#3d9fd8;--c6:#6b6b6b;--c7:#8a3ffc}"
    "@media (prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e6e9ec;"
    "--faint:#9aa4ae;--grid:#2b3138;--rule:#c9d0d6;--mark:#1d242c;--c0:#58aee8;"
    "--c1:#ff8b45;--c2:#3ecf9f;--c3:#e08fc0;--c4:#f0bf4c;--c5:#8fd0f7;--c6:#a9b0b7;"
    "--c7:#b794ff}}"
    "@media print{:root{--paper:#fff;--ink:#000;--faint:#444;--grid:#ddd;--mark:#fff}"
    "figure,table{break-inside:avoid}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;max-width:1080px;padding:40px 28px "
    "64px;background:var(--paper);"
    "color:var(--ink);font:15px/1.5 \"Source Serif 4\",Charter,Georgia,"
    "\"DejaVu Serif\",serif}"
    "h1{font-size:28px;line-height:1.2;margin:0 0 4px}"
    "h2{font-size:19px;margin:40px 0 10px;padding-bottom:4px;"
    "border-bottom:1px solid var(--grid)}"
    "h3{font-size:15px;margin:22px 0 6px}"
    "p.meta,p.note{color:var(--faint);margin:2px 0 10px;font-size:14px;max-width:76ch}"
    "table{border-collapse:collapse;font:13.5px/1.35 system-ui,\"Helvetica "
    "Neue\",Arial,"
    "\"DejaVu Sans\",sans-serif;font-variant-numeric:tabular-nums lining-nums;"
    "margin:6px 0 4px;border-top:1.5px solid var(--rule);"
    "border-bottom:1.5px solid var(--rule)}"
    "div.wide{overflow-x:auto}"
    "th,td{padding:4px 12px;text-align:right;white-space:nowrap}"
    "th:first-child,td:first-child{text-align:left;padding-left:2px}"
    "thead th{border-bottom:1px solid var(--rule);font-weight:600}"
    "tbody th{font-weight:400}"
    "tbody tr:hover{background:var(--mark)}"
    "td.best{font-weight:700}td .sd{color:var(--faint);font-weight:400;"
    "font-size:12px}td.good{color:var(--c2)}td.bad{color:var(--c1)}"
    "caption{caption-side:top;text-align:left;font-weight:600;padding:10px 2px 6px}"
    "div.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(420px,1fr))"
    ";"
    "gap:18px 28px}"
    "figure{margin:0}figcaption{font:600 13.5px/1.35 system-ui,Arial,\"DejaVu Sans\","
    "sans-serif;margin:0 0 4px}"
    "svg{display:block;width:100%;height:auto;font:11px system-ui,Arial,\"DejaVu "
    "Sans\","
    "sans-serif}"
    ".axis text{fill:var(--faint)}.axis text.label{fill:var(--ink);font-size:12px}"
    ".grid{stroke:var(--grid)}.tick,.base{stroke:var(--faint)}"
    ".line{fill:none;stroke-width:1.6;stroke-linejoin:round}.strong{stroke-width:2.8}"
    ".band{opacity:.14;stroke:none}"
    ".legend{display:flex;flex-wrap:wrap;gap:2px 16px;padding-left:52px;"
    "font:12px/1.5 system-ui,Arial,\"DejaVu Sans\",sans-serif}"
    ".legend i{display:inline-block;width:20px;border-top:2.5px solid;"
    "vertical-align:middle;margin-right:6px}"
    ".legend i.ramp{border:0;height:9px;width:110px;margin:0 6px;"
    "background:linear-gradient(90deg,#f7fbff,#08306b)}"
    "pre{font:12px/1.45 ui-monospace,\"DejaVu Sans Mono\",monospace;overflow-x:auto;"
    "background:var(--mark);padding:12px 14px}"
    "summary{cursor:pointer;margin:8px 0}";

void mmofl_page_head(const mmofl_page *page)
{
    const mmofl_results *r = page->results;
    FILE *to = page->to;
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
          "<title>",
          to);
    mmofl_html_escape(to, r->title);
    fprintf(to, "</title><style>%s</style></head>\n<body>\n<h1>", style);
    mmofl_html_escape(to, r->title);
    int fewest = r->cell[0].n_seeds, most = fewest;
    for (int i = 0; i < r->n_cells; i++) {
        fewest = r->cell[i].n_seeds < fewest ? r->cell[i].n_seeds : fewest;
        most = r->cell[i].n_seeds > most ? r->cell[i].n_seeds : most;
    }
    fprintf(to, "</h1>\n<p class=\"meta\">%d cell%s: %d setting%s, %d method%s; ",
            r->n_cells, r->n_cells == 1 ? "" : "s", r->n_groups,
            r->n_groups == 1 ? "" : "s", r->n_methods, r->n_methods == 1 ? "" : "s");
    if (fewest == most)
        fprintf(to, "%d seed%s each", most, most == 1 ? "" : "s");
    else
        fprintf(to, "%d to %d seeds each", fewest, most);
    fputs(". Numbers are mean &#177; standard deviation over seeds; bands in figures "
          "are one standard deviation.</p>\n",
          to);
}

void mmofl_page_foot(const mmofl_page *page)
{
    fputs("</body></html>\n", page->to);
}

static mmofl_status write_page(const mmofl_page *page, mmofl_error *err)
{
    mmofl_page_head(page);
    mmofl_page_tables(page);
    mmofl_page_differences(page);
    mmofl_status st = mmofl_page_sweeps(page, err);
    if (!st)
        st = mmofl_page_groups(page, err);
    if (!st)
        st = mmofl_page_prototypes(page, err);
    if (st)
        return st;
    mmofl_page_cost(page);
    mmofl_page_settings(page);
    mmofl_page_foot(page);
    return MMOFL_OK;
}

static const char *known_method(const mmofl_results *r, const char *name)
{
    for (int i = 0; name && i < r->n_methods; i++)
        if (strcmp(r->method[i], name) == 0)
            return r->method[i];
    return NULL;
}

mmofl_status mmofl_page_write(const mmofl_results *results, const char *reference,
                              const char *path, mmofl_error *err)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    mmofl_page page = {to, results, known_method(results, reference)};
    mmofl_status st = write_page(&page, err);
    if (fclose(to) != 0 && !st)
        st = mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    if (!st)
        st = mmofl_file_write(path, text, size, true, err);
    free(text);
    return st;
}
