/* dir_description.c - the document: what a data set is, as a whole. */
#include <string.h>

#include "base/yaml_option.h"
#include "data/dir_parts.h"

struct document {
    mmofl_dir_description *out;
    const char *title, *citation;
    double test_share;
};

static mmofl_status read_classes(mmofl_dir_reading *r, const mmofl_yaml_node *list,
                                 void *into)
{
    mmofl_dir_description *out = ((struct document *)into)->out;
    out->n_classes = list->n;
    return mmofl_dir_read_names(r, list, "classes", 2, MMOFL_MAX_CLASSES,
                                &out->class_name);
}

static mmofl_status read_samples(mmofl_dir_reading *r, const mmofl_yaml_node *node,
                                 void *into)
{
    bool has_id;
    if (node->type != MMOFL_YAML_SCALAR)
        return mmofl_yaml_refuse_type(node, "samples", "a path", r->err);
    ((struct document *)into)->out->samples = node->text;
    mmofl_status st = mmofl_dir_check_path(r, node, &has_id);
    if (!st && has_id)
        st = mmofl_yaml_fail(&node->place, MMOFL_E_SYNTAX, r->err,
                             "samples is one table: wanted no {id} in it");
    return st;
}

static mmofl_status read_test_owners(mmofl_dir_reading *r, const mmofl_yaml_node *list,
                                     void *into)
{
    const char *const *names;
    ((struct document *)into)->out->test_owners = list;
    return mmofl_dir_read_names(r, list, "test_owners", 1, MMOFL_YAML_NODES, &names);
}

static mmofl_status read_modalities(mmofl_dir_reading *r, const mmofl_yaml_node *map,
                                    void *into)
{
    mmofl_dir_description *out = ((struct document *)into)->out;
    if (map->type != MMOFL_YAML_MAP)
        return mmofl_yaml_refuse_type(map, "modalities", "a map from names to sources",
                                      r->err);
    if (map->n < 1 || map->n > MMOFL_MAX_MODALITIES)
        return mmofl_yaml_fail(&map->place, MMOFL_E_COUNT, r->err,
                               "%d modalities; wanted 1 to %d", map->n,
                               MMOFL_MAX_MODALITIES);
    for (const mmofl_yaml_node *c = map->first; c; c = c->next) {
        mmofl_status st =
            mmofl_dir_read_modality(r, c, &out->modality[out->n_modalities]);
        if (st)
            return st;
        out->n_modalities++;
    }
    return MMOFL_OK;
}

static const mmofl_dir_key document_keys[] = {
    {MMOFL_TEXT_OPTION(struct document, title, "", ""), MMOFL_DIR_ANY, NULL},
    {MMOFL_TEXT_OPTION(struct document, citation, "", ""), MMOFL_DIR_ANY, NULL},
    {MMOFL_DIR_LISTED("classes", NULL, "their names, in order"), MMOFL_DIR_ANY,
     read_classes},
    {MMOFL_DIR_LISTED("samples", "", "the table of samples"), MMOFL_DIR_ANY,
     read_samples},
    {MMOFL_DIR_LISTED("test_owners", "", "whose samples are for the test"),
     MMOFL_DIR_ANY, read_test_owners},
    {MMOFL_REAL_OPTION(struct document, test_share, MMOFL_POSITIVE, 0.99, "", ""),
     MMOFL_DIR_ANY, NULL},
    {MMOFL_DIR_LISTED("modalities", NULL, "what each sample has"), MMOFL_DIR_ANY,
     read_modalities}};

/* "title. citation" on one line, as far as there is room for it in a data set. */
static mmofl_status join_citation(mmofl_dir_reading *r, const mmofl_yaml_node *root,
                                  const struct document *document)
{
    enum { ROOM = sizeof((mmofl_dataset *)0)->citation };
    const char *title = document->title, *citation = document->citation;
    size_t n = strlen(title) + strlen(citation) + 3;
    char *text = MMOFL_ARENA_NEW(r->arena, n, char);
    if (!text)
        return mmofl_yaml_refuse_memory(root, r->err);
    if (n > ROOM)
        return mmofl_yaml_fail(&root->place, MMOFL_E_LIMIT, r->err,
                               "title and citation have %zu bytes; wanted %d at most",
                               n - 3, (int)ROOM - 3);
    snprintf(text, n, "%s%s%s", title, *title && *citation ? ". " : "", citation);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    for (size_t end = strlen(text); end > 0 && text[end - 1] == ' ';)
        text[--end] = '\0';
    document->out->citation = text;
    return MMOFL_OK;
}

mmofl_status mmofl_dir_describe(mmofl_text text, mmofl_arena *arena,
                                mmofl_dir_description *out, mmofl_error *err)
{
    mmofl_dir_reading r = {arena, err};
    mmofl_yaml_node *root;
    mmofl_dir_description made = {.samples = "samples.csv"};
    struct document document = {.out = &made, .title = "", .citation = ""};
    mmofl_status st =
        mmofl_yaml_parse(text.data, text.size, text.name, arena, &root, err);
    if (!st)
        st = mmofl_dir_read_keys(&r, root, document_keys,
                                 sizeof document_keys / sizeof *document_keys,
                                 MMOFL_DIR_ANY, text.name, &document);
    if (!st)
        st = join_citation(&r, root, &document);
    if (st)
        return st;
    const mmofl_yaml_node *share = mmofl_yaml_get(root, "test_share");
    if (share && made.test_owners)
        return mmofl_yaml_fail(&share->key_place, MMOFL_E_DUPLICATE, err,
                               "both test_owners and test_share; wanted one of them");
    made.test_share = document.test_share;
    *out = made;
    return MMOFL_OK;
}
