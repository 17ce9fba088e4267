/* yaml_option.c - where the tree of a document meets the tables of options.
 *
 * YAML would turn "yes" into true and 010 into 8; here the option says what a value is,
 * and a spelling that two readers of YAML might take for two values is refused. */
#include <string.h>

#include "base/yaml_option.h"

mmofl_status mmofl_yaml_refuse_memory(const mmofl_yaml_node *node, mmofl_error *err)
{
    return mmofl_yaml_fail(&node->place, MMOFL_E_MEMORY, err, "out of memory");
}

mmofl_status mmofl_yaml_refuse_type(const mmofl_yaml_node *node, const char *name,
                                    const char *wanted, mmofl_error *err)
{
    bool is_null = node->type == MMOFL_YAML_NULL;
    return mmofl_yaml_fail(&node->place, MMOFL_E_TYPE, err, "%s %s%s; wanted %s", name,
                           is_null ? "has no value" : "is ",
                           is_null ? "" : mmofl_yaml_type_text(node->type), wanted);
}

/* "012" is octal for some readers of YAML and twelve for others. */
static bool has_leading_zero(const char *text)
{
    text += strspn(text, "+-");
    return text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

/* What is wrong with the way a number or a truth value is written; NULL: nothing. */
static const char *wrong_form(const mmofl_option *option, const mmofl_yaml_node *node)
{
    bool is_number =
        option->type == MMOFL_OPTION_INT || option->type == MMOFL_OPTION_REAL;
    if (!is_number && option->type != MMOFL_OPTION_BOOL)
        return NULL;
    if (node->quoted)
        return "is text in quotes";
    return is_number && has_leading_zero(node->text) ? "has a leading zero" : NULL;
}

mmofl_status mmofl_yaml_read_option(const mmofl_option *option,
                                    const mmofl_yaml_node *node, mmofl_arena *arena,
                                    void *into, mmofl_error *err)
{
    char wanted[512];
    mmofl_option_wanted(option, wanted, sizeof wanted);
    if (node->type != MMOFL_YAML_SCALAR)
        return mmofl_yaml_refuse_type(node, option->name, wanted, err);
    const char *wrong = wrong_form(option, node);
    if (wrong)
        return mmofl_yaml_fail(&node->place, MMOFL_E_TYPE, err,
                               "%s: '%.100s' %s; wanted %s", option->name, node->text,
                               wrong, wanted);
    const char *text = node->text;
    if (option->type == MMOFL_OPTION_TEXT) {
        text = mmofl_arena_text(arena, text);
        if (!text)
            return mmofl_yaml_refuse_memory(node, err);
    }
    mmofl_error why = {0};
    mmofl_status st = mmofl_option_set(option, into, text, &why);
    if (st)
        return mmofl_yaml_fail(&node->place, st, err, "%s: %s", option->name, why.text);
    return MMOFL_OK;
}
