/* The steps of the two ceremonies, as the standard numbers them, each with the word that an audit entry and a test name it by.
 *
 * room is where a step is carried out: CORE in this room; FLOW by who calls it, since it needs storage, a session or HTTP;
 * CLIENT by the script in the browser.
 *
 * Source   WebAuthn Level 3 7.1 (29 steps), 7.2 (25 steps).
 */
#pragma once
#include "base/err.h"

#include <stddef.h>

/* clang-format off */
#define WEBAUTHN_STEPS(S)                                                                  \
    S(REGISTRATION_OPTIONS,       7, 1, 1,  FLOW,   "options")                             \
    S(REGISTRATION_CREATE,        7, 1, 2,  CLIENT, "create")                              \
    S(REGISTRATION_RESPONSE,      7, 1, 3,  CORE,   "response")                            \
    S(REGISTRATION_RESULTS,       7, 1, 4,  CORE,   "client-extension-results")            \
    S(REGISTRATION_DECODE,        7, 1, 5,  CORE,   "utf-8")                               \
    S(REGISTRATION_PARSE,         7, 1, 6,  CORE,   "client-data")                         \
    S(REGISTRATION_TYPE,          7, 1, 7,  CORE,   "type")                                \
    S(REGISTRATION_CHALLENGE,     7, 1, 8,  CORE,   "challenge")                           \
    S(REGISTRATION_ORIGIN,        7, 1, 9,  CORE,   "origin")                              \
    S(REGISTRATION_CROSS_ORIGIN,  7, 1, 10, CORE,   "cross-origin")                        \
    S(REGISTRATION_TOP_ORIGIN,    7, 1, 11, CORE,   "top-origin")                          \
    S(REGISTRATION_HASH,          7, 1, 12, CORE,   "client-data-hash")                    \
    S(REGISTRATION_CBOR,          7, 1, 13, CORE,   "attestation-object")                  \
    S(REGISTRATION_RP_ID,         7, 1, 14, CORE,   "rp-id-hash")                          \
    S(REGISTRATION_UP,            7, 1, 15, CORE,   "user-present")                        \
    S(REGISTRATION_UV,            7, 1, 16, CORE,   "user-verified")                       \
    S(REGISTRATION_BACKUP,        7, 1, 17, CORE,   "backup-flags")                        \
    S(REGISTRATION_ELIGIBLE,      7, 1, 18, CORE,   "backup-eligibility")                  \
    S(REGISTRATION_BACKED_UP,     7, 1, 19, CORE,   "backup-state")                        \
    S(REGISTRATION_ALGORITHM,     7, 1, 20, CORE,   "algorithm")                           \
    S(REGISTRATION_FORMAT,        7, 1, 21, CORE,   "attestation-format")                  \
    S(REGISTRATION_STATEMENT,     7, 1, 22, CORE,   "attestation-statement")               \
    S(REGISTRATION_ANCHORS,       7, 1, 23, CORE,   "trust-anchors")                       \
    S(REGISTRATION_TRUST,         7, 1, 24, CORE,   "attestation-trust")                   \
    S(REGISTRATION_ID_LENGTH,     7, 1, 25, CORE,   "credential-id-length")                \
    S(REGISTRATION_ID_NEW,        7, 1, 26, FLOW,   "credential-id-taken")                 \
    S(REGISTRATION_RECORD,        7, 1, 27, CORE,   "record")                              \
    S(REGISTRATION_EXTENSIONS,    7, 1, 28, CORE,   "extensions")                          \
    S(REGISTRATION_STORE,         7, 1, 29, FLOW,   "store")                               \
    S(ASSERTION_OPTIONS,          7, 2, 1,  FLOW,   "options")                             \
    S(ASSERTION_GET,              7, 2, 2,  CLIENT, "get")                                 \
    S(ASSERTION_RESPONSE,         7, 2, 3,  CORE,   "response")                            \
    S(ASSERTION_RESULTS,          7, 2, 4,  CORE,   "client-extension-results")            \
    S(ASSERTION_ALLOWED,          7, 2, 5,  CORE,   "allowed-credentials")                 \
    S(ASSERTION_USER,             7, 2, 6,  CORE,   "user-handle")                         \
    S(ASSERTION_TAKE,             7, 2, 7,  CORE,   "authenticator-data")                  \
    S(ASSERTION_DECODE,           7, 2, 8,  CORE,   "utf-8")                               \
    S(ASSERTION_PARSE,            7, 2, 9,  CORE,   "client-data")                         \
    S(ASSERTION_TYPE,             7, 2, 10, CORE,   "type")                                \
    S(ASSERTION_CHALLENGE,        7, 2, 11, CORE,   "challenge")                           \
    S(ASSERTION_ORIGIN,           7, 2, 12, CORE,   "origin")                              \
    S(ASSERTION_CROSS_ORIGIN,     7, 2, 13, CORE,   "cross-origin")                        \
    S(ASSERTION_TOP_ORIGIN,       7, 2, 14, CORE,   "top-origin")                          \
    S(ASSERTION_RP_ID,            7, 2, 15, CORE,   "rp-id-hash")                          \
    S(ASSERTION_UP,               7, 2, 16, CORE,   "user-present")                        \
    S(ASSERTION_UV,               7, 2, 17, CORE,   "user-verified")                       \
    S(ASSERTION_BACKUP,           7, 2, 18, CORE,   "backup-flags")                        \
    S(ASSERTION_ELIGIBLE,         7, 2, 19, CORE,   "backup-eligibility")                  \
    S(ASSERTION_HASH,             7, 2, 20, CORE,   "client-data-hash")                    \
    S(ASSERTION_SIGNATURE,        7, 2, 21, CORE,   "signature")                           \
    S(ASSERTION_COUNTER,          7, 2, 22, CORE,   "counter")                             \
    S(ASSERTION_EXTENSIONS,       7, 2, 23, CORE,   "extensions")                          \
    S(ASSERTION_UPDATE,           7, 2, 24, FLOW,   "update")                              \
    S(ASSERTION_CONTINUE,         7, 2, 25, FLOW,   "continue")
/* clang-format on */

#define STEP_NAME(name, chapter, section, number, room, word) STEP_##name,
enum step { STEP_NONE, WEBAUTHN_STEPS(STEP_NAME) STEP_COUNT };

enum step_room { STEP_IN_CORE, STEP_IN_FLOW, STEP_IN_CLIENT };

const char *step_word(enum step step); /* "7.1-7-type"; "" of STEP_NONE */
enum step_room step_room_of(enum step step);

/* A check of a ceremony.  Several rows may stand for one step. */
struct step_check {
    enum step step;
    FALLIBLE (*check)(void *ceremony);
};

/* One after the other until one fails.  Then *failed is its step, and the note says the word in front of the reason. */
FALLIBLE steps_run(const struct step_check *checks, size_t count, void *ceremony, enum step *failed);
