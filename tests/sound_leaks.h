/* sound_leaks.h - what libsndfile 1.2 does not give back when it refuses an Ogg whose
 * headers are cut: 6 kB in libvorbis.  Nothing above it can free that; the sanitizer is
 * told, in one .c file of a program. */
#ifndef MMOFL_TESTS_SOUND_LEAKS_H
#define MMOFL_TESTS_SOUND_LEAKS_H

/* Exported, because the sanitizer, which asks for it, lies in another library. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:vorbis_info_init\n";
}

#endif
