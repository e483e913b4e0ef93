/* A short list of the passwords that everybody tries first.
 *
 * Only what has 8 characters or more and what people are known to take; the zxcvbn dictionaries and the account's own
 * words do the rest. Threads  any.
 */
#pragma once
#include "base/str.h"

#define COMMON_BYTES_MAX 32 /* no word of the list is longer */

bool common_password(struct str password); /* letters of ASCII in either case */

/* The list, for its test. */
extern const char *const common_words[];
extern const size_t common_words_count;
