/* svg.h - line charts and heat maps as inline SVG.
 *
 * Colours are the custom properties --c0 ... --c7 (lines), --ink, --faint and --grid of
 * the page, so one figure serves light, dark and paper.  Texts are escaped. */
#ifndef MMOFL_REPORT_SVG_H
#define MMOFL_REPORT_SVG_H

#include <stdbool.h>
#include <stdio.h>

enum { MMOFL_SVG_COLORS = 8 };

typedef struct mmofl_svg_line {
    const char *label;
    int color;      /* any number >= 0; beyond MMOFL_SVG_COLORS lines are dashed */
    bool is_strong; /* drawn thicker and last */
    size_t n;
    const double *x, *y; /* NaN leaves a gap */
    const double *sd;    /* half the height of a band; NULL = none */
    const char *end;     /* text beside the last point, which is marked; NULL = none */
} mmofl_svg_line;

typedef struct mmofl_svg_chart {
    const char *title, *x_label, *y_label;
    size_t n;
    const mmofl_svg_line *line;
    bool in_percent; /* y is a share */
    bool has_points; /* mark the points */
} mmofl_svg_chart;

/** One <figure> with its legend; nothing when no line has a point. */
void mmofl_svg_chart_write(FILE *to, const mmofl_svg_chart *chart);

typedef struct mmofl_svg_heat {
    const char *title, *x_label, *y_label;
    size_t rows, columns;
    const double *value;         /* (rows, columns) row-major; NaN = no cell */
    double min, max;             /* of the scale */
    const char *const *row_name; /* NULL: numbers from 0 */
    int first_column;            /* number of the first column */
    bool has_numbers;            /* write the value into each cell, in percent */
} mmofl_svg_heat;

/** One <figure> with its scale. */
void mmofl_svg_heat_write(FILE *to, const mmofl_svg_heat *heat);

/** Text as HTML: & < > " ' are escaped. */
void mmofl_html_escape(FILE *to, const char *text);

#endif
