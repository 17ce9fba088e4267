/* nearest.h - which known name somebody may have meant.
 *
 *     mmofl_nearest near = {.text = "epoch"};
 *     mmofl_nearest_offer(&near, "epochs");      for each known name
 *     near.name                                  "epochs", or NULL when none is near */
#ifndef MMOFL_BASE_NEAREST_H
#define MMOFL_BASE_NEAREST_H

typedef struct mmofl_nearest {
    const char *text; /* what was written */
    const char *name; /* the nearest name offered so far; NULL: none near enough */
    int distance;     /* slips between the two: a character inserted, deleted or
                       * replaced, or two neighbours that changed places */
} mmofl_nearest;

/** Keep name if it is nearer than what was offered before, and near enough to be a slip
 * of the pen: at most 1 + length / 4 changes.  Cost: O(length^2). */
void mmofl_nearest_offer(mmofl_nearest *nearest, const char *name);

enum { MMOFL_NEAREST_HINT = 96 };

/** "; did you mean 'epochs'?" in hint, or "". */
void mmofl_nearest_hint(const mmofl_nearest *nearest, char hint[MMOFL_NEAREST_HINT]);

#endif
