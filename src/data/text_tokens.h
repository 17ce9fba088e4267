/* text_tokens.h - short texts as token ids: decode, normalise, split, hash.
 *
 * Bytes are UTF-8 (ASCII included) or, where they are not, GB18030; a byte-order mark
 * is dropped.  Normalisation: NFKC with case folding, invisible characters (joiners,
 * variation selectors, soft hyphens) dropped (utf8proc).  Then web addresses
 * (http://..., https://..., www...., up to the next character that is no visible ASCII;
 * also ones cut by an ellipsis, down to "h...") and @names are dropped; a token is a
 * run of letters, marks and digits, or one Han, kana or hangul character, or one symbol
 * of category So (emoji); "#" of a hashtag is dropped and the word kept; the rest
 * separates.
 * id = 1 + FNV-1a64(token in UTF-8) mod (vocabulary - 1), so 0 is padding: no
 * dictionary to store or share, and two devices give a word the same id (feature
 * hashing, Weinberger et al. 2009). */
#ifndef MMOFL_DATA_TEXT_TOKENS_H
#define MMOFL_DATA_TEXT_TOKENS_H

#include "mmofl/status.h"

enum { MMOFL_TEXT_BYTES = 64 * 1024 }; /* longest text taken */

/** Write the first `length` token ids of the text, zeros behind; *used (may be NULL)
 * receives how many there are, *whole (may be NULL) how many the text has.
 * vocabulary >= 2.
 * @retval MMOFL_E_LIMIT   longer than MMOFL_TEXT_BYTES
 * @retval MMOFL_E_SYNTAX  a zero byte, or neither UTF-8 nor GB18030; err says at which
 *                         byte
 * @retval MMOFL_E_UNSUPPORTED  not UTF-8, and the C library cannot convert GB18030
 * @retval MMOFL_E_MEMORY
 * Cost: some microseconds, and up to 18 code points a byte of scratch memory. */
MMOFL_CHECKED mmofl_status mmofl_text_tokens(const void *bytes, size_t size,
                                             const char *name, int vocabulary,
                                             int length, int32_t *ids, int *used,
                                             int *whole, mmofl_error *err);

#endif
