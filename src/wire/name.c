/* name.c - names and texts that came from afar: checked before anything else sees them.
 */
#include "wire/name.h"
#include "base/yaml.h"

static bool is_name_character(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           c == '.' || c == '_' || c == '-';
}

bool mmofl_wire_name_is_valid(const char *name)
{
    if (*name == '.')
        return false;
    size_t n = 0;
    while (is_name_character(name[n]))
        if (++n == MMOFL_WIRE_NAME_BYTES)
            return false;
    return n > 0 && name[n] == '\0';
}

bool mmofl_wire_text_is_valid(const char *text, size_t most, bool lines)
{
    for (size_t at = 0; text[at];) {
        /* A character that the text's end cuts short is seen to be none before what
         * lies behind the end is looked at. */
        unsigned code;
        int n = mmofl_yaml_character(text + at, 4, &code);
        bool blank = lines && (code == '\n' || code == '\t' || code == '\r');
        if (n == 0 || ((code < 0x20 || (code >= 0x7f && code < 0xa0)) && !blank))
            return false;
        if ((at += (size_t)n) > most)
            return false;
    }
    return true;
}
