/* schema_text.c - from structs back to YAML that reads as the same.
 *
 * Sections are block maps, everything below them is in flow style except chains, which
 * have a layer a line. */
#define _POSIX_C_SOURCE 200809L /* open_memstream */
#include <stdlib.h>

#include "config/schema.h"

static void write_value(FILE *to, const mmofl_option *option, const void *from)
{
    if (option->type == MMOFL_OPTION_TEXT) {
        const char *const *text = (const void *)((const char *)from + option->offset);
        mmofl_yaml_write_text(to, *text);
        return;
    }
    char value[128];
    mmofl_option_get(option, from, value, sizeof value);
    fputs(value, to);
}

/* "a: 1, b: 2", after `before` when there is any. */
static void write_options(FILE *to, const mmofl_pick *pick, const char *before)
{
    for (int i = 0; i < pick->kind->n_options; i++) {
        fprintf(to, "%s%s: ", i ? ", " : before, pick->kind->options[i].name);
        write_value(to, &pick->kind->options[i], pick->options.bytes);
    }
}

static void write_pick(FILE *to, const mmofl_pick *pick)
{
    if (pick->kind->n_options == 0) {
        fputs(pick->kind->name, to);
        return;
    }
    fprintf(to, "{kind: %s", pick->kind->name);
    write_options(to, pick, ", ");
    putc('}', to);
}

static void write_chain(FILE *to, const mmofl_chain_spec *chain, int indent)
{
    for (int i = 0; i < chain->n; i++) {
        const mmofl_pick *layer = &chain->layer[i];
        fprintf(to, "\n%*s- %s", indent, "", layer->kind->name);
        if (layer->kind->n_options == 0)
            continue;
        fputs(": {", to);
        write_options(to, layer, "");
        putc('}', to);
    }
}

static void write_encoders(FILE *to, const mmofl_encoder_spec *encoder, int n,
                           int indent)
{
    for (int i = 0; i < n; i++) {
        fprintf(to, "\n%*s", indent, "");
        mmofl_yaml_write_text(to, encoder[i].modality);
        putc(':', to);
        write_chain(to, &encoder[i].chain, indent + 2);
    }
}

static void write_seeds(FILE *to, const uint64_t *seed, int n)
{
    for (int i = 0; i < n; i++)
        fprintf(to, "%s%llu", i ? ", " : "[", (unsigned long long)seed[i]);
    putc(']', to);
}

static void write_rounds(FILE *to, const int *round, int n)
{
    putc('[', to);
    for (int i = 0; i < n; i++)
        fprintf(to, "%s%d", i ? ", " : "", round[i]);
    putc(']', to);
}

/* Runs of numbers as ranges: [0..2, 7]. */
static void write_devices(FILE *to, const int *device, int n)
{
    putc('[', to);
    for (int i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && device[end] == device[end - 1] + 1; end++)
            ;
        fprintf(to, "%s%d", i ? ", " : "", device[i]);
        if (end - i > 1)
            fprintf(to, "..%d", device[end - 1]);
    }
    putc(']', to);
}

static void write_section(FILE *to, const mmofl_schema_section *section,
                          const void *from, int indent);

/* Behind "key:", the elements of a MAP or a LIST. */
static void write_elements(FILE *to, const mmofl_schema_key *key, const char *element,
                           int n, int indent)
{
    bool is_map = key->shape == MMOFL_SCHEMA_MAP;
    if (n == 0)
        fputs(is_map ? " {}" : " []", to);
    putc('\n', to);
    for (int i = 0; i < n; i++, element += key->size) {
        fprintf(to, "%*s", indent, "");
        if (is_map) {
            mmofl_yaml_write_text(to, *(const char *const *)(const void *)element);
            fputs(":\n", to);
        } else {
            fputs("-\n", to);
        }
        write_section(to, key->section, element, indent + 2);
    }
}

static void write_key(FILE *to, const mmofl_schema_key *key, const void *from,
                      int indent)
{
    const void *field = (const char *)from + key->option.offset;
    const int *count = (const void *)((const char *)from + key->count);
    fprintf(to, "%*s%s:", indent, "", key->option.name);
    switch (key->shape) {
    case MMOFL_SCHEMA_VALUE:
        putc(' ', to);
        write_value(to, &key->option, from);
        break;
    case MMOFL_SCHEMA_SECTION:
        putc('\n', to);
        write_section(to, key->section, field, indent + 2);
        return; /* its last key ended the line */
    case MMOFL_SCHEMA_PICK: {
        const mmofl_pick *pick = field;
        putc(' ', to);
        if (key->spread)
            fputs(pick->kind->name, to);
        else
            write_pick(to, pick);
        for (int i = 0; key->spread && i < pick->kind->n_options; i++) {
            fprintf(to, "\n%*s%s: ", indent, "", pick->kind->options[i].name);
            write_value(to, &pick->kind->options[i], pick->options.bytes);
        }
        break;
    }
    case MMOFL_SCHEMA_SEEDS:
        putc(' ', to);
        write_seeds(to, *(uint64_t *const *)field, *count);
        break;
    case MMOFL_SCHEMA_ROUNDS:
        putc(' ', to);
        write_rounds(to, *(int *const *)field, *count);
        break;
    case MMOFL_SCHEMA_DEVICES:
        putc(' ', to);
        write_devices(to, *(int *const *)field, *count);
        break;
    case MMOFL_SCHEMA_MAP:
    case MMOFL_SCHEMA_LIST:
        write_elements(to, key, *(const char *const *)field, *count, indent + 2);
        return; /* the last key of the last one ended the line */
    case MMOFL_SCHEMA_CHAIN:
        write_chain(to, field, indent + 2);
        break;
    case MMOFL_SCHEMA_ENCODERS:
        write_encoders(to, *(mmofl_encoder_spec *const *)field, *count, indent + 2);
        break;
    }
    putc('\n', to);
}

static void write_section(FILE *to, const mmofl_schema_section *section,
                          const void *from, int indent)
{
    for (int i = 0; i < section->n; i++)
        write_key(to, &section->keys[i], from, indent);
}

char *mmofl_schema_close_text(FILE *stream, char **text)
{
    bool failed = ferror(stream);
    if (fclose(stream) == 0 && !failed)
        return *text;
    free(*text);
    return NULL;
}

char *mmofl_schema_text(const mmofl_schema_section *section,
                        const mmofl_experiment *experiment)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    write_section(stream, section, experiment, 0);
    return mmofl_schema_close_text(stream, &text);
}
