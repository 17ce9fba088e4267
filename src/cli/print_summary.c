/* print_summary.c - the results of all seeds as a table. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "cli/print.h"

/* What a seed reached, or the mean or spread of all: behind its name in a row.  The
 * columns of validation and of disturbed tests are there only where there are any. */
static void print_scores(const double score[MMOFL_SUMMARY_FIELDS], bool validation,
                         bool disturbed)
{
    if (validation)
        printf("   %8.2f %%", 100 * score[MMOFL_SUMMARY_VALIDATION_MACRO_F1]);
    printf("   %6.2f %%   %6.2f %%", 100 * score[MMOFL_SUMMARY_TEST_ACCURACY],
           100 * score[MMOFL_SUMMARY_TEST_MACRO_F1]);
    if (disturbed)
        printf("   %7.2f %%", 100 * score[MMOFL_SUMMARY_DISTURBED_ACCURACY]);
    printf("   %9.2f %%   %9.3f", 100 * score[MMOFL_SUMMARY_PREQUENTIAL_ACCURACY],
           score[MMOFL_SUMMARY_CUMULATIVE_LOSS]);
}

void mmofl_cli_print_summary(const mmofl_experiment *x, const mmofl_seed_summary *s,
                             int n)
{
    double mean[MMOFL_SUMMARY_FIELDS], sd[MMOFL_SUMMARY_FIELDS];
    bool validation = isfinite(s[0].validation_macro_f1);
    bool disturbed = isfinite(s[0].disturbed_accuracy);
    printf("%s: %d device%s, %d rounds, method %s\n\n", x->name, x->fleet.devices,
           x->fleet.devices == 1 ? "" : "s", x->rounds, x->method.kind->name);
    printf("  seed%s   test acc   macro-F1%s   prequential   cum. loss   rounds/s   "
           "steps/s   MB up   MB down\n",
           validation ? "   valid. F1" : "", disturbed ? "   disturbed" : "");
    for (int i = 0; i < n; i++) {
        for (mmofl_summary_field f = 0; f < MMOFL_SUMMARY_FIELDS; f++)
            mmofl_summary_spread(&s[i], 1, f, &mean[f], &sd[f]);
        printf("  %4" PRIu64, s[i].seed);
        print_scores(mean, validation, disturbed);
        printf("   %8.1f   %7.0f   %5.1f   %7.1f\n",
               s[i].seconds > 0 ? s[i].rounds / s[i].seconds : 0, s[i].steps_per_s,
               (double)s[i].bytes_up / 1e6, (double)s[i].bytes_down / 1e6);
    }
    if (n < 2)
        return;
    for (mmofl_summary_field f = 0; f < MMOFL_SUMMARY_FIELDS; f++)
        mmofl_summary_spread(s, n, f, &mean[f], &sd[f]);
    printf("  mean");
    print_scores(mean, validation, disturbed);
    printf("\n  +-sd");
    print_scores(sd, validation, disturbed);
    printf("\n");
}
