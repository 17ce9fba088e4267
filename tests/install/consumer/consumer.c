/* consumer.c - what a program that embeds libmmofl does first: call it, and read what
 * went wrong.  It includes every public header, so that a missing one is noticed. */
#include <stdio.h>
#include <string.h>

#include <mmofl/dataset.h>
#include <mmofl/status.h>

int main(void)
{
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    mmofl_status status = mmofl_dataset_open("no such file", &set, &err);
    printf("%s: %s\n", mmofl_status_name(status), err.text);
    mmofl_dataset_close(set);
    return strcmp(mmofl_status_name(status), "E_NOT_FOUND") != 0;
}
