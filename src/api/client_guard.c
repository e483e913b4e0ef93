#include "api/client_guard.h"
#include "http/form.h"

#define ASSERTION_TYPE STR("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")

/* Credentials that can't be read are wrong credentials: what they say is nobody's. */
static void read_header(struct call *c, bool bearer, struct client_proof *proof)
{
    struct str header = call_header(c, "Authorization"), scheme = { 0 };
    if (header.ptr == NULL)
        return;
    str_split(&header, ' ', &scheme);
    struct str rest = str_trim(header);
    bool basic = str_equal_nocase(scheme, STR("Basic")) && rest.ptr != NULL;
    if (bearer && str_equal_nocase(scheme, STR("Bearer")) && rest.len > 0)
        proof->bearer = rest;
    else if (!basic || basic_read(c->visit.mem, rest, &proof->id, &proof->secret) != OK)
        proof->secret = STR("");
}

static bool has_header(const struct call *c)
{
    return call_header_list(c, "Authorization").ptr != NULL;
}

/* RFC 6749 2.3: "The client MUST NOT use more than one authentication method in each request."  A secret in the body is none
 * that we take, so that it is in one place only. */
static enum err read_form_proof(const struct call *c, const struct oauth_body *form, struct client_proof *proof)
{
    if (form->client_secret.ptr != NULL ||
        (form->client_assertion.ptr == NULL) != (form->client_assertion_type.ptr == NULL))
        return refuse(WHY_OAUTH_REQUEST);
    if (form->client_assertion.ptr == NULL)
        return OK;
    if (has_header(c) || !str_equal(form->client_assertion_type, ASSERTION_TYPE))
        return refuse(WHY_OAUTH_REQUEST);
    proof->assertion = form->client_assertion;
    proof->id = form->client_id;
    return OK;
}

enum err client_admit(struct call *c, const struct oauth_body *form, bool bearer, struct client_caller *out)
{
    struct client_proof proof = { 0 };
    if (form != NULL)
        TRY(read_form_proof(c, form, &proof));
    if (proof.assertion.ptr == NULL)
        read_header(c, bearer, &proof);
    if (form != NULL && form->client_id.ptr != NULL && proof.secret.len > 0 && !str_equal(form->client_id, proof.id))
        return refuse(WHY_OAUTH_REQUEST);
    return flow_client_recognise(c->services, &c->visit, &proof, out);
}
