/* http.c - libmicrohttpd: one thread, few connections, short timeouts.  The library is
 * opened when a server is to be started (base/library.h). */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <microhttpd.h>

#include "base/clock.h"
#include "base/library.h"
#include "serve/http.h"
#include "serve/pages.h"

/* Enough for a Prometheus, some people and their browsers. */
enum { MOST_CONNECTIONS = 16, TIMEOUT_S = 10, CONNECTION_BYTES = 16 * 1024 };

#define FUNCTIONS(X)                                                                   \
    X(start_daemon)                                                                    \
    X(stop_daemon)                                                                     \
    X(create_response_from_buffer)                                                     \
    X(add_response_header)                                                             \
    X(queue_response)                                                                  \
    X(destroy_response)

/* mhd.start_daemon is MHD_start_daemon, and so on. */
typedef struct functions {
#define SLOT(name) __typeof__(MHD_##name) *(name);
    FUNCTIONS(SLOT)
} functions;

static const mmofl_library_symbol symbols[] = {
#define SYMBOL(name) {"MHD_" #name, offsetof(functions, name)},
    FUNCTIONS(SYMBOL)};

struct mmofl_http {
    functions mhd;
    struct MHD_Daemon *daemon;
    const char *federation;
    mmofl_board *board;
};

static enum MHD_Result answer(const mmofl_http *http, struct MHD_Connection *connection,
                              unsigned code, const char *type, mmofl_page page)
{
    const functions *mhd = &http->mhd;
    if (!page.text) {
        code = MHD_HTTP_INTERNAL_SERVER_ERROR;
        type = "text/plain; charset=utf-8";
    }
    struct MHD_Response *response = mhd->create_response_from_buffer(
        page.size, page.text,
        page.text ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!response) {
        free(page.text);
        return MHD_NO;
    }
    mhd->add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    mhd->add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
        mhd->add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result queued = mhd->queue_response(connection, code, response);
    mhd->destroy_response(response);
    return queued;
}

/* Pages are written while the board is held, sent when it is not. */
static enum MHD_Result give(const mmofl_http *http, struct MHD_Connection *connection,
                            const char *url)
{
    static const char plain[] = "text/plain; charset=utf-8";
    mmofl_page page = {0};
    unsigned code = MHD_HTTP_OK;
    const char *type = plain;
    const mmofl_board_view *view = mmofl_board_read(http->board);
    double age_s = view->at_s > 0 ? mmofl_clock_seconds() - view->at_s : 0;
    if (strcmp(url, "/healthz") == 0) {
        code = mmofl_page_health(view, age_s, &page) ? MHD_HTTP_OK
                                                     : MHD_HTTP_SERVICE_UNAVAILABLE;
    } else if (strcmp(url, "/metrics") == 0) {
        type = "text/plain; version=0.0.4; charset=utf-8";
        page = mmofl_page_metrics(view);
    } else if (strcmp(url, "/status") == 0) {
        type = "application/json";
        page = mmofl_page_status(view, http->federation, age_s);
    } else {
        code = MHD_HTTP_NOT_FOUND;
        page = mmofl_page_line("there are /healthz, /metrics and /status");
    }
    mmofl_board_done(http->board);
    return answer(http, connection, code, type, page);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection,
                              const char *url, const char *method, const char *version,
                              const char *upload, size_t *upload_size, void **state)
{
    static const int seen;
    const mmofl_http *http = context;
    (void)version, (void)upload;
    if (!*state) { /* the headers are there; what follows is not wanted */
        *state = (void *)(uintptr_t)&seen;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
        strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer(http, connection, MHD_HTTP_METHOD_NOT_ALLOWED,
                      "text/plain; charset=utf-8",
                      mmofl_page_line("only GET is answered"));
    return give(http, connection, url);
}

static struct addrinfo *find_address(const mmofl_address *at)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE},
                    *found = NULL;
    char port[16];
    snprintf(port, sizeof port, "%d", at->port);
    return getaddrinfo(at->host, port, &hints, &found) == 0 ? found : NULL;
}

mmofl_status mmofl_http_start(const mmofl_address *at, const char *federation,
                              mmofl_board *board, mmofl_http **out, mmofl_error *err)
{
    mmofl_http *http = calloc(1, sizeof *http);
    if (!http)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for HTTP");
    *http = (mmofl_http){.federation = federation, .board = board};
    mmofl_status st =
        mmofl_library_open(MMOFL_LIBMICROHTTPD, symbols,
                           sizeof symbols / sizeof *symbols, &http->mhd, err);
    if (st) {
        free(http);
        return st;
    }
    struct addrinfo *address = find_address(at);
    if (!address) {
        free(http);
        return mmofl_fail(err, MMOFL_E_NETWORK, "HTTP: no address %s here", at->host);
    }
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD;
    if (address->ai_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    errno = 0;
    http->daemon = http->mhd.start_daemon(
        flags, (uint16_t)at->port, NULL, NULL, handle, http, MHD_OPTION_SOCK_ADDR,
        address->ai_addr, MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_END);
    int why = errno;
    freeaddrinfo(address);
    if (!http->daemon) {
        free(http);
        return mmofl_fail(err, MMOFL_E_NETWORK, "HTTP: %s:%d: %s", at->host, at->port,
                          why ? strerror(why) : "cannot listen");
    }
    *out = http;
    return MMOFL_OK;
}

void mmofl_http_stop(mmofl_http *http)
{
    if (!http)
        return;
    http->mhd.stop_daemon(http->daemon);
    free(http);
}
