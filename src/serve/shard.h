/* shard.h - a coordinator of some of the devices, under a root.
 *
 *   root's Task --> round with its devices (server.h) --> partial sum --> root
 *
 * It opens the round that the root has opened, with the same participants, and waits
 * for those of them that are its own; what they sent is in its journal before they are
 * told so.  Then it hands their sums over (fed/partial.h), and its next Task comes.  A
 * shard that was killed gets the Task again and finds its devices' answers in the
 * journal; so nothing else has to be on the disk.  Threads: one owner. */
#ifndef MMOFL_SERVE_SHARD_H
#define MMOFL_SERVE_SHARD_H

#include "serve/root_link.h"
#include "serve/server.h"

enum { MMOFL_SHARD_NAME_BYTES = 24 };

/** What a shard is called at its root: "shard-7". */
void mmofl_shard_name(uint32_t number, char name[MMOFL_SHARD_NAME_BYTES]);

typedef struct mmofl_shard_setup {
    /** Of its own devices; the list has those of the shard's block only, and run is the
     * whole fleet's.  first_device and n_devices are filled in here. */
    mmofl_server_setup server;
    mmofl_root_setup root; /* the name is filled in here */
    uint32_t number, shards;
} mmofl_shard_setup;

typedef struct mmofl_shard mmofl_shard;

/** Make the server and connect to the root.
 * @retval those of mmofl_server_new, mmofl_coordinator_new and mmofl_root_link_new
 * @retval E_COUNT  more shards than devices */
MMOFL_CHECKED mmofl_status mmofl_shard_new(const mmofl_shard_setup *setup,
                                           mmofl_shard **shard, mmofl_error *err);
void mmofl_shard_delete(mmofl_shard *shard);

/** Do what the root asks until it says that training has ended, and the devices have
 * the final model.
 * @retval E_INTERRUPTED  asked to stop
 * @retval those of mmofl_root_link_step, and of the server's rounds */
MMOFL_CHECKED mmofl_status mmofl_shard_run(mmofl_shard *shard, double patience_s,
                                           mmofl_error *err);

#endif
