/* board.h - how things stand, for threads that look: the server's thread writes, others
 * read whole states.
 *
 * There are two of them, the shown one and the draft; showing exchanges them.  A reader
 * keeps the shown one where it is; the writer does not wait for readers but shows its
 * draft the next time.  Threads: one writer, any readers. */
#ifndef MMOFL_SERVE_BOARD_H
#define MMOFL_SERVE_BOARD_H

#include "link/endpoint.h"
#include "wire/name.h"

/** What was counted in this life of the process. */
typedef struct mmofl_server_counts {
    uint64_t refused[MMOFL_STATUS_COUNT]; /* updates and messages, by status */
    uint64_t late_used;                   /* updates of earlier rounds that counted */
    uint64_t clipped;                     /* updates that were scaled down */
    uint64_t journal_failures;
    uint64_t rounds; /* closed */
} mmofl_server_counts;

typedef struct mmofl_server_status {
    uint64_t round, rounds; /* the open one (0: none) of how many */
    double open_s, left_s;  /* since it opened, until the deadline (infinite: none) */
    double away_s;          /* without a broker; 0: it is there */
    uint32_t devices, live, participants;
    uint32_t answers, declines; /* of participants */
    uint32_t late;              /* updates of earlier rounds in this one */
    uint32_t unkept;            /* updates that are not on the disk yet */
    uint32_t wanted;            /* updates that close the round */
    uint32_t has_task;
    mmofl_server_counts counts;
    mmofl_endpoint_counts traffic;
} mmofl_server_status;

typedef enum mmofl_device_state {
    MMOFL_DEVICE_REVOKED,
    MMOFL_DEVICE_AWAY,     /* never heard, or its lease is over */
    MMOFL_DEVICE_IDLE,     /* takes no part in the open round */
    MMOFL_DEVICE_WAITED,   /* has no task yet */
    MMOFL_DEVICE_LEARNING, /* has the task */
    MMOFL_DEVICE_ANSWERED,
    MMOFL_DEVICE_DECLINED
} mmofl_device_state;

/** "away" and so on. */
const char *mmofl_device_state_name(mmofl_device_state state);

typedef struct mmofl_device_status {
    char name[MMOFL_WIRE_NAME_BYTES];
    mmofl_device_state state;
    bool is_waited;   /* takes part, and has not answered */
    double heard_s;   /* ago; infinite: never */
    uint32_t samples; /* in its buffer, as it said last */
} mmofl_device_status;

/** One whole state. */
typedef struct mmofl_board_view {
    double at_s; /* mmofl_clock_seconds when it was written; 0: never yet */
    mmofl_server_status status;
    mmofl_device_status *device; /* (status.devices) */
} mmofl_board_view;

typedef struct mmofl_board mmofl_board;

/** @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_board_new(uint32_t devices, mmofl_board **board);
void mmofl_board_delete(mmofl_board *board);

/** The writer's draft, with room for all devices. */
mmofl_board_view *mmofl_board_draft(mmofl_board *board);
/** Show it, stamped; false: somebody is reading, the draft is as it was. */
bool mmofl_board_show(mmofl_board *board);

/** What is shown, as it stays until mmofl_board_done. */
const mmofl_board_view *mmofl_board_read(mmofl_board *board);
void mmofl_board_done(mmofl_board *board);

#endif
