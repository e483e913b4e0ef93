/* The second step of a sign-in: the password was right, and a factor is still due.
 *
 * What is handed out between the two is a ticket (mfa_token) that opens nothing else.  It holds the account as it was, with its
 * password, and what the tokens shall be bound to; whoever brings it back must show the same binding.  It may be tried with several
 * factors, and serves once.
 *
 * A factor's flow:
 *     TRY(second_step_open(at, v, mfa_token, &binding, &step));
 *     ... checks the factor; when it is wrong: TRY(second_step_failed(...)); return refuse(...);
 *     TRY(store_begin(...)); ... spends the factor ...
 *     TRY(second_step_finish(at, tx, v, &step, &shown, &tokens));
 *     return store_commit(&tx);
 *
 * Owns     nothing; results lie in the visit's arena.
 * Threads  any worker with its services.
 * Bounds   LIMIT_SECOND_STEP tries of an account, over all nodes.
 * Sources  threat model AC18 (skipping it), AC19 (the weaker factor), AC20 (repeated beginnings); NIST SP 800-63B-4 2.2.
 */
#pragma once
#include "flow/signin.h"

#define MFA_TOKEN_MAX 256 /* characters */

struct second_step {
    struct ticket ticket;
    struct user_row user;
    struct token_binding binding; /* as it was shown again, with the proof of now */
};

/* What a factor's flow has found good. */
struct factor_shown {
    struct str factor;   /* "webauthn", "totp", "recovery_code" */
    struct str amr, acr; /* of the factor alone, such as "otp"; of the sign-in as a whole */
    struct str name;     /* that a person gave it; absent: none */
    struct str detail;   /* for the audit trail, a JSON object; absent: {"factor":...} */
};

/* "webauthn", "totp", "recovery_code": those that the account has, the strongest first; none: a password will do. */
struct strs second_step_methods(struct arena *mem, const struct user_row *user);

/* Ask for it: spends the proof of the binding, stores a new hash of the password if there is one.  Ends: ERR_BUSY, ERR_INTERNAL. */
FALLIBLE second_step_ask(struct services *at, struct tx *tx, const struct visit *v, const struct user_row *user,
                         const struct token_binding *binding, struct second_step_due *out);

/* Is this a second step that is due, of an account that is as it was, with the same binding?  Takes a try.
 * Ends: ERR_UNAUTHENTICATED (WHY_MFA_TOKEN; the note's text says why, for the audit), ERR_LIMITED (audited). */
FALLIBLE second_step_open(struct services *at, const struct visit *v, struct str mfa_token,
                          const struct token_binding *shown, struct second_step *out);
/* The same again for an answer whose question has taken a try. */
FALLIBLE second_step_resume(struct services *at, const struct visit *v, struct str mfa_token,
                            const struct token_binding *shown, struct second_step *out);

/* The object that the audit trail has of it. */
struct str factor_detail(const struct visit *v, const struct factor_shown *shown);

/* Write the failure down, for the audit trail and for the user: somebody has the password.  reason: one word. */
FALLIBLE second_step_failed(struct services *at, const struct visit *v, const struct second_step *step,
                            const struct factor_shown *shown, struct str reason);

/* In the transaction that spends the factor: hold the account, look again, spend the ticket, open the session.
 * Ends: ERR_UNAUTHENTICATED (WHY_MFA_TOKEN), and those of gate_open. */
FALLIBLE second_step_finish(struct services *at, struct tx *tx, const struct visit *v, const struct second_step *step,
                            const struct factor_shown *shown, struct tokens *out);

/* For guesses at an account's factors that no mfa_token stands before (a step-up): take a try, and give it back.
 * Ends: ERR_LIMITED. */
FALLIBLE second_step_try(struct services *at, const struct visit *v, const struct user_row *user);
void second_step_right(struct services *at, const struct visit *v, const struct user_row *user);
