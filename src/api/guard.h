/* The words of the routes table for who may come in, and the gate that enforces them.
 *
 * Threads  any worker.
 * Sources  RFC 6750 2.1 (Bearer in the Authorization header; nowhere else), RFC 9449 7 (DPoP, with a proof).
 */
#pragma once
#include "access/access.h"
#include "http/server.h"

/* ENROLLING: as SIGNED_IN, and also with a token that can only add a factor; every other word refuses those (WHY_ENROL_ONLY).
 * TOKEN_OR_COOKIE: as SIGNED_IN; or a page's cookie, which is looked at and not spent: for what only asks who it is.
 * A_CLIENT: a service, asked for by the handler (client_guard.h), because its proof may lie in the form. */
enum guard { ANYONE, SIGNED_IN, ENROLLING, TOKEN_OR_COOKIE, A_CLIENT, MAY_FIRST };
#define MAY(permission) (MAY_FIRST + (int)(permission))

/* Guard, then limit, of the call's row; fills call->caller for every guard but ANYONE and A_CLIENT.
 * Ends: ERR_UNAUTHENTICATED, ERR_DENIED, ERR_LIMITED, ERR_BUSY. */
FALLIBLE guard_admit(struct call *c);

/* What somebody should look at now, for whoever watches the log. */
void guard_alert(struct call *c, struct str rule, struct str what);

/* Writes the audit row of a refusal: bad tokens and proofs, denied access.  Adds the nonce that a refusal asks for. */
void guard_refused(struct call *c, enum err end);
