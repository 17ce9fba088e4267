/* aggregation.h - how the coordinator turns the devices' models into the next one.
 *
 * Now: fedavg, uniform or weighted by samples.  Sums are integers (fixed_sum.h), so the
 * result does not depend on the order in which updates come in. */
#ifndef MMOFL_FED_AGGREGATION_H
#define MMOFL_FED_AGGREGATION_H

#include "base/option.h"

mmofl_kind_list mmofl_aggregation_kinds(void);

#endif
