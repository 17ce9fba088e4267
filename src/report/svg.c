/* svg.c - charts on a fixed canvas that the page scales. */
#include <math.h>
#include <string.h>

#include "report/svg.h"

enum { WIDTH = 460, HEIGHT = 270, LEFT = 52, RIGHT = 12, TOP = 10, BOTTOM = 42 };

void mmofl_html_escape(FILE *to, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", to);
            break;
        case '<':
            fputs("&lt;", to);
            break;
        case '>':
            fputs("&gt;", to);
            break;
        case '"':
            fputs("&quot;", to);
            break;
        case '\'':
            fputs("&#39;", to);
            break;
        default:
            putc(*text, to);
        }
    }
}

/* ---- scales ---- */

typedef struct scale {
    double min, max, step; /* of the ticks */
    double from, to;       /* in the picture */
} scale;

/* The step 1, 2 or 5 times a power of ten that gives at most `most` ticks. */
static double nice_step(double range, int most)
{
    double power = pow(10, floor(log10(range / most)));
    static const double factors[] = {1, 2, 5, 10};
    for (int i = 0; i < 4; i++)
        if (range / (factors[i] * power) <= most)
            return factors[i] * power;
    return 10 * power;
}

static scale make_scale(double min, double max, double from, double to, int most,
                        bool rounded)
{
    if (!(max > min)) {
        double room = fabs(min) > 0 ? fabs(min) * 0.1 : 1;
        min -= room;
        max += room;
    }
    scale s = {min, max, nice_step(max - min, most), from, to};
    if (rounded) {
        s.min = floor(min / s.step + 1e-9) * s.step;
        s.max = ceil(max / s.step - 1e-9) * s.step;
    }
    return s;
}

static double place(const scale *s, double value)
{
    return s->from + (value - s->min) / (s->max - s->min) * (s->to - s->from);
}

static void write_number(FILE *to, double x, double step)
{
    int digits = step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);
    if (fabs(x) >= 1e6 || (step > 0 && step < 1e-5))
        fprintf(to, "%.3g", x);
    else
        fprintf(to, "%.*f", digits, fabs(x) < step / 2 ? 0.0 : x);
}

/* ---- frame of a chart ---- */

static void find_ranges(const mmofl_svg_chart *c, double x[2], double y[2])
{
    x[0] = y[0] = (double)INFINITY;
    x[1] = y[1] = -(double)INFINITY;
    for (size_t k = 0; k < c->n; k++) {
        const mmofl_svg_line *line = &c->line[k];
        for (size_t i = 0; i < line->n; i++) {
            if (!isfinite(line->y[i]))
                continue;
            double sd = line->sd && isfinite(line->sd[i]) ? line->sd[i] : 0;
            x[0] = fmin(x[0], line->x[i]);
            x[1] = fmax(x[1], line->x[i]);
            y[0] = fmin(y[0], line->y[i] - sd);
            y[1] = fmax(y[1], line->y[i] + sd);
        }
    }
}

