/* yaml_place.c - messages that point at a place in a text. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/yaml.h"

/* A quoted line shows at most BEFORE characters before the caret and AFTER behind it,
 * so that a long line in flow style does not push the message out of the error text. */
enum { BEFORE = 50, AFTER = 26, MESSAGE_BYTES = 640 };

int mmofl_yaml_character(const char *text, size_t n, unsigned *code)
{
    static const unsigned smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *c = (const unsigned char *)text;
    if (n == 0)
        return 0;
    int size = c[0] < 0x80   ? 1
               : c[0] < 0xc0 ? 0
               : c[0] < 0xe0 ? 2
               : c[0] < 0xf0 ? 3
               : c[0] < 0xf8 ? 4
                             : 0;
    if (size == 0 || n < (size_t)size)
        return 0;
    *code = size == 1 ? c[0] : c[0] & (0x7fu >> size);
    for (int i = 1; i < size; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (c[i] & 0x3fu);
    }
    bool surrogate = *code >= 0xd800 && *code <= 0xdfff;
    return *code < smallest[size] || *code > 0x10ffff || surrogate ? 0 : size;
}

/* A line of the text, cut to what is shown of it. */
typedef struct excerpt {
    const char *at;
    int bytes;
    int caret; /* characters before the caret */
} excerpt;

/* Step over `characters` of [at, end); bytes that are no UTF-8 count one each. */
static const char *step(const char *at, const char *end, int characters)
{
    for (unsigned code; characters > 0 && at < end; characters--) {
        int size = mmofl_yaml_character(at, (size_t)(end - at), &code);
        at += size ? size : 1;
    }
    return at;
}

static excerpt excerpt_at(const mmofl_yaml_place *place)
{
    const char *line = place->source->text;
    for (int i = 1; i < place->line && line; i++) {
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    if (!line)
        return (excerpt){"", 0, 0};
    const char *end = line + strcspn(line, "\r\n");
    int caret = place->column - 1;
    int skipped = caret > BEFORE ? caret - BEFORE : 0;
    const char *from = step(line, end, skipped);
    const char *to = step(from, end, caret - skipped + AFTER);
    return (excerpt){from, (int)(to - from), caret - skipped};
}

mmofl_status mmofl_yaml_fail(const mmofl_yaml_place *place, mmofl_status status,
                             mmofl_error *err, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    const char *name = place->source->name;
    if (!place->source->text)
        return mmofl_fail(err, status, "%.200s: %s", name, message);
    excerpt shown = excerpt_at(place);
    if (shown.bytes == 0)
        return mmofl_fail(err, status, "%.200s:%d:%d: %s", name, place->line,
                          place->column, message);
    char line[4 * (BEFORE + AFTER) + 1];
    snprintf(line, sizeof line, "%.*s", shown.bytes, shown.at);
    for (char *c = line; *c; c++) /* a tab would move the caret */
        if ((unsigned char)*c < ' ')
            *c = ' ';
    return mmofl_fail(err, status, "%.200s:%d:%d: %s\n    %s\n    %*s^", name,
                      place->line, place->column, message, line, shown.caret, "");
}

const mmofl_yaml_place *mmofl_yaml_place_of(const mmofl_yaml_node *root,
                                            const char *section, const char *key)
{
    const mmofl_yaml_node *map = section ? mmofl_yaml_get(root, section) : root;
    if (!map)
        return &root->place;
    const mmofl_yaml_node *node = mmofl_yaml_get(map, key);
    return node ? &node->place : &map->place;
}
