/* Opening what the stories work with, part by part, as the settings say; all of it is closed at once, backwards.
 *
 * Owns     the parts of struct shared, until shared_close; struct services, until services_drop.
 * Threads  opening and closing by one; each thread that runs stories has services of its own.
 * Before   shared->config is set, crypto_setup and json_setup have run.
 */
#pragma once
#include "flow/services.h"

/* create: make the database when it is missing.  The schema stays as it is: see store/migrate.h.
 * Ends: ERR_INVALID (DATABASE_URL), ERR_INTERNAL. */
FALLIBLE shared_open_store(struct shared *shared, bool create);
struct store_options shared_store_options(const struct config *config, bool create);

/* Where releases before 0.2 kept their keys; in mem.  Ends in a NUL that is not counted. */
struct str shared_key_folder(const struct config *config, struct arena *mem);

/* The keys that every node derives alike.  After the master key is there. */
void shared_derive_keys(struct shared *shared);

FALLIBLE shared_open_passwords(struct shared *shared);
struct password_options shared_password_options(const struct config *config);

void shared_close(struct shared *shared); /* what is not open is passed over */

/* A thread's own.  Ends: ERR_INTERNAL. */
FALLIBLE services_open(const struct shared *shared, struct services **out);
void services_drop(struct services **own);
