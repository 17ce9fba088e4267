/* yaml_write.c - trees and texts back to YAML that reads as the same tree.
 *
 * A map has a line for each key and a list of more than values a line for each element;
 * what is inside an element, or a list of values, is in flow style.  A text that might
 * be taken for something else is quoted. */
#include <string.h>

#include "base/yaml.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";

static bool is_plain(const char *text)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no",
                                        "on",   "off",  "y",     "n"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0)
            return false;
    return *text && strchr(letters, *text) &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
                        "0123456789-") == strlen(text);
}

/* In double quotes with escapes.  What is not ASCII is left as it is, unless a reader
 * might take it for a line break or drop it. */
static void write_quoted(FILE *to, const char *text)
{
    putc('"', to);
    for (size_t n = strlen(text); n > 0;) {
        unsigned code;
        int size = mmofl_yaml_character(text, n, &code);
        if (size == 0) /* not from a document */
            size = 1, code = '?';
        bool hidden = code < ' ' || (code >= 0x7f && code < 0xa1) || code == 0x2028 ||
                      code == 0x2029 || code == 0xfeff;
        if (code == '"' || code == '\\')
            fprintf(to, "\\%c", (int)code);
        else if (hidden)
            fprintf(to, "\\u%04x", code);
        else
            fwrite(text, 1, (size_t)size, to);
        text += size;
        n -= (size_t)size;
    }
    putc('"', to);
}

void mmofl_yaml_write_text(FILE *to, const char *text)
{
    if (is_plain(text))
        fputs(text, to);
    else
        write_quoted(to, text);
}

/* Was it written without quotes, as numbers are, and is it safe to do so again? */
static bool is_bare(const mmofl_yaml_node *node)
{
    return !node->quoted && *node->text &&
           strspn(node->text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
                              "0123456789.+-") == strlen(node->text) &&
           strcmp(node->text, "-") != 0;
}

/* A key has no quotes of its own to keep; a dotted path is plain. */
static void write_key(FILE *to, const char *key)
{
    bool dotted = strchr(letters, *key) &&
                  strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
                              "0123456789.-") == strlen(key);
    if (dotted && strchr(key, '.'))
        fputs(key, to);
    else
        mmofl_yaml_write_text(to, key);
}

void mmofl_yaml_write_flow(FILE *to, const mmofl_yaml_node *node)
{
    bool is_map = node->type == MMOFL_YAML_MAP;
    if (node->type == MMOFL_YAML_NULL) {
        fputs("null", to);
    } else if (node->type == MMOFL_YAML_SCALAR) {
        if (is_bare(node))
            fputs(node->text, to);
        else if (node->quoted) /* so that "1" stays a text */
            write_quoted(to, node->text);
        else
            mmofl_yaml_write_text(to, node->text);
    } else {
        putc(is_map ? '{' : '[', to);
        for (const mmofl_yaml_node *c = node->first; c; c = c->next) {
            if (is_map) {
                write_key(to, c->key);
                fputs(": ", to);
            }
            mmofl_yaml_write_flow(to, c);
            if (c->next)
                fputs(", ", to);
        }
        putc(is_map ? '}' : ']', to);
    }
}

static bool holds_collections(const mmofl_yaml_node *node)
{
    for (const mmofl_yaml_node *c = node->first; c; c = c->next)
        if (c->type == MMOFL_YAML_MAP || c->type == MMOFL_YAML_LIST)
            return true;
    return false;
}

static void write_block(FILE *to, const mmofl_yaml_node *node, int indent)
{
    bool is_block = node->n > 0 && (node->type == MMOFL_YAML_MAP ||
                                    (node->type == MMOFL_YAML_LIST && //
                                     holds_collections(node)));
    if (!is_block) {
        putc(' ', to);
        mmofl_yaml_write_flow(to, node);
        putc('\n', to);
        return;
    }
    if (indent > 0)
        putc('\n', to);
    for (const mmofl_yaml_node *c = node->first; c; c = c->next) {
        fprintf(to, "%*s", indent, "");
        if (node->type == MMOFL_YAML_LIST) {
            fputs("- ", to);
            mmofl_yaml_write_flow(to, c);
            putc('\n', to);
        } else {
            write_key(to, c->key);
            putc(':', to);
            write_block(to, c, indent + 2);
        }
    }
}

void mmofl_yaml_write(FILE *to, const mmofl_yaml_node *root)
{
    write_block(to, root, 0);
}
