/* fetch.c - one file from the network, whole and checked, or a reason.
 *
 *     FILE.part  grows with every attempt  --SHA-256 right-->  FILE
 *
 * A part that stays behind is gone on with by an HTTP Range request.  A server that
 * ignores ranges sends everything again, and the part starts over.  Whatever the server
 * says, no more than the file's known size is ever written; where that is not known, no
 * more than a limit.
 *
 * Only https is spoken, to servers whose certificate holds; http is for a mirror on
 * this machine (and the tests).  The digest would catch a changed file either way. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "data/curl.h"
#include "data/source.h"

enum {
    PATH_BYTES = 4096,
    MAX_REDIRECTS = 5,
    CONNECT_S = 30,
    STALL_S = 30, /* give up after so long below STALL_BYTES_PER_S */
    STALL_BYTES_PER_S = 64,
    READ_BYTES = 1 << 16
};

struct fetch {
    mmofl_curl curl;
    const mmofl_data_source *source;
    const char *url;
    char file[PATH_BYTES], part[PATH_BYTES];
    int fd;        /* of the part */
    size_t have;   /* bytes in the part */
    int write_err; /* errno of a failed write */
    bool too_long; /* the server has more than the file's size */
    void (*progress)(void *context, double done, double total);
    void *context;
};

/* --- what may be fetched ---------------------------------------------------------- */

static bool is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 ||
           strcmp(host, "[::1]") == 0;
}

/* https to anybody, http to this machine only. */
static mmofl_status check_url(const mmofl_curl *curl, const char *url, bool *loopback,
                              mmofl_error *err)
{
    CURLU *parts = curl->url();
    char *scheme = NULL, *host = NULL;
    mmofl_status st = MMOFL_OK;
    if (!parts)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory to read a URL");
    if (curl->url_set(parts, CURLUPART_URL, url, 0) ||
        curl->url_get(parts, CURLUPART_SCHEME, &scheme, 0)) {
        st = mmofl_fail(err, MMOFL_E_SYNTAX, "'%.200s' is not a URL", url);
    } else {
        /* file:// has no host; then it is not this machine's server either. */
        *loopback =
            !curl->url_get(parts, CURLUPART_HOST, &host, 0) && is_loopback(host);
        if (strcmp(scheme, "https") != 0 && !(strcmp(scheme, "http") == 0 && *loopback))
            st = mmofl_fail(err, MMOFL_E_UNSUPPORTED,
                            "%.200s: wanted https:// (http:// only to this machine)",
                            url);
    }
    curl->free(scheme);
    curl->free(host);
    curl->url_cleanup(parts);
    return st;
}

/* --- digest ----------------------------------------------------------------------- */

