/* The listening socket, and a good sentence when the address is taken.
 *
 * Threads  one.
 */
#pragma once
#include "http/address.h"

/* socket: the caller closes it, or hands it on.
 * Ends: ERR_INTERNAL: the note is one sentence: which address, why, which process holds it where that can be seen, which setting
 * to change. */
FALLIBLE listen_open(const struct listen_place *place, int *socket);
