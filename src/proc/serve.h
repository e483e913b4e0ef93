/* The serving process: everything opened in its order, then signals until the end.
 *
 * SIGTERM and SIGINT drain and stop; SIGHUP reads the certificate again.
 */
#pragma once
#include "config/config.h"

/* Returns the exit status: 0 after a clean stop, 1 when it could not start (said in one sentence on stderr), 3 when requests had
 * to be cut at the end of the drain. */
int serve(const struct config *config, struct config_state *state);
