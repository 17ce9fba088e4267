/* schema_numbers.c - what a list of numbers must be to mean seeds, rounds or devices.
 */
#include "config/schema_numbers.h"
#include "config/number_list.h"
#include "config/schema.h"

mmofl_status mmofl_schema_read_seeds(const mmofl_yaml_node *node, const char *name,
                                     mmofl_arena *arena, uint64_t **out, int *count,
                                     mmofl_error *err)
{
    mmofl_status st = mmofl_number_list_read(node, name, MMOFL_SCHEMA_MOST_SEEDS, arena,
                                             out, count, err);
    if (st)
        return st;
    if (*count == 0)
        return mmofl_yaml_fail(&node->place, MMOFL_E_MISSING, err,
                               "%s is empty; wanted at least one", name);
    for (int i = 1; i < *count; i++)
        for (int j = 0; j < i; j++)
            if ((*out)[i] == (*out)[j])
                return mmofl_yaml_fail(&node->place, MMOFL_E_DUPLICATE, err,
                                       "%s: %llu stands twice", name,
                                       (unsigned long long)(*out)[i]);
    return MMOFL_OK;
}

mmofl_status mmofl_schema_read_rounds(const mmofl_yaml_node *node, const char *name,
                                      int rounds, mmofl_arena *arena, int **out,
                                      int *count, mmofl_error *err)
{
    uint64_t *number;
    mmofl_status st = mmofl_number_list_read(node, name, MMOFL_SCHEMA_MOST_ROUNDS,
                                             arena, &number, count, err);
    if (st)
        return st;
    int *round = MMOFL_ARENA_NEW(arena, (size_t)*count, int);
    if (!round)
        return mmofl_yaml_fail(&node->place, MMOFL_E_MEMORY, err, "out of memory");
    for (int i = 0; i < *count; i++) {
        if (number[i] < 1 || number[i] > (uint64_t)rounds)
            return mmofl_yaml_fail(&node->place, MMOFL_E_RANGE, err,
                                   "%s: no round %llu; wanted 1 to %d (the key rounds)",
                                   name, (unsigned long long)number[i], rounds);
        round[i] = (int)number[i];
        if (i > 0 && round[i] <= round[i - 1])
            return mmofl_yaml_fail(&node->place, MMOFL_E_RANGE, err,
                                   "%s: %d after %d; wanted them ascending", name,
                                   round[i], round[i - 1]);
    }
    *out = round;
    return MMOFL_OK;
}

mmofl_status mmofl_schema_read_devices(const mmofl_yaml_node *node, const char *name,
                                       mmofl_arena *arena, int **out, int *count,
                                       mmofl_error *err)
{
    uint64_t *number;
    int n;
    mmofl_status st = mmofl_number_list_read(node, name, MMOFL_SCHEMA_MOST_DEVICES,
                                             arena, &number, &n, err);
    if (st)
        return st;
    if (n == 0)
        return mmofl_yaml_fail(&node->place, MMOFL_E_MISSING, err,
                               "%s is empty; wanted at least one", name);
    int *device = MMOFL_ARENA_NEW(arena, (size_t)n, int);
    if (!device)
        return mmofl_yaml_fail(&node->place, MMOFL_E_MEMORY, err, "out of memory");
    for (int i = 0; i < n; i++) {
        if (number[i] >= MMOFL_SCHEMA_MOST_DEVICES)
            return mmofl_yaml_fail(&node->place, MMOFL_E_RANGE, err,
                                   "%s: no device %llu; wanted 0 to fleet.devices - 1",
                                   name, (unsigned long long)number[i]);
        device[i] = (int)number[i];
    }
    *out = device;
    *count = n;
    return MMOFL_OK;
}