static void write_axes(FILE *to, const mmofl_svg_chart *c, const scale *x,
                       const scale *y)
{
    fputs("<g class=\"axis\">", to);
    int last = (int)floor((y->max - y->min) / y->step + 1e-6);
    for (int i = 0; i <= last; i++) {
        double v = y->min + i * y->step;
        double at = place(y, v);
        fprintf(to,
                "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>",
                LEFT, WIDTH - RIGHT, at, at);
        fprintf(to, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT - 6,
                at + 3.5);
        write_number(to, v, y->step);
        fputs("</text>", to);
    }
    double first = ceil(x->min / x->step - 1e-9) * x->step;
    last = (int)floor((x->max - first) / x->step + 1e-6);
    for (int i = 0; i <= last; i++) {
        double v = first + i * x->step;
        double at = place(x, v);
        fprintf(to,
                "<line class=\"tick\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>",
                at, at, HEIGHT - BOTTOM, HEIGHT - BOTTOM + 4);
        fprintf(to, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", at,
                HEIGHT - BOTTOM + 16);
        write_number(to, v, x->step);
        fputs("</text>", to);
    }
    fprintf(to, "<line class=\"base\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", LEFT,
            WIDTH - RIGHT, HEIGHT - BOTTOM, HEIGHT - BOTTOM);
    fprintf(to, "<text class=\"label\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">",
            (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8);
    mmofl_html_escape(to, c->x_label);
    fprintf(to,
            "</text><text class=\"label\" transform=\"rotate(-90)\" x=\"%d\" y=\"12\" "
            "text-anchor=\"middle\">",
            -(TOP + HEIGHT - BOTTOM) / 2);
    mmofl_html_escape(to, c->y_label);
    fputs("</text></g>", to);
}

/* ---- lines ---- */

static void write_band(FILE *to, const mmofl_svg_line *l, const scale *x,
                       const scale *y)
{
    fprintf(to, "<path class=\"band\" fill=\"var(--c%d)\" d=\"",
            l->color % MMOFL_SVG_COLORS);
    char command = 'M';
    for (size_t i = 0; i < l->n; i++)
        if (isfinite(l->y[i]) && isfinite(l->sd[i])) {
            fprintf(to, "%c%.1f %.1f", command, place(x, l->x[i]),
                    place(y, l->y[i] + l->sd[i]));
            command = 'L';
        }
    for (size_t i = l->n; i-- > 0;)
        if (isfinite(l->y[i]) && isfinite(l->sd[i]))
            fprintf(to, "L%.1f %.1f", place(x, l->x[i]), place(y, l->y[i] - l->sd[i]));
    fputs("\"/>", to);
}

static void write_line(FILE *to, const mmofl_svg_line *l, bool has_points,
                       const scale *x, const scale *y)
{
    int color = l->color % MMOFL_SVG_COLORS;
    fprintf(to, "<path class=\"line%s\" stroke=\"var(--c%d)\"%s d=\"",
            l->is_strong ? " strong" : "", color,
            l->color >= MMOFL_SVG_COLORS ? " stroke-dasharray=\"5 3\"" : "");
    char command = 'M';
    for (size_t i = 0; i < l->n; i++)
        if (isfinite(l->y[i])) {
            fprintf(to, "%c%.1f %.1f", command, place(x, l->x[i]), place(y, l->y[i]));
            command = 'L';
        }
    fputs("\"><title>", to);
    mmofl_html_escape(to, l->label);
    fputs("</title></path>", to);
    for (size_t i = 0; has_points && i < l->n; i++)
        if (isfinite(l->y[i]))
            fprintf(to, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"var(--c%d)\"/>",
                    place(x, l->x[i]), place(y, l->y[i]), color);
}

/* The last point of a trail; its text is on the side that has room. */
static void write_end(FILE *to, const mmofl_svg_line *l, const scale *x, const scale *y)
{
    if (!l->end || l->n == 0 || !isfinite(l->y[l->n - 1]))
        return;
    double at_x = place(x, l->x[l->n - 1]), at_y = place(y, l->y[l->n - 1]);
    bool is_right = at_x < WIDTH - RIGHT - 60;
    fprintf(to,
            "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"var(--c%d)\"/>"
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"var(--ink)\">",
            at_x, at_y, l->color % MMOFL_SVG_COLORS, at_x + (is_right ? 6 : -6),
            at_y + 3.5, is_right ? "start" : "end");
    mmofl_html_escape(to, l->end);
    fputs("</text>", to);
}

static void write_caption(FILE *to, const char *title)
{
    fputs("<figcaption>", to);
    mmofl_html_escape(to, title);
    fputs("</figcaption>", to);
}

static void write_legend(FILE *to, const mmofl_svg_chart *c)
{
    if (c->n < 2)
        return;
    fputs("<div class=\"legend\">", to);
    for (size_t k = 0; k < c->n; k++) {
        fprintf(to, "<span><i style=\"border-top-color:var(--c%d)%s\"></i>",
                c->line[k].color % MMOFL_SVG_COLORS,
                c->line[k].color >= MMOFL_SVG_COLORS ? ";border-top-style:dashed" : "");
        mmofl_html_escape(to, c->line[k].label);
        fputs("</span>", to);
    }
    fputs("</div>", to);
}

void mmofl_svg_chart_write(FILE *to, const mmofl_svg_chart *c)
{
    double xs[2], ys[2];
    find_ranges(c, xs, ys);
    if (!(xs[1] >= xs[0]) || !isfinite(ys[0]) || !isfinite(ys[1]))
        return;
    scale x = make_scale(xs[0], xs[1], LEFT + 4, WIDTH - RIGHT - 4, 8, false);
    scale y = make_scale(ys[0], ys[1], HEIGHT - BOTTOM, TOP, 6, true);
    fputs("<figure>", to);
    write_caption(to, c->title);
    fprintf(to, "<svg viewBox=\"0 0 %d %d\" role=\"img\">", WIDTH, HEIGHT);
    write_axes(to, c, &x, &y);
    for (size_t k = 0; k < c->n; k++)
        if (c->line[k].sd)
            write_band(to, &c->line[k], &x, &y);
    for (int strong = 0; strong < 2; strong++)
        for (size_t k = 0; k < c->n; k++)
            if (c->line[k].is_strong == (strong == 1))
                write_line(to, &c->line[k], c->has_points, &x, &y);
    for (size_t k = 0; k < c->n; k++)
        write_end(to, &c->line[k], &x, &y);
    fputs("</svg>", to);
    write_legend(to, c);
    fputs("</figure>\n", to);
}

/* ---- heat maps ---- */

/* From paper to blue, over the share s of the scale: one hue, so that order shows
 * without colour vision, too. */
static void write_shade(FILE *to, double s)
{
    s = fmin(1, fmax(0, s));
    fprintf(to, "fill=\"rgb(%d,%d,%d)\"", (int)lround(247 - s * 239),
            (int)lround(251 - s * 203), (int)lround(255 - s * 148));
}

static void write_heat_cells(FILE *to, const mmofl_svg_heat *h, double size_x,
                             double size_y)
{
    for (size_t r = 0; r < h->rows; r++)
        for (size_t k = 0; k < h->columns; k++) {
            double v = h->value[r * h->columns + k];
            if (!isfinite(v))
                continue;
            double s = (v - h->min) / (h->max - h->min);
            double x = LEFT + 34 + (double)k * size_x, y = TOP + (double)r * size_y;
            fprintf(to, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" ",
                    x, y, size_x + (h->has_numbers ? -1 : 0.15),
                    size_y + (h->has_numbers ? -1 : 0.15));
            write_shade(to, s);
            fprintf(to, "><title>%.4g</title></rect>", v);
            if (h->has_numbers)
                fprintf(to,
                        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" "
                        "style=\"fill:%s\">%.0f</text>",
                        x + size_x / 2, y + size_y / 2 + 3.5, s > 0.5 ? "#fff" : "#222",
                        100 * v);
        }
}

static void write_heat_axes(FILE *to, const mmofl_svg_heat *h, double size_x,
                            double size_y)
{
    double bottom = TOP + (double)h->rows * size_y;
    size_t every_row = (h->rows + 14) / 15;
    scale columns =
        make_scale(0, (double)h->columns, 0, 1, h->has_numbers ? 20 : 10, false);
    size_t every = (size_t)fmax(1, columns.step);
    for (size_t r = 0; r < h->rows; r += every_row) {
        fprintf(to, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT + 28,
                TOP + ((double)r + 0.5) * size_y + 3.5);
        if (h->row_name)
            mmofl_html_escape(to, h->row_name[r]);
        else
            fprintf(to, "%zu", r);
        fputs("</text>", to);
    }
    for (size_t k = 0; k < h->columns; k += every)
        fprintf(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%d</text>",
                LEFT + 34 + ((double)k + 0.5) * size_x, bottom + 14,
                h->first_column + (int)k);
    fprintf(to, "<text class=\"label\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
            LEFT + 34 + (double)h->columns * size_x / 2, bottom + 32);
    mmofl_html_escape(to, h->x_label);
    fprintf(to,
            "</text><text class=\"label\" transform=\"rotate(-90)\" x=\"%.1f\" "
            "y=\"12\" text-anchor=\"middle\">",
            -(TOP + bottom) / 2);
    mmofl_html_escape(to, h->y_label);
    fputs("</text>", to);
}

void mmofl_svg_heat_write(FILE *to, const mmofl_svg_heat *h)
{
    if (h->rows == 0 || h->columns == 0)
        return;
    double size_x = (double)(WIDTH - RIGHT - LEFT - 34) / (double)h->columns;
    double size_y = fmin(h->has_numbers ? 34 : 16, 260 / (double)h->rows);
    double height = TOP + (double)h->rows * size_y + BOTTOM;
    fputs("<figure>", to);
    write_caption(to, h->title);
    fprintf(to, "<svg viewBox=\"0 0 %d %.0f\" role=\"img\"><g class=\"axis\">", WIDTH,
            height);
    write_heat_cells(to, h, size_x, size_y);
    write_heat_axes(to, h, size_x, size_y);
    fputs("</g></svg>", to);
    if (!h->has_numbers)
        fprintf(
            to,
            "<div class=\"legend\"><span>%.3g <i class=\"ramp\"></i> %.3g</span></div>",
            h->min, h->max);
    fputs("</figure>\n", to);
}