static mmofl_status digest_file(const char *path, char *hex, size_t hex_size,
                                mmofl_error *err)
{
    unsigned char buffer[READ_BYTES], digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mmofl_fail_errno(err, errno, "%s", path);
    crypto_hash_sha256_init(&state);
    ssize_t n;
    while ((n = read(fd, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            crypto_hash_sha256_update(&state, buffer, (unsigned long long)n);
    int e = errno;
    close(fd);
    if (n < 0)
        return mmofl_fail_errno(err, e, "%s", path);
    crypto_hash_sha256_final(&state, digest);
    sodium_bin2hex(hex, hex_size, digest, sizeof digest);
    return MMOFL_OK;
}

static mmofl_status check_digest(const struct fetch *fetch, const char *path,
                                 mmofl_error *err)
{
    char hex[2 * crypto_hash_sha256_BYTES + 1];
    const char *wanted = fetch->source->download->sha256;
    mmofl_status st = digest_file(path, hex, sizeof hex, err);
    if (!st && strcmp(hex, wanted) != 0)
        st = mmofl_fail(err, MMOFL_E_DIGEST,
                        "%s: SHA-256 is %s, wanted %s: not the official file", path,
                        hex, wanted);
    return st;
}

/* --- the file's size ---------------------------------------------------------------
 */

/* No more is ever written. */
static size_t most_bytes(const struct fetch *fetch)
{
    size_t bytes = fetch->source->download->bytes;
    return bytes ? bytes : (size_t)2 << 30;
}

/* Is the part all of the file?  Of a file whose size is not known, the digest tells. */
static bool is_whole(const struct fetch *fetch)
{
    if (fetch->source->download->bytes)
        return fetch->have == fetch->source->download->bytes;
    return fetch->have > 0 && check_digest(fetch, fetch->part, NULL) == MMOFL_OK;
}

/* --- the part --------------------------------------------------------------------- */

static mmofl_status empty_part(struct fetch *fetch, mmofl_error *err)
{
    if (ftruncate(fetch->fd, 0) != 0 || lseek(fetch->fd, 0, SEEK_SET) != 0)
        return mmofl_fail_errno(err, errno, "%s", fetch->part);
    fetch->have = 0;
    return MMOFL_OK;
}

/* Open the part at its end; one that is longer than the file starts over. */
static mmofl_status open_part(struct fetch *fetch, mmofl_error *err)
{
    fetch->fd = open(fetch->part, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fetch->fd < 0)
        return mmofl_fail_errno(err, errno, "%s", fetch->part);
    off_t end = lseek(fetch->fd, 0, SEEK_END);
    mmofl_status st = MMOFL_OK;
    if (end < 0)
        st = mmofl_fail_errno(err, errno, "%s", fetch->part);
    else if ((uint64_t)end > most_bytes(fetch))
        st = empty_part(fetch, err);
    else
        fetch->have = (size_t)end;
    if (st)
        close(fetch->fd);
    return st;
}

static mmofl_status close_part(struct fetch *fetch, mmofl_error *err)
{
    int e = fsync(fetch->fd) != 0 ? errno : 0;
    if (close(fetch->fd) != 0 && !e)
        e = errno;
    return e ? mmofl_fail_errno(err, e, "%s", fetch->part) : MMOFL_OK;
}

static size_t take_bytes(char *data, size_t size, size_t n, void *context)
{
    struct fetch *fetch = context;
    size_t bytes = size * n;
    if (bytes > most_bytes(fetch) - fetch->have) {
        fetch->too_long = true;
        return 0;
    }
    for (size_t done = 0; done < bytes;) {
        ssize_t wrote = write(fetch->fd, data + done, bytes - done);
        if (wrote < 0 && errno != EINTR) {
            fetch->write_err = errno;
            return 0;
        }
        if (wrote > 0) {
            done += (size_t)wrote;
            fetch->have += (size_t)wrote;
        }
    }
    return bytes;
}

static int show_progress(void *context, curl_off_t total, curl_off_t now,
                         curl_off_t up_total, curl_off_t up_now)
{
    const struct fetch *fetch = context;
    (void)total, (void)now, (void)up_total, (void)up_now;
    if (fetch->progress)
        fetch->progress(fetch->context, (double)fetch->have,
                        (double)fetch->source->download->bytes);
    return 0;
}

/* --- transfer --------------------------------------------------------------------- */

static void set_up(CURL *handle, struct fetch *fetch, bool loopback, char *reason)
{
    const mmofl_curl *curl = &fetch->curl;
    curl->easy_setopt(handle, CURLOPT_URL, fetch->url);
    curl->easy_setopt(handle, CURLOPT_ERRORBUFFER, reason);
    curl->easy_setopt(handle, CURLOPT_USERAGENT, "mmofl");
    curl->easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
    curl->easy_setopt(handle, CURLOPT_PROTOCOLS_STR, loopback ? "http,https" : "https");
    curl->easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    curl->easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    curl->easy_setopt(handle, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
    curl->easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl->easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_PER_S);
    curl->easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
    curl->easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_bytes);
    curl->easy_setopt(handle, CURLOPT_WRITEDATA, fetch);
    curl->easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, show_progress);
    curl->easy_setopt(handle, CURLOPT_XFERINFODATA, fetch);
    curl->easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    if (loopback) /* a proxy could not reach this machine's own server */
        curl->easy_setopt(handle, CURLOPT_PROXY, "");
}

static mmofl_status refuse_network(const struct fetch *fetch, const char *reason,
                                   mmofl_error *err)
{
    const char *name = fetch->source->kind.name;
    return mmofl_fail(err, MMOFL_E_NETWORK,
                      "%.300s: %.200s. Run `mmofl data fetch %s` again to go on; or "
                      "fetch the file by any other means and run `mmofl data import %s "
                      "FILE`",
                      fetch->url, reason, name, name);
}

static mmofl_status transfer_failed(const struct fetch *fetch, CURLcode code,
                                    const char *reason, mmofl_error *err)
{
    if (fetch->write_err)
        return mmofl_fail_errno(err, fetch->write_err, "%s", fetch->part);
    if (fetch->too_long)
        return mmofl_fail(err, MMOFL_E_DIGEST,
                          "%.300s: has more than %zu bytes: not the official file",
                          fetch->url, most_bytes(fetch));
    if (code == CURLE_OUT_OF_MEMORY)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%.300s: out of memory", fetch->url);
    return refuse_network(fetch, *reason ? reason : fetch->curl.easy_strerror(code),
                          err);
}

/* The transfer went well, but the part is shorter than the file.  Without an announced
 * length that may be a lost connection; with one the server has another file. */
static mmofl_status ended_early(const struct fetch *fetch, CURL *handle,
                                mmofl_error *err)
{
    curl_off_t announced = -1;
    fetch->curl.easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (announced < 0)
        return refuse_network(fetch, "the connection ended early", err);
    return mmofl_fail(err, MMOFL_E_DIGEST,
                      "%.300s: has %zu bytes instead of %zu: not the official file",
                      fetch->url, fetch->have, fetch->source->download->bytes);
}

/* One request for what is missing, and a second for everything when the server does not
 * do ranges. */
static mmofl_status transfer(struct fetch *fetch, bool loopback, mmofl_error *err)
{
    char reason[CURL_ERROR_SIZE] = "";
    const mmofl_curl *curl = &fetch->curl;
    CURL *handle = curl->easy_init();
    if (!handle)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a download");
    set_up(handle, fetch, loopback, reason);
    curl->easy_setopt(handle, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)fetch->have);
    CURLcode code = curl->easy_perform(handle);
    mmofl_status st = MMOFL_OK;
    if (code == CURLE_RANGE_ERROR && !(st = empty_part(fetch, err))) {
        reason[0] = '\0';
        curl->easy_setopt(handle, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)0);
        code = curl->easy_perform(handle);
    }
    if (!st && code != CURLE_OK)
        st = transfer_failed(fetch, code, reason, err);
    if (!st && fetch->have < fetch->source->download->bytes)
        st = ended_early(fetch, handle, err);
    curl->easy_cleanup(handle);
    return st;
}

