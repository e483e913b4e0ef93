/* A browser's or program's own name for itself (User-Agent), in words that a person knows: "Firefox on Windows".
 *
 * A hint for people who look for a device that is not theirs, and nothing else: anybody can send anything.
 *
 * Owns     nothing; the words lie in the arena.
 * Threads  any.
 * Source   RFC 9110 10.1.5 (User-Agent: product tokens and comments).
 */
#pragma once
#include "base/arena.h"

/* "Unknown device" when it says nothing. */
struct str device_name(struct arena *mem, struct str user_agent);
