/* sound_maker.h - sound files made in memory with libsndfile, for tests. */
#ifndef MMOFL_TESTS_SOUND_MAKER_H
#define MMOFL_TESTS_SOUND_MAKER_H

#include <sndfile.h>

#include "check.h"

typedef struct sound_file {
    unsigned char data[1 << 18];
    sf_count_t size, at;
} sound_file;

static inline sf_count_t sound_file_size(void *user)
{
    return ((sound_file *)user)->size;
}

static inline sf_count_t sound_file_seek(sf_count_t offset, int whence, void *user)
{
    sound_file *file = user;
    file->at = offset + (whence == SEEK_CUR   ? file->at
                         : whence == SEEK_END ? file->size
                                              : 0);
    return file->at;
}

static inline sf_count_t sound_file_read(void *to, sf_count_t n, void *user)
{
    sound_file *file = user;
    n = n < file->size - file->at ? n : file->size - file->at;
    memcpy(to, file->data + file->at, (size_t)n);
    file->at += n;
    return n;
}

static inline sf_count_t sound_file_write(const void *from, sf_count_t n, void *user)
{
    sound_file *file = user;
    CHECK(file->at + n <= (sf_count_t)sizeof file->data);
    memcpy(file->data + file->at, from, (size_t)n);
    file->at += n;
    if (file->size < file->at)
        file->size = file->at;
    return n;
}

static inline sf_count_t sound_file_tell(void *user)
{
    return ((sound_file *)user)->at;
}

/** Encode `frames` times `channels` values in an SF_FORMAT_...; free() it. */
static inline sound_file *sound_make(const float *values, int frames, int channels,
                                     int rate, int format)
{
    SF_VIRTUAL_IO io = {sound_file_size, sound_file_seek, sound_file_read,
                        sound_file_write, sound_file_tell};
    SF_INFO info = {.samplerate = rate, .channels = channels, .format = format};
    sound_file *made = calloc(1, sizeof *made);
    CHECK(made);
    SNDFILE *file = sf_open_virtual(&io, SFM_WRITE, &info, made);
    if (!file)
        fail_msg("%s", sf_strerror(NULL));
    CHECK(sf_writef_float(file, values, frames) == frames);
    sf_close(file);
    return made;
}

#endif
