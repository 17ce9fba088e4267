/* topic.c - names become topics and back. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "link/topic.h"

void mmofl_topic_common(const char *federation, const char *what,
                        char topic[MMOFL_TOPIC_BYTES])
{
    int n = snprintf(topic, MMOFL_TOPIC_BYTES, "mmofl/%s/%s", federation, what);
    assert(n > 0 && n < MMOFL_TOPIC_BYTES);
    (void)n;
}

void mmofl_topic_device(const char *federation, const char *name, const char *way,
                        char topic[MMOFL_TOPIC_BYTES])
{
    int n = snprintf(topic, MMOFL_TOPIC_BYTES, "mmofl/%s/device/%s/%s", federation,
                     name, way);
    assert(n > 0 && n < MMOFL_TOPIC_BYTES);
    (void)n;
}

/* Step over `part` at the start of *text. */
static bool skip(const char **text, const char *part)
{
    size_t n = strlen(part);
    if (strncmp(*text, part, n) != 0)
        return false;
    *text += n;
    return true;
}

bool mmofl_topic_read_device(const char *federation, const char *way, const char *topic,
                             char name[MMOFL_WIRE_NAME_BYTES])
{
    const char *at = topic;
    if (!skip(&at, "mmofl/") || !skip(&at, federation) || !skip(&at, "/device/"))
        return false;
    size_t n = strcspn(at, "/");
    char found[MMOFL_WIRE_NAME_BYTES];
    if (n >= sizeof found || at[n] != '/' || strcmp(at + n + 1, way) != 0)
        return false;
    memcpy(found, at, n);
    found[n] = '\0';
    if (!mmofl_wire_name_is_valid(found))
        return false;
    memcpy(name, found, n + 1);
    return true;
}
