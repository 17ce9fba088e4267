/* topic.h - the topics of a federation (docs/wire.md, docs/deployment.md).
 *
 *   mmofl/<federation>/round                    Round, retained
 *   mmofl/<federation>/all                      Tasks for every device
 *   mmofl/<federation>/device/<name>/down       to one device
 *   mmofl/<federation>/device/<name>/up         from one device, its will included
 *   mmofl/<federation>/device/<name>/prediction what it predicts, JSON, for others
 *
 * Names: wire/name.h. */
#ifndef MMOFL_LINK_TOPIC_H
#define MMOFL_LINK_TOPIC_H

#include "wire/name.h"

enum { MMOFL_TOPIC_BYTES = 192 };

#define MMOFL_TOPIC_ROUND "round"
#define MMOFL_TOPIC_ALL "all"
#define MMOFL_TOPIC_UP "up"
#define MMOFL_TOPIC_DOWN "down"
#define MMOFL_TOPIC_PREDICTION "prediction"
#define MMOFL_TOPIC_ANY "+" /* as a device's name: the filter of all */

/** "mmofl/<federation>/<what>", what being "round" or "all". */
void mmofl_topic_common(const char *federation, const char *what,
                        char topic[MMOFL_TOPIC_BYTES]);

/** "mmofl/<federation>/device/<name>/<way>". */
void mmofl_topic_device(const char *federation, const char *name, const char *way,
                        char topic[MMOFL_TOPIC_BYTES]);

/** The name in "mmofl/<federation>/device/<name>/<way>"; false: another topic. */
bool mmofl_topic_read_device(const char *federation, const char *way, const char *topic,
                             char name[MMOFL_WIRE_NAME_BYTES]);

#endif
