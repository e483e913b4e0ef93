/* The gate for services: which client is calling, by what it showed.
 *
 * Threads  any worker.
 * Sources  RFC 6749 2.3 (one method in each request), 2.3.1 (Basic); RFC 7523 2.2 (client_assertion); RFC 6750 2.1 (Bearer).
 */
#pragma once
#include "api/handlers.h"
#include "flow/clients.h"

/* form: the parameters of the body, or NULL where there is none.  bearer: a token of its own serves too.
 * Ends: ERR_INVALID (WHY_OAUTH_REQUEST: several methods at once), those of flow_client_recognise. */
FALLIBLE client_admit(struct call *c, const struct oauth_body *form, bool bearer, struct client_caller *out);
