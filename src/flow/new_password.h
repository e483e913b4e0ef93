/* What every new password has to pass.  Only for the flows of this room. */
#pragma once
#include "base/field.h"
#include "flow/services.h"

/* normal: the form that is hashed; empty when faults tells why.  An empty typed password is one that did not come: faults says so
 * already.  Ends: ERR_INTERNAL; what is wrong with the password is in faults. */
FALLIBLE new_password_check(struct services *at, const struct secret *typed, const struct password_context *of,
                            struct secret *normal, struct faults *faults);
