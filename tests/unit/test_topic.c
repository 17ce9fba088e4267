/* test_topic.c - topics are written, and names read from them. */
#include "check.h"

#include "link/topic.h"

static void topics_are_as_documented(void **state)
{
    (void)state;
    char topic[MMOFL_TOPIC_BYTES];
    mmofl_topic_common("home", MMOFL_TOPIC_ROUND, topic);
    CHECK_TEXT(topic, "mmofl/home/round");
    mmofl_topic_device("home", "kitchen-1", MMOFL_TOPIC_UP, topic);
    CHECK_TEXT(topic, "mmofl/home/device/kitchen-1/up");
    mmofl_topic_device("home", MMOFL_TOPIC_ANY, MMOFL_TOPIC_DOWN, topic);
    CHECK_TEXT(topic, "mmofl/home/device/+/down");
}

static void longest_names_fit(void **state)
{
    (void)state;
    char topic[MMOFL_TOPIC_BYTES], name[MMOFL_WIRE_NAME_BYTES],
        back[MMOFL_WIRE_NAME_BYTES];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    mmofl_topic_device(name, name, MMOFL_TOPIC_PREDICTION, topic);
    CHECK(mmofl_topic_read_device(name, MMOFL_TOPIC_PREDICTION, topic, back));
    CHECK_TEXT(back, name);
}

static void only_a_devices_topic_has_its_name(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "mmofl/home/device//up",
        "mmofl/home/device/a/down",
        "mmofl/home/device/a/up/",
        "mmofl/other/device/a/up",
        "mmofl/home/device/a",
        "mmofl/home/round",
        "mmofl/home/device/.a/up",
        "mmofl/home/device/a/b/up",
        "",
        "mmofl/homely/device/a/up",
        "mmofl/home/device/+/up",
        "mmofl/home/device/"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/up"};
    char name[MMOFL_WIRE_NAME_BYTES] = "before";
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (mmofl_topic_read_device("home", MMOFL_TOPIC_UP, bad[i], name))
            fail_msg("'%s' gave '%s'", bad[i], name);
    CHECK_TEXT(name, "before");
    CHECK(mmofl_topic_read_device("home", MMOFL_TOPIC_UP, "mmofl/home/device/a/up",
                                  name));
    CHECK_TEXT(name, "a");
}

CHECK_MAIN(TEST(topics_are_as_documented), TEST(longest_names_fit),
           TEST(only_a_devices_topic_has_its_name))
