/* curl.c - where each function goes.  MMOFL_LIBCURL is the soname of the library that
 * this was compiled against. */
#include "data/curl.h"

#include "base/library.h"

mmofl_status mmofl_curl_open(mmofl_curl *curl, mmofl_error *err)
{
    static const mmofl_library_symbol symbols[] = {
#define SYMBOL(name) {"curl_" #name, offsetof(mmofl_curl, name)},
        MMOFL_CURL_FUNCTIONS(SYMBOL)
#undef SYMBOL
    };
    return mmofl_library_open(MMOFL_LIBCURL, symbols, sizeof symbols / sizeof *symbols,
                              curl, err);
}