/* Complete the part, check it, and give it its name. */
static mmofl_status fetch_file(struct fetch *fetch, bool loopback, mmofl_error *err)
{
    mmofl_status st = open_part(fetch, err);
    if (st)
        return st;
    if (!is_whole(fetch))
        st = transfer(fetch, loopback, err);
    mmofl_status closed = close_part(fetch, st ? NULL : err);
    st = st ? st : closed;
    if (!st)
        st = check_digest(fetch, fetch->part, err);
    if (st == MMOFL_E_DIGEST)
        unlink(fetch->part); /* going on with it would never end well */
    if (!st && rename(fetch->part, fetch->file) != 0)
        st = mmofl_fail_errno(err, errno, "%s", fetch->file);
    return st;
}

mmofl_status
mmofl_data_fetch(const mmofl_data_source *source, const char *url, const char *folder,
                 void (*progress)(void *context, double done, double total),
                 void *context, char *path, mmofl_error *err)
{
    const mmofl_data_download *download = source->download;
    if (!download)
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED,
                          source->generated
                              ? "%s is generated: there is nothing to fetch"
                              : "%s cannot be fetched: docs/datasets.md says where to "
                                "get it, `mmofl data import` reads it",
                          source->kind.name);
    if (sodium_init() < 0)
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED, "libsodium does not start");
    struct fetch fetch = {.source = source,
                          .url = url ? url : download->url,
                          .progress = progress,
                          .context = context};
    bool loopback = false;
    mmofl_status st = mmofl_curl_open(&fetch.curl, err);
    if (!st)
        st = check_url(&fetch.curl, fetch.url, &loopback, err);
    if (!st)
        st = mmofl_file_make_folders(folder, err);
    if (!st)
        st = mmofl_file_join(fetch.file, sizeof fetch.file, folder, download->file_name,
                             err);
    if (st)
        return st;
    int n = snprintf(fetch.part, sizeof fetch.part, "%s.part", fetch.file);
    if (n >= (int)sizeof fetch.part)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: path too long", fetch.file);
    if (!mmofl_file_exists(fetch.file) || check_digest(&fetch, fetch.file, NULL))
        st = fetch_file(&fetch, loopback, err);
    if (!st)
        memcpy(path, fetch.file, strlen(fetch.file) + 1);
    return st;
}
