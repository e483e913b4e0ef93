#include "flow/new_password.h"

enum err new_password_check(struct services *at, const struct secret *typed, const struct password_context *of,
                            struct secret *normal, struct faults *faults)
{
    struct fault fault = { 0 };
    if (typed->ptr == NULL)
        return OK;
    if (password_normalise(typed, normal) != OK) {
        faults_add(faults, STR("password"), "control_character", "must not hold control characters");
        return OK;
    }
    enum err end = password_policy(at->at->passwords, normal, of, &fault);
    if (end == ERR_INVALID)
        faults_add(faults, STR("password"), fault.code, fault.message);
    return end == ERR_INVALID ? OK : end;
}
