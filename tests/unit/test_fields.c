/* test_fields.c - protobuf's fields read where they lie: each wire type by hand, and
 * what is no field. */
#include "check.h"

#include "wire/fields.h"

/* protobuf: number << 3 | type, then a varint, 8 bytes, a length and bytes, 4 bytes. */
static void fields_come_one_by_one_where_they_lie(void **state)
{
    (void)state;
    static const char bytes[] = "\x08\xac\x02"
                                "\x11\x01\x02\x03\x04\x05\x06\x07\x08"
                                "\x1a\x03xyz"
                                "\x25\x01\x02\x03\x04"
                                "\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    mmofl_fields fields = mmofl_fields_of(bytes, sizeof bytes - 1);
    mmofl_field f;
    CHECK(mmofl_fields_next(&fields, &f) && f.key == MMOFL_FIELD(1, VARINT));
    CHECK(f.value == 300);
    CHECK(mmofl_fields_next(&fields, &f) && f.key == MMOFL_FIELD(2, FIXED64));
    CHECK(f.value == 0x0807060504030201);
    CHECK(mmofl_fields_next(&fields, &f) && f.key == MMOFL_FIELD(3, BYTES));
    CHECK(f.size == 3 && (const char *)f.data == bytes + 14);
    CHECK(mmofl_fields_next(&fields, &f) && f.key == (4 << 3 | 5));
    CHECK(f.value == 0x04030201);
    CHECK(mmofl_fields_next(&fields, &f) && f.key == MMOFL_FIELD(16, VARINT));
    CHECK(f.value == UINT64_MAX);
    CHECK(!mmofl_fields_next(&fields, &f) && !fields.bad);
    fields = mmofl_fields_of(NULL, 0);
    CHECK(!mmofl_fields_next(&fields, &f) && !fields.bad);
}

static void what_is_cut_or_no_field_is_bad(void **state)
{
    (void)state;
    static const struct {
        const char *what, *bytes;
        size_t size;
    } bad[] = {
        {"a key without a value", "\x08", 1},
        {"a varint without an end", "\x08\xff", 2},
        {"a varint of eleven bytes", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
         12},
        {"seven bytes of eight", "\x11\x01\x02\x03\x04\x05\x06\x07", 8},
        {"three bytes of four", "\x25\x01\x02\x03", 4},
        {"two bytes of three", "\x1a\x03xy", 4},
        {"bytes without end", "\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
        {"field number 0", "\x00\x01", 2},
        {"a group", "\x0b\x0c", 2},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mmofl_fields fields = mmofl_fields_of(bad[i].bytes, bad[i].size);
        mmofl_field f;
        if (mmofl_fields_next(&fields, &f) || !fields.bad)
            fail_msg("%s was read", bad[i].what);
        CHECK(!mmofl_fields_next(&fields, &f)); /* and nothing behind it */
    }
}

CHECK_MAIN(TEST(fields_come_one_by_one_where_they_lie),
           TEST(what_is_cut_or_no_field_is_bad))
