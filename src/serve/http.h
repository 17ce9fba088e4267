/* http.h - what the coordinator tells of itself over HTTP, read only.
 *
 *   GET /healthz   200 "ok", or 503 and why: no broker, or the server's loop stands
 *   GET /metrics   for Prometheus, text format 0.0.4
 *   GET /status    the whole state as JSON
 *
 * A thread of its own answers from the board; the server never waits for a client.
 * There is no TLS and no password: it belongs on loopback, behind a proxy elsewhere. */
#ifndef MMOFL_SERVE_HTTP_H
#define MMOFL_SERVE_HTTP_H

#include "link/address.h"
#include "serve/board.h"

typedef struct mmofl_http mmofl_http;

/** Listen and answer.  federation and board are borrowed until mmofl_http_stop.
 * @retval E_NETWORK  no such address here, or the port is taken; err says which
 * @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_http_start(const mmofl_address *at,
                                            const char *federation, mmofl_board *board,
                                            mmofl_http **http, mmofl_error *err);

/** NULL is allowed. */
void mmofl_http_stop(mmofl_http *http);

#endif
