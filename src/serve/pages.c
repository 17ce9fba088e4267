/* pages.c - rows of figures: name, kind, meaning, value. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "serve/pages.h"

static const double silence_s = 300;

mmofl_page mmofl_page_line(const char *line)
{
    mmofl_page page = {malloc(strlen(line) + 2), strlen(line) + 1};
    if (page.text)
        snprintf(page.text, page.size + 1, "%s\n", line);
    return page.text ? page : (mmofl_page){0};
}

bool mmofl_page_health(const mmofl_board_view *view, double age_s, mmofl_page *page)
{
    char line[128] = "ok";
    if (age_s > silence_s)
        snprintf(line, sizeof line, "nothing has happened for %.0f s", age_s);
    else if (view->status.away_s > 0)
        snprintf(line, sizeof line, "no broker for %.0f s",
                 view->status.away_s + age_s);
    else if (view->status.unkept > 0 && view->status.counts.journal_failures > 0)
        snprintf(line, sizeof line, "%u updates are not on the disk",
                 view->status.unkept);
    *page = mmofl_page_line(line);
    return strcmp(line, "ok") == 0;
}

/* ---- Prometheus ---- */

typedef struct figure {
    const char *name, *kind, *help;
    double value;
} figure;

static void print_head(FILE *to, const char *name, const char *kind, const char *help)
{
    fprintf(to, "# HELP mmofl_%s %s\n# TYPE mmofl_%s %s\n", name, help, name, kind);
}

static void print_figures(FILE *to, const figure *f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        print_head(to, f[i].name, f[i].kind, f[i].help);
        fprintf(to, "mmofl_%s %.17g\n", f[i].name, f[i].value);
    }
}

static void print_round(FILE *to, const mmofl_server_status *s)
{
    const figure figures[] = {
        {"round", "gauge", "The open round; 0: none is.", (double)s->round},
        {"round_last", "gauge", "The round with which training ends.",
         (double)s->rounds},
        {"round_open_seconds", "gauge", "Since the open round was opened.", s->open_s},
        {"round_participants", "gauge", "Devices asked in the open round.",
         s->participants},
        {"round_tasks", "gauge", "Of them, those that have the task.", s->has_task},
        {"round_answers", "gauge", "Of them, those whose update is kept.", s->answers},
        {"round_declines", "gauge", "Of them, those that send none.", s->declines},
        {"round_late", "gauge", "Updates of earlier rounds that count in this one.",
         s->late},
        {"round_unkept", "gauge", "Updates that are not on the disk yet.", s->unkept},
        {"rounds_total", "counter", "Rounds closed by this process.",
         (double)s->counts.rounds},
        {"devices", "gauge", "Devices of the fleet.", s->devices},
        {"devices_live", "gauge", "Of them, those whose lease is running.", s->live},
        {"broker_up", "gauge", "Is the broker there?", s->away_s > 0 ? 0 : 1},
        {"updates_late_total", "counter", "Late updates that counted.",
         (double)s->counts.late_used},
        {"updates_clipped_total", "counter", "Updates that were scaled down.",
         (double)s->counts.clipped},
        {"journal_failures_total", "counter", "Times that the disk took nothing.",
         (double)s->counts.journal_failures},
    };
    print_figures(to, figures, sizeof figures / sizeof *figures);
}

static void print_by_status(FILE *to, const char *name, const char *help,
                            const uint64_t *count)
{
    print_head(to, name, "counter", help);
    for (int i = 1; i < MMOFL_STATUS_COUNT; i++)
        if (count[i] > 0)
            fprintf(to, "mmofl_%s{status=\"%s\"} %" PRIu64 "\n", name,
                    mmofl_status_name((mmofl_status)i), count[i]);
}

static void print_both_ways(FILE *to, const char *name, const char *help, uint64_t in,
                            uint64_t out)
{
    print_head(to, name, "counter", help);
    fprintf(to,
            "mmofl_%s{direction=\"in\"} %" PRIu64
            "\nmmofl_%s{direction=\"out\"} %" PRIu64 "\n",
            name, in, name, out);
}

