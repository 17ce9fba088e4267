/* sources.c - every data set by name, in the order in which they are listed. */
#include "data/source.h"

#define SOURCES(X)                                                                     \
    X(uci_har)                                                                         \
    X(mvsa_single)                                                                     \
    X(utd_mhad)                                                                        \
    X(pamap2)                                                                          \
    X(mhealth)                                                                         \
    X(room_occupancy)                                                                  \
    X(dir)                                                                             \
    X(synthetic_har)

#define DECLARE(name) extern const mmofl_data_source mmofl_##name;
SOURCES(DECLARE)

static const mmofl_kind *const kinds[] = {
#define ROW(name) &mmofl_##name.kind,
    SOURCES(ROW)};

mmofl_kind_list mmofl_data_source_kinds(void)
{
    return (mmofl_kind_list){kinds, sizeof kinds / sizeof *kinds};
}
