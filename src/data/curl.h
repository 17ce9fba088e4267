/* curl.h - the functions of libcurl that mmofl uses, in a library that is opened when
 * something is to be fetched (base/library.h). */
#ifndef MMOFL_DATA_CURL_H
#define MMOFL_DATA_CURL_H

#include <curl/curl.h>

#include "mmofl/status.h"

/* curl's own macros check the types of options; the functions behind them do not. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

#define MMOFL_CURL_FUNCTIONS(X)                                                        \
    X(easy_init)                                                                       \
    X(easy_setopt)                                                                     \
    X(easy_perform)                                                                    \
    X(easy_getinfo)                                                                    \
    X(easy_strerror)                                                                   \
    X(easy_cleanup)                                                                    \
    X(url)                                                                             \
    X(url_set)                                                                         \
    X(url_get)                                                                         \
    X(url_cleanup)                                                                     \
    X(free)                                                                            \
    X(version_info)

/** curl->easy_init() is curl_easy_init(), and so on. */
typedef struct mmofl_curl {
#define MMOFL_CURL_SLOT(name) __typeof__(curl_##name) *(name);
    MMOFL_CURL_FUNCTIONS(MMOFL_CURL_SLOT)
#undef MMOFL_CURL_SLOT
} mmofl_curl;

/** @retval MMOFL_E_UNSUPPORTED  there is no libcurl on this machine */
MMOFL_CHECKED mmofl_status mmofl_curl_open(mmofl_curl *curl, mmofl_error *err);

#endif
