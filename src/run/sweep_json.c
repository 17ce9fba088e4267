/* sweep_json.c - the results of all cells for scripts. */
#include <jansson.h>
#include <stdlib.h>

#include "run/sweep.h"

static json_t *settings_json(const mmofl_sweep_cell *cell)
{
    json_t *settings = json_object();
    for (int k = 0; k < cell->n_settings; k++)
        json_object_set_new(settings, cell->setting[k].path,
                            json_string(cell->setting[k].value));
    return settings;
}

/* What the cell's own summary.json holds, behind what the cell is. */
static json_t *cell_json(const mmofl_sweep_plan *plan, int i,
                         const mmofl_cell_result *result)
{
    const mmofl_planned_cell *cell = &plan->cell[i];
    json_t *object = json_object();
    json_object_set_new(object, "cell", json_string(cell->name));
    json_object_set_new(object, "folder",
                        json_sprintf("cells/%s", plan->cell[cell->same_as].name));
    json_object_set_new(object, "settings", settings_json(&plan->sweep->cell[i]));
    if (!result->seed)
        return object;
    char *text = mmofl_summary_json(&cell->experiment, result->seed, result->n);
    json_t *summary = text ? json_loads(text, 0, NULL) : NULL;
    free(text);
    if (!summary || json_object_update(object, summary) != 0) {
        json_decref(object);
        object = NULL;
    }
    json_decref(summary);
    return object;
}

char *mmofl_sweep_json(const mmofl_sweep_plan *plan, const mmofl_cell_result *result)
{
    json_t *root = json_object(), *cells = json_array();
    int failed = 0;
    for (int i = 0; i < plan->n_cells; i++)
        failed |= json_array_append_new(cells, cell_json(plan, i, &result[i]));
    failed |=
        json_object_set_new(root, "name", json_string(plan->cell[0].experiment.name));
    failed |= json_object_set_new(root, "cells", cells);
    char *text = failed ? NULL : json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    return text;
}
