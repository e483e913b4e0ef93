/* How hard a password is to guess, on zxcvbn's scale.
 *
 * libzxcvbn finds the words, sequences, dates and keyboard walks; its sum of bits is of the method's first form (2012)
 * and falls short of today's scale: by it "SecurePassword123" is as weak as "MyPassword123".  So the parts are counted
 * here as zxcvbn 4 counts them: a part costs at least 10 guesses (one character) or 50 (more), a character without
 * pattern costs 10, and n parts can stand in n! orders.  A part that came before costs nothing but its place.
 *
 * Threads  any; takes up to about a millisecond, so it runs in the pool.
 * Sources  zxcvbn 4.4.2, scoring (least guesses of a part, ten for a character, n!) and time_estimates (thresholds);
 * what libzxcvbn's README says of its own sum.
 */
#pragma once
#include "base/str.h"

#define STRENGTH_BYTES_MAX 64 /* the estimate takes cubic time; what follows is not looked at */

/* 0 to 4: fewer than 10^3, 10^6, 10^8, 10^10 guesses, or more.  text: not empty.  words: C strings and a NULL. */
unsigned strength_score(struct str text, const char *words[]);

/* log10 of the guesses. */
double strength_guesses_log10(struct str text, const char *words[]);
