/* board.c - two states and a lock. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "serve/board.h"

struct mmofl_board {
    pthread_mutex_t reading; /* of the shown view */
    mmofl_board_view view[2];
    int shown;
};

const char *mmofl_device_state_name(mmofl_device_state state)
{
    static const char *const name[] = {"revoked",  "away",     "idle",    "waited",
                                       "learning", "answered", "declined"};
    return name[state];
}

mmofl_status mmofl_board_new(uint32_t devices, mmofl_board **out)
{
    mmofl_board *board = calloc(1, sizeof *board);
    if (!board)
        return MMOFL_E_MEMORY;
    pthread_mutex_init(&board->reading, NULL);
    for (int i = 0; i < 2; i++) {
        mmofl_board_view *v = &board->view[i];
        v->status.devices = devices;
        v->device = calloc(devices ? devices : 1, sizeof *v->device);
        if (!v->device) {
            mmofl_board_delete(board);
            return MMOFL_E_MEMORY;
        }
    }
    *out = board;
    return MMOFL_OK;
}

void mmofl_board_delete(mmofl_board *board)
{
    if (!board)
        return;
    for (int i = 0; i < 2; i++)
        free(board->view[i].device);
    pthread_mutex_destroy(&board->reading);
    free(board);
}

mmofl_board_view *mmofl_board_draft(mmofl_board *board)
{
    return &board->view[1 - board->shown]; /* only the writer changes `shown` */
}

bool mmofl_board_show(mmofl_board *board)
{
    if (pthread_mutex_trylock(&board->reading) != 0)
        return false;
    mmofl_board_draft(board)->at_s = mmofl_clock_seconds();
    board->shown = 1 - board->shown;
    pthread_mutex_unlock(&board->reading);
    return true;
}

const mmofl_board_view *mmofl_board_read(mmofl_board *board)
{
    pthread_mutex_lock(&board->reading);
    return &board->view[board->shown];
}

void mmofl_board_done(mmofl_board *board)
{
    pthread_mutex_unlock(&board->reading);
}
