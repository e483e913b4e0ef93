/* check-vectors AREA FILE: reads a vector file in the shared format and prints a verdict for each vector, one JSON object a line:
 *
 *     {"name":"…","accepted":true,"reason":"match"}
 *
 * reason is "unsupported" for a scheme or algorithm that we do not take.  Exit status 2: wrong usage or an unreadable file. */
#include "crypto/random.h"
#include "json/read.h"
#include "vectors/vectors.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(const char *file);
} areas[] = {
    { "password-hashes", vectors_password },
    { "email", vectors_email },
    { "jose", vectors_jose },
    { "webauthn", vectors_webauthn },
    { "webauthn-flips", vectors_webauthn_flips },
};

int main(int argc, char **argv)
{
    json_setup();
    crypto_setup();
    for (size_t i = 0; argc == 3 && i < sizeof areas / sizeof *areas; i++)
        if (strcmp(argv[1], areas[i].name) == 0)
            return areas[i].run(argv[2]) == 0 ? 0 : 2;
    fprintf(stderr, "usage: check-vectors password-hashes|email|jose|webauthn|webauthn-flips FILE\n");
    return 2;
}
