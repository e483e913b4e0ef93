/* What a character is, as far as names care.
 *
 * Owns     nothing.
 * Threads  any; the functions are pure.
 * Sources  the properties and general categories of Unicode by libunistring; threat model AC10.
 */
#pragma once
#include "base/str.h"

/* Takes the first code point off well-formed UTF-8, which must not be empty. */
uint32_t letters_next(struct str *rest);

bool letters_plain(uint32_t c);  /* a letter or a decimal digit of any script */
bool letters_mark(uint32_t c);   /* one that combines with what stands before it */
bool letters_hidden(uint32_t c); /* controls, joiners, selectors, what turns the line around, fillers, private use */
bool letters_shaper(uint32_t c); /* of the hidden: U+200C, U+200D and variation selectors, which real names need */
bool letters_seen(uint32_t c);   /* leaves ink */

/* True when well-formed text has letters of more than one of Latin, Greek and Cyrillic. */
bool letters_mixed(struct str text);
