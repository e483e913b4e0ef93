/* What each scheme gives to the table in scheme.c and to hashing.
 *
 * Threads  check and make run in a worker of the pool and take no lock there; the others may run anywhere.
 * Ends     of check: OK, ERR_DENIED, ERR_BUSY (no memory), ERR_INTERNAL.  Of make: OK, ERR_BUSY, ERR_INTERNAL.
 */
#pragma once
#include "password/hash.h"

extern const struct scheme password_schemes[];
extern const size_t password_schemes_count;

enum password_reading argon2_read(struct str stored, struct stored *out);
enum err argon2_check(const char *stored, const struct secret *password);
enum err argon2_make(const struct password_options *options, const struct secret *password,
                     char out[static PASSWORD_HASH_MAX]);
void argon2_decoy(const struct password_options *options, char out[static PASSWORD_HASH_MAX]);

#define BCRYPT_COST_MIN    4U
#define BCRYPT_COST_MAX    15U /* two to three seconds; a stored string past it is not taken */
#define BCRYPT_BYTES_MAX   72U
#define BCRYPT_LONG_PREFIX "$postern-bcrypt-sha384"

enum password_reading bcrypt_read(struct str stored, struct stored *out);
enum password_reading bcrypt_long_read(struct str stored, struct stored *out);
enum err bcrypt_long_check(const char *stored, const struct secret *password);
enum err bcrypt_make(const struct password_options *options, const struct secret *password,
                     char out[static PASSWORD_HASH_MAX]);
void bcrypt_decoy(const struct password_options *options, char out[static PASSWORD_HASH_MAX]);

#define SHACRYPT_ROUNDS_MAX 1000000              /* about a second for the longest password */
#define SCRYPT_MEMORY_MAX   (256U * 1024 * 1024) /* bytes: 128 N r */
#define SCRYPT_WORK_MAX     (4U * 1024 * 1024)   /* N r p, times t + 1 for yescrypt; about a second */
#define CRYPT_BYTES_MAX     511U                 /* of libxcrypt, without the NUL */

enum password_reading shacrypt_read(struct str stored, struct stored *out);
enum password_reading yescrypt_read(struct str stored, struct stored *out);
enum password_reading scrypt_read(struct str stored, struct stored *out);
/* Any scheme of crypt(5). */
enum err crypt_check(const char *stored, const struct secret *password);
/* crypt(5) of text under setting.  OK or ERR_INTERNAL. */
enum err crypt_text(const char *text, const char *setting, char *out, size_t room);