static void print_traffic(FILE *to, const mmofl_server_status *s)
{
    const mmofl_endpoint_counts *t = &s->traffic;
    print_both_ways(to, "frames_total", "Payloads on the bus.", t->frames_in,
                    t->frames_out);
    print_both_ways(to, "payload_bytes_total", "Their bytes.", t->bytes_in,
                    t->bytes_out);
    print_both_ways(to, "objects_total", "Messages, whole.", t->objects_in,
                    t->objects_out);
    print_both_ways(to, "frames_repeated_total", "Payloads that came or went again.",
                    t->repeats_in, t->repeats_out);
    print_by_status(to, "updates_refused_total", "Updates and messages refused.",
                    s->counts.refused);
    print_by_status(to, "frames_refused_total", "Payloads and objects dropped.",
                    t->refused);
    const figure figures[] = {
        {"peers", "gauge", "Devices that were heard.", (double)t->peers},
        {"sending", "gauge", "Messages on their way.", (double)t->sending},
        {"assembling", "gauge", "Messages of which chunks are missing.",
         (double)t->assembling},
        {"assembly_bytes", "gauge", "Memory that these take.",
         (double)t->assembly_bytes},
    };
    print_figures(to, figures, sizeof figures / sizeof *figures);
}

static void print_states(FILE *to, const mmofl_board_view *view)
{
    uint32_t count[MMOFL_DEVICE_DECLINED + 1] = {0};
    for (uint32_t i = 0; view->at_s > 0 && i < view->status.devices; i++)
        count[view->device[i].state]++;
    print_head(to, "devices_by_state", "gauge", "Devices by what they are doing.");
    for (int i = 0; i <= MMOFL_DEVICE_DECLINED; i++)
        fprintf(to, "mmofl_devices_by_state{state=\"%s\"} %u\n",
                mmofl_device_state_name((mmofl_device_state)i), count[i]);
}

mmofl_page mmofl_page_metrics(const mmofl_board_view *view)
{
    mmofl_page page = {0};
    FILE *to = open_memstream(&page.text, &page.size);
    if (!to)
        return (mmofl_page){0};
    print_round(to, &view->status);
    print_states(to, view);
    print_traffic(to, &view->status);
    if (fclose(to) != 0) {
        free(page.text);
        return (mmofl_page){0};
    }
    return page;
}

/* ---- JSON ---- */

/* Infinite is null. */
static json_t *seconds(double s)
{
    return isfinite(s) ? json_real(s) : json_null();
}

static json_t *counts_by_status(const uint64_t *count)
{
    json_t *object = json_object();
    for (int i = 1; i < MMOFL_STATUS_COUNT; i++)
        if (count[i] > 0)
            json_object_set_new(object, mmofl_status_name((mmofl_status)i),
                                json_integer((json_int_t)count[i]));
    return object;
}

static json_t *devices_of(const mmofl_board_view *view)
{
    json_t *list = json_array();
    for (uint32_t i = 0; view->at_s > 0 && i < view->status.devices; i++) {
        const mmofl_device_status *d = &view->device[i];
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:b, s:o, s:I}", "name", d->name, "state",
                            mmofl_device_state_name(d->state), "waited_for",
                            d->is_waited, "heard_s", seconds(d->heard_s), "samples",
                            (json_int_t)d->samples));
    }
    return list;
}

static json_t *round_of(const mmofl_server_status *s)
{
    return json_pack("{s:I, s:I, s:f, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "number",
                     (json_int_t)s->round, "last", (json_int_t)s->rounds, "open_s",
                     s->open_s, "left_s", seconds(s->left_s), "participants",
                     (json_int_t)s->participants, "wanted", (json_int_t)s->wanted,
                     "answers", (json_int_t)s->answers, "declines",
                     (json_int_t)s->declines, "late", (json_int_t)s->late, "unkept",
                     (json_int_t)s->unkept);
}

mmofl_page mmofl_page_status(const mmofl_board_view *view, const char *federation,
                             double age_s)
{
    const mmofl_server_status *s = &view->status;
    json_t *all = json_pack(
        "{s:s, s:f, s:f, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "federation",
        federation, "age_s", age_s, "broker_away_s", s->away_s, "round", round_of(s),
        "devices", (json_int_t)s->devices, "live", (json_int_t)s->live, "closed",
        (json_int_t)s->counts.rounds, "late_used", (json_int_t)s->counts.late_used,
        "clipped", (json_int_t)s->counts.clipped, "journal_failures",
        (json_int_t)s->counts.journal_failures, "refused",
        counts_by_status(s->counts.refused), "device", devices_of(view));
    char *text = all ? json_dumps(all, JSON_COMPACT) : NULL;
    json_decref(all);
    return text ? (mmofl_page){text, strlen(text)} : (mmofl_page){0};
}
