/* print_summary.c - the results of all seeds as a table. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/print.h"

void mmofl_cli_print_summary(const mmofl_experiment *x, const mmofl_seed_summary *s,
                             int n)
{
    printf("%s: %d device%s, %d rounds, method %s\n\n", x->name, x->fleet.devices,
           x->fleet.devices == 1 ? "" : "s", x->rounds, x->method.kind->name);
    printf("  seed   test acc   macro-F1   prequential   cum. loss   rounds/s   "
           "steps/s   MB up   "
           "MB down\n");
    for (int i = 0; i < n; i++)
        printf("  %4" PRIu64 "   %6.2f %%   %6.2f %%   %9.2f %%   %9.3f   %8.1f   "
               "%7.0f   %5.1f   %7.1f\n",
               s[i].seed, 100 * s[i].test_accuracy, 100 * s[i].test_macro_f1,
               100 * s[i].prequential_accuracy, s[i].cumulative_loss,
               s[i].seconds > 0 ? s[i].rounds / s[i].seconds : 0, s[i].steps_per_s,
               (double)s[i].bytes_up / 1e6, (double)s[i].bytes_down / 1e6);
    if (n < 2)
        return;
    double mean[MMOFL_SUMMARY_FIELDS], sd[MMOFL_SUMMARY_FIELDS];
    for (mmofl_summary_field f = 0; f < MMOFL_SUMMARY_FIELDS; f++)
        mmofl_summary_spread(s, n, f, &mean[f], &sd[f]);
    const char *format = "  %4s   %6.2f %%   %6.2f %%   %9.2f %%   %9.3f\n";
    printf(format, "mean", 100 * mean[MMOFL_SUMMARY_TEST_ACCURACY],
           100 * mean[MMOFL_SUMMARY_TEST_MACRO_F1],
           100 * mean[MMOFL_SUMMARY_PREQUENTIAL_ACCURACY],
           mean[MMOFL_SUMMARY_CUMULATIVE_LOSS]);
    printf(format, "+-sd", 100 * sd[MMOFL_SUMMARY_TEST_ACCURACY],
           100 * sd[MMOFL_SUMMARY_TEST_MACRO_F1],
           100 * sd[MMOFL_SUMMARY_PREQUENTIAL_ACCURACY],
           sd[MMOFL_SUMMARY_CUMULATIVE_LOSS]);
}
