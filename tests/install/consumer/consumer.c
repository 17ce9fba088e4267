/* consumer.c - what a program that embeds libmmofl does first: call it, and read what
 * went wrong.  A C++ compiler takes it too: the headers are for both. */
#include <stdio.h>
#include <string.h>

#include <mmofl/mmofl.h>

int main(void)
{
    mmofl_session *session = NULL;
    mmofl_error err;
    memset(&err, 0, sizeof err);
    mmofl_status status = mmofl_session_open("no such file", NULL, &session, &err);
    printf("mmofl %s: %s: %s\n", mmofl_version(), mmofl_status_name(status), err.text);
    mmofl_session_close(session);
    return strcmp(mmofl_status_name(status), "E_NOT_FOUND") != 0;
}
