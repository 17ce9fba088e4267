/* nearest.c - Levenshtein's distance, two neighbours that changed places being one slip
 * (Damerau), three rows of its table at a time. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"

enum { LONGEST = 64 }; /* longer texts are no slip of the pen */

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
    int table[3][LONGEST + 1]; /* [i % 3][j]: from a[0..i) to b[0..j) */
    for (size_t i = 0; i <= n_a; i++) {
        int *row = table[i % 3];
        const int *above = table[(i + 2) % 3], *before = table[(i + 1) % 3];
        row[0] = (int)i;
        for (size_t j = 1; j <= n_b; j++) {
            if (i == 0) {
                row[j] = (int)j;
                continue;
            }
            int replaced = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = smaller(replaced, smaller(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
    }
    return table[n_a % 3][n_b];
}

void mmofl_nearest_offer(mmofl_nearest *nearest, const char *name)
{
    size_t n_text = strlen(nearest->text), n_name = strlen(name);
    if (n_text > LONGEST || n_name > LONGEST)
        return;
    int d = distance(nearest->text, n_text, name, n_name);
    bool near = d <= 1 + (int)n_name / 4 && d < (int)n_name;
    if (near && (!nearest->name || d < nearest->distance)) {
        nearest->name = name;
        nearest->distance = d;
    }
}

void mmofl_nearest_hint(const mmofl_nearest *nearest, char hint[MMOFL_NEAREST_HINT])
{
    hint[0] = 0;
    if (nearest->name)
        snprintf(hint, MMOFL_NEAREST_HINT, "; did you mean '%s'?", nearest->name);
}
