/* What second steps come to, for /metrics; the audit trail has each of them.
 *
 * Owns     struct step_figures: of the process that serves, all zero at its start.
 * Threads  any: counters are atomic.
 */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

struct step_figures {
    _Atomic uint64_t asked, passed, failed; /* second steps; failed has those that were throttled */
    _Atomic uint64_t raised;                /* sessions, by a step-up */
    _Atomic uint64_t limited;               /* sign-ins whose tokens can only add a factor */
};
