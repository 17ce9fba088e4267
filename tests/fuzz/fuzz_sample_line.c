/* fuzz_sample_line.c - any bytes as a line of a sensor: what is accepted has finite
 * values and a class and modalities that there are. */
#include <math.h>
#include <stdlib.h>

#include "device/sample_line.h"
#include "signals_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_values(const mmofl_line *line, int m, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(line->values[m][i]))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static mmofl_signals s;
    static mmofl_line_reader *reader;
    const mmofl_line *line;
    mmofl_error err = {0};
    if (!reader && (signals_fixture(&s) || mmofl_line_reader_new(&s, &reader)))
        return 0;
    if (mmofl_line_read(reader, (const char *)data, size, &line, &err))
        return 0;
    if (line->label < MMOFL_NO_LABEL || line->label >= s.n_classes || line->mask >= 8)
        abort();
    if (line->kind == MMOFL_LINE_READING)
        check_values(line, line->modality, mmofl_signals_channels(&s, line->modality));
    for (int m = 0; m < s.n && line->kind == MMOFL_LINE_SAMPLE; m++)
        if (line->mask >> m & 1)
            check_values(line, m, s.count[m]);
    return 0;
}
