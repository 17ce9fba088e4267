/* mmofl.h - everything public: multimodal online federated learning, in one include.
 *
 *   status.h   what went wrong, in words
 *   dataset.h  labelled multimodal samples
 *   session.h  an experiment that runs inside your program
 *
 * examples/embed.c shows all of it at work.  Link with -lmmofl (pkg-config mmofl). */
#ifndef MMOFL_MMOFL_H
#define MMOFL_MMOFL_H

#include "mmofl/dataset.h"
#include "mmofl/session.h"
#include "mmofl/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The version of these headers.  Before 1.0 a new minor version may change the API. */
#define MMOFL_VERSION_MAJOR 0
#define MMOFL_VERSION_MINOR 1
#define MMOFL_VERSION_PATCH 0

/** "0.1.0": the version of the library that is running.  A static text.  Any thread. */
MMOFL_API const char *mmofl_version(void);

#ifdef __cplusplus
}
#endif
#endif
