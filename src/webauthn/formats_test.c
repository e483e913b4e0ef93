/* One attestation object of each format that brings certificates, made for these tests, and what may not be changed in it. */
#include "support/test.h"
#include "base/buf.h"
#include "crypto/base64url.h"
#include "crypto/random.h"
#include "json/read.h"
#include "webauthn/asn1.h"
#include "webauthn/registration.h"
#include "webauthn/tpm.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define CLIENT       "{\"type\":\"webauthn.create\",\"challenge\":\"AAAA\",\"origin\":\"https://example.org\"}"

static const struct {
    const char *format;
    enum attestation_type type;
    const char *bytes;
} objects[] = {
    { "packed", ATTESTATION_BASIC,
      "o2NmbXRmcGFja2VkZ2F0dFN0bXSjY2FsZyZjc2lnWEcwRQIhAOvdV2JerG-WZzaiQs9cBoMuNrejq3ueOswxcNW2EnsjAiAdyn98"
      "aC_BXIDyphexo7vbNMRYOUSuMx6O1WSM2cLqR2N4NWOCWQIVMIICETCCAbegAwIBAgIBBDAKBggqhkjOPQQDAjARMQ8wDQYDVQQD"
      "DAZNaWRkbGUwIBcNMjYxMTIxMTQyMTUyWhgPMjEyNjEwMjgxNDIxNTJaMFAxCzAJBgNVBAYTAlNFMQ4wDAYDVQQKDAVNYWtlcjEi"
      "MCAGA1UECwwZQXV0aGVudGljYXRvciBBdHRlc3RhdGlvbjENMAsGA1UEAwwETGVhZjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA"
      "BDmNpvjbXLGhj2mhJrwnqrOwqUhnZdTk6rxRKzGMcatoyd2yG4YpQGGbPi8ZTiQldwcdd5rsQk5-DpOQ6Ypno-2jgb4wgbswCQYD"
      "VR0TBAIwADAhBgsrBgEEAYLlHAEBBAQSBBAAAQIDBAUGBwgJCgsMDQ4PMBAGA1UdJQQJMAcGBWeBBQgDMDkGA1UdEQQyMDCCEmF0"
      "dGVzdC5leGFtcGxlLm9yZ6QaMBgxFjAUBgVngQUCAQwLaWQ6RkZGRkYxRDAwHQYDVR0OBBYEFIf9cLU9gUk-qcUHS7Y2mGuiDpKt"
      "MB8GA1UdIwQYMBaAFK9GOfWA0Ax59JGm2tO-2NGBkT7FMAoGCCqGSM49BAMCA0gAMEUCIQDRlwbAnbtyDQsP-z57L1RW_jPoE0EL"
      "I5xc4PiQRHlnQgIgYHfYJx1iOdPEH2mQkGmj5YY7WLlSL7J-RGCC4PaDIiVZAWkwggFlMIIBCqADAgECAgECMAoGCCqGSM49BAMC"
      "MA8xDTALBgNVBAMMBFJvb3QwIBcNMjYxMTIxMTQyMDAyWhgPMjEyNjEwMjgxNDIwMDJaMBExDzANBgNVBAMMBk1pZGRsZTBZMBMG"
      "ByqGSM49AgEGCCqGSM49AwEHA0IABKpHdu7vmYC_9NFPKBB4av7X1iL-6SovhnGheC3BhS53ElgNLwUGsWaDppygyg7wPa6Lyu0P"
      "e_-0NRqlQd6vwM6jUzBRMA8GA1UdEwEB_wQFMAMBAf8wHQYDVR0OBBYEFK9GOfWA0Ax59JGm2tO-2NGBkT7FMB8GA1UdIwQYMBaA"
      "FNs7WMrP5gc1kNKWvO4ATEtEsSnkMAoGCCqGSM49BAMCA0kAMEYCIQD2IijQGJ9ZGfjwRY2UgEbqZSZgnNFR9n5720axagXdPgIh"
      "AO4oTC0wQTgUC4eFFA5c8b11msNzHRa5iJorpm6-SX84aGF1dGhEYXRhWJS_q8N0MpWLBjNg061kYcnEc1rn-O3UZZKl4PAUUrLk"
      "tUUAAAAAAAECAwQFBgcICQoLDA0ODwAQMDEyMzQ1Njc4OWFiY2RlZqUBAgMmIAEhWCA5jab421yxoY9poSa8J6qzsKlIZ2XU5Oq8"
      "USsxjHGraCJYIMndshuGKUBhmz4vGU4kJXcHHXea7EJOfg6TkOmKZ6Pt" },
    { "fido-u2f", ATTESTATION_BASIC,
      "o2NmbXRoZmlkby11MmZnYXR0U3RtdKJjc2lnWEYwRAIgJcgA9N_FTh-XH8w9OWxT_91NwRplseRV6206B6qRspoCIFF11J_nFmon"
      "NT91M9aYfu-BYddLxWThy70V3Zov79DNY3g1Y4FZAhUwggIRMIIBt6ADAgECAgEEMAoGCCqGSM49BAMCMBExDzANBgNVBAMMBk1p"
      "ZGRsZTAgFw0yNjExMjExNDIxNTJaGA8yMTI2MTAyODE0MjE1MlowUDELMAkGA1UEBhMCU0UxDjAMBgNVBAoMBU1ha2VyMSIwIAYD"
      "VQQLDBlBdXRoZW50aWNhdG9yIEF0dGVzdGF0aW9uMQ0wCwYDVQQDDARMZWFmMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEOY2m"
      "-NtcsaGPaaEmvCeqs7CpSGdl1OTqvFErMYxxq2jJ3bIbhilAYZs-LxlOJCV3Bx13muxCTn4Ok5Dpimej7aOBvjCBuzAJBgNVHRME"
      "AjAAMCEGCysGAQQBguUcAQEEBBIEEAABAgMEBQYHCAkKCwwNDg8wEAYDVR0lBAkwBwYFZ4EFCAMwOQYDVR0RBDIwMIISYXR0ZXN0"
      "LmV4YW1wbGUub3JnpBowGDEWMBQGBWeBBQIBDAtpZDpGRkZGRjFEMDAdBgNVHQ4EFgQUh_1wtT2BST6pxQdLtjaYa6IOkq0wHwYD"
      "VR0jBBgwFoAUr0Y59YDQDHn0kaba077Y0YGRPsUwCgYIKoZIzj0EAwIDSAAwRQIhANGXBsCdu3INCw_7PnsvVFb-M-gTQQsjnFzg"
      "-JBEeWdCAiBgd9gnHWI508QfaZCQaaPlhjtYuVIvsn5EYILg9oMiJWhhdXRoRGF0YViUv6vDdDKViwYzYNOtZGHJxHNa5_jt1GWS"
      "peDwFFKy5LVFAAAAAAABAgMEBQYHCAkKCwwNDg8AEDAxMjM0NTY3ODlhYmNkZWalAQIDJiABIVggOY2m-NtcsaGPaaEmvCeqs7Cp"
      "SGdl1OTqvFErMYxxq2giWCDJ3bIbhilAYZs-LxlOJCV3Bx13muxCTn4Ok5Dpimej7Q" },
    { "tpm", ATTESTATION_ATTCA,
      "o2NmbXRjdHBtZ2F0dFN0bXSmY2FsZyZjc2lnWEgwRgIhAPT669Kh-5VLrW0OtG022or4SeQ2Oa-e7ApPlSzjAtqaAiEAoZrOfth-"
      "xj3dgUXHdodJlxvBXhP9vH7m2wijQZxUORpjdmVyYzIuMGN4NWOCWQGyMIIBrjCCAVOgAwIBAgIBCTAKBggqhkjOPQQDAjARMQ8w"
      "DQYDVQQDDAZNaWRkbGUwIBcNMjYxMTIxMTQzMjIxWhgPMjEyNjEwMjgxNDMyMjFaMAAwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC"
      "AAQ5jab421yxoY9poSa8J6qzsKlIZ2XU5Oq8USsxjHGraMndshuGKUBhmz4vGU4kJXcHHXea7EJOfg6TkOmKZ6Pto4GqMIGnMAkG"
      "A1UdEwQCMAAwEAYDVR0lBAkwBwYFZ4EFCAMwSAYDVR0RAQH_BD4wPKQ6MDgxFjAUBgVngQUCAQwLaWQ6RkZGRkYxRDAxDDAKBgVn"
      "gQUCAgwBTTEQMA4GBWeBBQIDDAVpZDoxMzAdBgNVHQ4EFgQUh_1wtT2BST6pxQdLtjaYa6IOkq0wHwYDVR0jBBgwFoAUr0Y59YDQ"
      "DHn0kaba077Y0YGRPsUwCgYIKoZIzj0EAwIDSQAwRgIhAKPXTQCQp-rfZuZVdkykscXtMhP5dF-ynMkrIZUa0u2UAiEArqNRKrhy"
      "cE8Jn3p49HbhEo9f8nG1_SfapXIdm5fPmVtZAWkwggFlMIIBCqADAgECAgECMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBFJvb3Qw"
      "IBcNMjYxMTIxMTQyMDAyWhgPMjEyNjEwMjgxNDIwMDJaMBExDzANBgNVBAMMBk1pZGRsZTBZMBMGByqGSM49AgEGCCqGSM49AwEH"
      "A0IABKpHdu7vmYC_9NFPKBB4av7X1iL-6SovhnGheC3BhS53ElgNLwUGsWaDppygyg7wPa6Lyu0Pe_-0NRqlQd6vwM6jUzBRMA8G"
      "A1UdEwEB_wQFMAMBAf8wHQYDVR0OBBYEFK9GOfWA0Ax59JGm2tO-2NGBkT7FMB8GA1UdIwQYMBaAFNs7WMrP5gc1kNKWvO4ATEtE"
      "sSnkMAoGCCqGSM49BAMCA0kAMEYCIQD2IijQGJ9ZGfjwRY2UgEbqZSZgnNFR9n5720axagXdPgIhAO4oTC0wQTgUC4eFFA5c8b11"
      "msNzHRa5iJorpm6-SX84Z3B1YkFyZWFYWAAjAAsAAAAAAAAAEAAYAAsAAwAQACA5jab421yxoY9poSa8J6qzsKlIZ2XU5Oq8USsx"
      "jHGraAAgyd2yG4YpQGGbPi8ZTiQldwcdd5rsQk5-DpOQ6Ypno-1oY2VydEluZm9Yaf9UQ0eAFwAAACDcK2xB15QVUYX41T6bsfGj"
      "LMZXRvyQW2Um5zYv9iy7lAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIgALkgCjYkdYqIQJfER4UAxCNIKETdqDBjfR0pfux236"
      "9HYAAGhhdXRoRGF0YViUv6vDdDKViwYzYNOtZGHJxHNa5_jt1GWSpeDwFFKy5LVFAAAAAAABAgMEBQYHCAkKCwwNDg8AEDAxMjM0"
      "NTY3ODlhYmNkZWalAQIDJiABIVggOY2m-NtcsaGPaaEmvCeqs7CpSGdl1OTqvFErMYxxq2giWCDJ3bIbhilAYZs-LxlOJCV3Bx13"
      "muxCTn4Ok5Dpimej7Q" },
    { "android-key", ATTESTATION_BASIC,
      "o2NmbXRrYW5kcm9pZC1rZXlnYXR0U3RtdKNjYWxnJmNzaWdYRjBEAiBAAd1UWwgKQyhXe7Jt0HYDLs_xdVdGfNxcMidd1NHW3AIg"
      "GBziQcxYh3MHgxWQPihXRPfG_knecNE5hT1JFcyr-2tjeDVjg1kB-zCCAfcwggGdoAMCAQICAQkwCgYIKoZIzj0EAwIwETEPMA0G"
      "A1UEAwwGTWlkZGxlMCAXDTI2MTEyMTE0MzIyMVoYDzIxMjYxMDI4MTQzMjIxWjAdMRswGQYDVQQDDBJhdHRlc3QuYW5kcm9pZC5j"
      "b20wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ5jab421yxoY9poSa8J6qzsKlIZ2XU5Oq8USsxjHGraMndshuGKUBhmz4vGU4k"
      "JXcHHXea7EJOfg6TkOmKZ6Pto4HXMIHUMAkGA1UdEwQCMAAwUgYKKwYBBAHWeQIBEQREMEICAQMKAQECAQQKAQEEIB6CI5cqMivS"
      "LWHwatF0Lnm0OVtpP9w4QjyK16tip56OBAAwADAOoQUxAwIBAr-FPgMCAQAwMwYJKoZIhvdjZAgCBCYwJKEiBCDcK2xB15QVUYX4"
      "1T6bsfGjLMZXRvyQW2Um5zYv9iy7lDAdBgNVHQ4EFgQUh_1wtT2BST6pxQdLtjaYa6IOkq0wHwYDVR0jBBgwFoAUr0Y59YDQDHn0"
      "kaba077Y0YGRPsUwCgYIKoZIzj0EAwIDSAAwRQIhAPUasU837A9N1oqIe_WsYopchoEC98Zyhz-h6bqoxTzvAiAcX1JbqensPUn0"
      "-KDJF8OwDsSKZmLeK_POb4zJ_DYpLVkBaTCCAWUwggEKoAMCAQICAQIwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEUm9vdDAgFw0y"
      "NjExMjExNDIwMDJaGA8yMTI2MTAyODE0MjAwMlowETEPMA0GA1UEAwwGTWlkZGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"
      "qkd27u-ZgL_00U8oEHhq_tfWIv7pKi-GcaF4LcGFLncSWA0vBQaxZoOmnKDKDvA9rovK7Q97_7Q1GqVB3q_AzqNTMFEwDwYDVR0T"
      "AQH_BAUwAwEB_zAdBgNVHQ4EFgQUr0Y59YDQDHn0kaba077Y0YGRPsUwHwYDVR0jBBgwFoAU2ztYys_mBzWQ0pa87gBMS0SxKeQw"
      "CgYIKoZIzj0EAwIDSQAwRgIhAPYiKNAYn1kZ-PBFjZSARuplJmCc0VH2fnvbRrFqBd0-AiEA7ihMLTBBOBQLh4UUDlzxvXWaw3Md"
      "FrmImiumbr5JfzhZAVYwggFSMIH6oAMCAQICFHtVD5aS7NLIPh0vVxTrasXB4HbJMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBFJv"
      "b3QwIBcNMjYxMTIxMTQyMDAyWhgPMjEyNjEwMjgxNDIwMDJaMA8xDTALBgNVBAMMBFJvb3QwWTATBgcqhkjOPQIBBggqhkjOPQMB"
      "BwNCAASQC50yYgOTcAzQ2HSWEVmAckXqScNyPUB_tV8WFZEldElGZam1hg2HZ5ybbSGRJ2PgVzJ-skn-kdrJYvbdwDCGozIwMDAP"
      "BgNVHRMBAf8EBTADAQH_MB0GA1UdDgQWBBTbO1jKz-YHNZDSlrzuAExLRLEp5DAKBggqhkjOPQQDAgNHADBEAiB-SR7RCgoCwRZi"
      "RaHyJkkO3Qsz3BxNWq-_62ZOKw_aBAIgMxRFo89ckJBCdDPQ5juNvz0PxUjwxkoBaCofRsLCMAxoYXV0aERhdGFYlL-rw3QylYsG"
      "M2DTrWRhycRzWuf47dRlkqXg8BRSsuS1RQAAAAAAAQIDBAUGBwgJCgsMDQ4PABAwMTIzNDU2Nzg5YWJjZGVmpQECAyYgASFYIDmN"
      "pvjbXLGhj2mhJrwnqrOwqUhnZdTk6rxRKzGMcatoIlggyd2yG4YpQGGbPi8ZTiQldwcdd5rsQk5-DpOQ6Ypno-0" },
    { "apple", ATTESTATION_ANONCA,
      "o2NmbXRlYXBwbGVnYXR0U3RtdKFjeDVjglkB-zCCAfcwggGdoAMCAQICAQkwCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGTWlkZGxl"
      "MCAXDTI2MTEyMTE0MzIyMVoYDzIxMjYxMDI4MTQzMjIxWjAdMRswGQYDVQQDDBJhdHRlc3QuYW5kcm9pZC5jb20wWTATBgcqhkjO"
      "PQIBBggqhkjOPQMBBwNCAAQ5jab421yxoY9poSa8J6qzsKlIZ2XU5Oq8USsxjHGraMndshuGKUBhmz4vGU4kJXcHHXea7EJOfg6T"
      "kOmKZ6Pto4HXMIHUMAkGA1UdEwQCMAAwUgYKKwYBBAHWeQIBEQREMEICAQMKAQECAQQKAQEEIB6CI5cqMivSLWHwatF0Lnm0OVtp"
      "P9w4QjyK16tip56OBAAwADAOoQUxAwIBAr-FPgMCAQAwMwYJKoZIhvdjZAgCBCYwJKEiBCDcK2xB15QVUYX41T6bsfGjLMZXRvyQ"
      "W2Um5zYv9iy7lDAdBgNVHQ4EFgQUh_1wtT2BST6pxQdLtjaYa6IOkq0wHwYDVR0jBBgwFoAUr0Y59YDQDHn0kaba077Y0YGRPsUw"
      "CgYIKoZIzj0EAwIDSAAwRQIhAPUasU837A9N1oqIe_WsYopchoEC98Zyhz-h6bqoxTzvAiAcX1JbqensPUn0-KDJF8OwDsSKZmLe"
      "K_POb4zJ_DYpLVkBaTCCAWUwggEKoAMCAQICAQIwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEUm9vdDAgFw0yNjExMjExNDIwMDJa"
      "GA8yMTI2MTAyODE0MjAwMlowETEPMA0GA1UEAwwGTWlkZGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqkd27u-ZgL_00U8o"
      "EHhq_tfWIv7pKi-GcaF4LcGFLncSWA0vBQaxZoOmnKDKDvA9rovK7Q97_7Q1GqVB3q_AzqNTMFEwDwYDVR0TAQH_BAUwAwEB_zAd"
      "BgNVHQ4EFgQUr0Y59YDQDHn0kaba077Y0YGRPsUwHwYDVR0jBBgwFoAU2ztYys_mBzWQ0pa87gBMS0SxKeQwCgYIKoZIzj0EAwID"
      "SQAwRgIhAPYiKNAYn1kZ-PBFjZSARuplJmCc0VH2fnvbRrFqBd0-AiEA7ihMLTBBOBQLh4UUDlzxvXWaw3MdFrmImiumbr5Jfzho"
      "YXV0aERhdGFYlL-rw3QylYsGM2DTrWRhycRzWuf47dRlkqXg8BRSsuS1RQAAAAAAAQIDBAUGBwgJCgsMDQ4PABAwMTIzNDU2Nzg5"
      "YWJjZGVmpQECAyYgASFYIDmNpvjbXLGhj2mhJrwnqrOwqUhnZdTk6rxRKzGMcatoIlggyd2yG4YpQGGbPi8ZTiQldwcdd5rsQk5-"
      "DpOQ6Ypno-0" },
};

static enum err verify_with(struct arena *mem, struct str client, struct str object, struct registration *out,
                            enum step *failed)
{
    static const int64_t algorithms[] = { COSE_ES256 };
    struct str origin = STR("https://example.org");
    const struct registration_options options = {
        .ceremony = { .challenge = STR("AAAA"), .rp_id = STR("example.org"), .origins = { &origin, 1 } },
        .algorithms = algorithms,
        .algorithm_count = COUNT(algorithms),
    };
    const struct registration_response response = { .id = STR("0123456789abcdef"),
                                                    .client_data = client,
                                                    .attestation_object = object };
    return registration_verify(mem, &options, &response, out, failed);
}

static enum err verify(struct arena *mem, struct str object, struct registration *out, enum step *failed)
{
    return verify_with(mem, STR(CLIENT), object, out, failed);
}

static struct str object_of(struct arena *mem, size_t i)
{
    struct str bytes = { 0 };
    CHECK_OK(base64url_decode(mem, str_of(objects[i].bytes), &bytes));
    return bytes;
}

TEST(attestation_formats, take_what_is_whole_and_tell_its_kind)
{
    for (size_t i = 0; i < COUNT(objects); i++) {
        AUTO(arena) struct arena *mem = arena_new();
        struct registration got = { 0 };
        enum step failed = STEP_NONE;
        CHECK_OK(verify(mem, object_of(mem, i), &got, &failed));
        CHECK_STR(str_of(objects[i].format), str_of(got.format));
        CHECK(got.attestation == objects[i].type && !got.trusted);
    }
}

/* U2F signs neither flags, counter nor AAGUID. */
static bool is_signed(size_t i, size_t byte)
{
    return strcmp(objects[i].format, "fido-u2f") != 0 || byte < 32 || byte >= 37 + AAGUID_BYTES;
}

/* part lies in object or in client. */
static void check_flip(const char *format, struct str part, size_t bit, struct str client, struct str object)
{
    AUTO(arena) struct arena *mem = arena_new();
    uint8_t *bytes = (uint8_t *)(uintptr_t)part.ptr;
    struct registration got = { 0 };
    enum step failed = STEP_NONE;

    bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    if (verify_with(mem, client, object, &got, &failed) == OK)
        FAIL_WITH("%s: bit %zu is nobody's", format, bit);
    bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
}

TEST(attestation_formats, refuse_authenticator_data_with_one_bit_turned_over)
{
    for (size_t i = 0; i < COUNT(objects); i++) {
        AUTO(arena) struct arena *mem = arena_new();
        const struct str bytes = object_of(mem, i);
        struct attestation_object object = { 0 };
        CHECK_OK(attestation_object_read(bytes, &object));
        for (size_t bit = 0; bit < object.authenticator_data.len * 8; bit++)
            if (is_signed(i, bit / 8))
                check_flip(objects[i].format, object.authenticator_data, bit, STR(CLIENT), bytes);
    }
}

TEST(attestation_formats, refuse_client_data_with_one_bit_turned_over)
{
    for (size_t i = 0; i < COUNT(objects); i++) {
        AUTO(arena) struct arena *mem = arena_new();
        const struct str client = arena_copy(mem, STR(CLIENT));
        for (size_t bit = 0; bit < client.len * 8; bit++)
            check_flip(objects[i].format, client, bit, client, object_of(mem, i));
    }
}

TEST(attestation_formats, refuse_signatures_and_what_a_tpm_signs_with_one_bit_turned_over)
{
    static const struct str members[] = { STR("sig"), STR("certInfo"), STR("pubArea") };
    for (size_t i = 0; i < COUNT(objects); i++)
        for (size_t j = 0; j < COUNT(members); j++) {
            AUTO(arena) struct arena *mem = arena_new();
            const struct str bytes = object_of(mem, i);
            struct attestation_object object = { 0 };
            struct cbor member = { 0 };
            CHECK_OK(attestation_object_read(bytes, &object));
            if (!cbor_get_kind(&object.statement, members[j], CBOR_BYTES, &member))
                continue;
            for (size_t bit = 0; bit < member.bytes.len * 8; bit++)
                check_flip(objects[i].format, member.bytes, bit, STR(CLIENT), bytes);
        }
}

/* The names have different lengths, so the object is written anew. */
static struct str relabelled(struct arena *mem, struct str bytes, const char *format)
{
    struct attestation_object object = { 0 };
    struct buf out = buf_new(mem, bytes.len + 32);
    CHECK_OK(attestation_object_read(bytes, &object));
    buf_add(&out, STR("\xa3\x63"
                      "fmt"));
    buf_add_char(&out, (char)(0x60 + strlen(format)));
    buf_add(&out, str_of(format));
    buf_add(&out, str_slice(bytes, 5 + 1 + object.format.len, bytes.len));
    return buf_str(&out);
}

TEST(attestation_formats, refuse_statements_of_each_other)
{
    static const char *const names[] = { "none",  "packed", "fido-u2f", "tpm", "android-key", "android-safetynet",
                                         "apple", "Apple" };
    for (size_t i = 0; i < COUNT(objects); i++)
        for (size_t j = 0; j < COUNT(names); j++) {
            AUTO(arena) struct arena *mem = arena_new();
            struct registration got = { 0 };
            enum step failed = STEP_NONE;
            const bool same = strcmp(objects[i].format, names[j]) == 0;
            const enum err end = verify(mem, relabelled(mem, object_of(mem, i), names[j]), &got, &failed);
            if ((end == OK) != same)
                FAIL_WITH("%s as %s: %s", objects[i].format, names[j], err_name(end));
            CHECK(same || failed == STEP_REGISTRATION_STATEMENT || failed == STEP_REGISTRATION_FORMAT);
        }
}

TEST(attestation_formats, refuse_objects_that_are_cut_off_anywhere)
{
    for (size_t i = 0; i < COUNT(objects); i++) {
        AUTO(arena) struct arena *mem = arena_new();
        const struct str bytes = object_of(mem, i);
        for (size_t len = 0; len < bytes.len; len += 7) {
            struct registration got = { 0 };
            enum step failed = STEP_NONE;
            CHECK_END(ERR_INVALID, verify(mem, str_slice(bytes, 0, len), &got, &failed));
        }
    }
}

/* ---- the smaller readers ---- */

TEST(asn1_take, refuses_what_is_no_der)
{
    static const struct str refused[] = {
        STR(""),
        STR("\x02"),
        STR("\x02\x01"),
        STR("\x02\x80"),         /* no definite length */
        STR("\x02\x81\x01\x00"), /* not the shortest */
        STR("\x02\x82\x00\x80"),
        STR("\x02\x84\x00\x00\x00\x01\x00"),
        STR("\xbf\x1e\x00"), /* a long tag for a short one */
        STR("\xbf\x80\x01\x00"),
        STR("\xbf\xff\xff\xff\x01\x00"),
        STR("\xbf"),
    };
    struct asn1 item = { 0 };
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct str rest = refused[i];
        CHECK_END(ERR_INVALID, asn1_take(&rest, &item));
        CHECK_INT(refused[i].len, rest.len);
    }
}

TEST(asn1_take, takes_long_tags_and_lengths)
{
    struct str rest = STR("\xbf\x84\x58\x00\x02\x01\x05"), content = { 0 };
    struct asn1 item = { 0 };
    CHECK_OK(asn1_take(&rest, &item));
    CHECK(item.kind == ASN1_CONTEXT && item.tag == 600 && item.content.len == 0);
    CHECK_END(ERR_INVALID, asn1_take_tag(&rest, ASN1_TAG_SET, &content));
    rest = STR("\x02\x01\x05");
    CHECK_OK(asn1_take_tag(&rest, ASN1_TAG_INTEGER, &content));
    CHECK_STR(STR("\x05"), content);
}

#define PUBLIC(type, hash, symmetric, scheme, curve)                                                                   \
    type hash "\x00\x00\x00\x00\x00\x00" symmetric scheme curve "\x00\x10\x00\x01x\x00\x01y"

TEST(tpm_public_read, refuses_keys_of_another_kind)
{
    static const struct str refused[] = {
        STR(""),
        STR(PUBLIC("\x00\x08", "\x00\x0b", "\x00\x10", "\x00\x10", "\x00\x03")), /* keyed hash */
        STR(PUBLIC("\x00\x23", "\x00\x0a", "\x00\x10", "\x00\x10", "\x00\x03")), /* another hash */
        STR(PUBLIC("\x00\x23", "\x00\x0b", "\x00\x06", "\x00\x10", "\x00\x03")), /* for encryption */
        STR(PUBLIC("\x00\x23", "\x00\x0b", "\x00\x10", "\x00\x10", "\x00\x10")), /* another curve */
        STR(PUBLIC("\x00\x23", "\x00\x0b", "\x00\x10", "\x00\x10", "\x00\x03") "z"),
    };
    const struct str good = STR(PUBLIC("\x00\x23", "\x00\x0b", "\x00\x10", "\x00\x10", "\x00\x03"));
    struct tpm_public got = { 0 };
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK_END(ERR_INVALID, tpm_public_read(refused[i], &got));
    for (size_t len = 0; len < good.len; len++)
        CHECK_END(ERR_INVALID, tpm_public_read(str_slice(good, 0, len), &got));
    CHECK_OK(tpm_public_read(good, &got));
    CHECK(!got.rsa && got.curve == FOREIGN_P256);
    CHECK_STR(STR("y"), got.y);
}

#define ATTEST(magic, type)                                                                                            \
    magic type "\x00\x00\x00\x01h"                                                                                     \
               "01234567890123456"                                                                                     \
               "12345678"                                                                                              \
               "\x00\x01n\x00\x00"

TEST(tpm_certified_read, refuses_what_no_tpm_made_or_what_certifies_nothing)
{
    const struct str good = STR(ATTEST("\xff\x54\x43\x47", "\x80\x17"));
    struct tpm_certified got = { 0 };
    CHECK_END(ERR_INVALID, tpm_certified_read(STR(ATTEST("\xff\x54\x43\x48", "\x80\x17")), &got));
    CHECK_END(ERR_INVALID, tpm_certified_read(STR(ATTEST("\xff\x54\x43\x47", "\x80\x18")), &got)); /* a quote */
    CHECK_END(ERR_INVALID, tpm_certified_read(STR(ATTEST("\xff\x54\x43\x47", "\x80\x17") "x"), &got));
    for (size_t len = 0; len < good.len; len++)
        CHECK_END(ERR_INVALID, tpm_certified_read(str_slice(good, 0, len), &got));
    CHECK_OK(tpm_certified_read(good, &got));
    CHECK_STR(STR("h"), got.extra_data);
    CHECK_STR(STR("n"), got.name);
}

#define X                                                                                                              \
    "\x58\x20"                                                                                                         \
    "0123456789abcdef0123456789abcdef"

TEST(cose_key_read, refuses_keys_with_less_more_or_other_parameters)
{
    static const struct str refused[] = {
        STR(""),
        STR("\xa0"),
        STR("\x80"),
        STR("\xa1\x03\x26"),
        STR("\xa4\x01\x02\x20\x01\x21" X "\x22" X),                  /* no alg */
        STR("\xa5\x01\x02\x03\x61-\x20\x01\x21" X "\x22" X),         /* alg in text */
        STR("\xa4\x01\x02\x03\x26\x20\x01\x21" X),                   /* no y */
        STR("\xa5\x01\x02\x03\x26\x20\x01\x21" X "\x22\xf5"),        /* compressed */
        STR("\xa5\x01\x02\x03\x26\x20\x01\x21" X "\x22" X),          /* not on the curve */
        STR("\xa5\x01\x03\x03\x26\x20\x01\x21" X "\x22" X),          /* another kty */
        STR("\xa6\x01\x02\x02\x41k\x03\x26\x20\x01\x21" X "\x22" X), /* a kid */
        STR("\xa5\x01\x01\x03\x27\x20\x06\x21" X "\x23" X),          /* with the private half */
        STR("\xa4\x01\x01\x03\x27\x20\x04\x21" X),                   /* X25519 */
        STR("\xa4\x01\x01\x03\x26\x20\x06\x21" X),                   /* Ed25519 for ES256 */
        STR("\xa4\x01\x01\x03\x38\x34\x20\x06\x21" X),               /* Ed25519 for Ed448 */
        STR("\xa4\x01\x01\x03\x27\x20\x07\x21" X),                   /* Ed448 for EdDSA */
        STR("\xa4\x01\x01\x03\x38\x34\x20\x07\x21" X),               /* Ed448 of 32 bytes */
        STR("\xa5\x01\x02\x03\x28\x20\x02\x21" X "\x22" X),          /* P-384 for ESP256 */
        STR("\xa5\x01\x02\x03\x38\x2e\x20\x08\x21" X "\x22" X),      /* ES256K */
        STR("\xa4\x01\x03\x03\x39\x01\x00\x20\x41n\x21\x41"
            "e"), /* RSA of 8 bits */
        STR("\xa4\x01\x03\x03\x39\xff\xfe\x20\x41n\x21\x41"
            "e"), /* RS1, the same */
        STR("\xa1\x01\x02\x00"),
    };
    struct cose_key key = { 0 };
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK_END(ERR_INVALID, cose_key_read(refused[i], &key));
    CHECK(key.key == NULL);
}

/* COSE_Key of RSA whose modulus is that many bytes 0xff behind those in front. */
static enum err read_rsa(struct str front, size_t bytes)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct buf out = buf_new(mem, 600);
    struct cose_key key = { 0 };

    buf_add(&out, STR("\xa4\x01\x03\x03\x39\x01\x00\x20\x59"));
    buf_add_char(&out, (char)((front.len + bytes) >> 8));
    buf_add_char(&out, (char)(front.len + bytes));
    buf_add(&out, front);
    for (size_t i = 0; i < bytes; i++)
        buf_add_char(&out, (char)0xff);
    buf_add(&out, STR("\x21\x43\x01\x00\x01"));
    const enum err end = cose_key_read(buf_str(&out), &key);
    cose_key_drop(&key);
    return end;
}

TEST(cose_key_read, takes_a_modulus_with_the_zero_of_a_sign_and_no_other)
{
    CHECK_OK(read_rsa(STR(""), 256));
    CHECK_OK(read_rsa(STR("\x00"), 256));
    CHECK_OK(read_rsa(STR("\x00"), 512));
    CHECK_END(ERR_INVALID, read_rsa(STR("\x00\x00"), 256));
    CHECK_END(ERR_INVALID, read_rsa(STR("\x00\x7f"), 256));
    CHECK_END(ERR_INVALID, read_rsa(STR("\x00"), 255));
    CHECK_END(ERR_INVALID, read_rsa(STR("\x00"), 513));
}

static int setup(void **state __attribute__((unused)))
{
    json_setup();
    crypto_setup();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(attestation_formats, take_what_is_whole_and_tell_its_kind),
        CASE(attestation_formats, refuse_authenticator_data_with_one_bit_turned_over),
        CASE(attestation_formats, refuse_client_data_with_one_bit_turned_over),
        CASE(attestation_formats, refuse_signatures_and_what_a_tpm_signs_with_one_bit_turned_over),
        CASE(attestation_formats, refuse_statements_of_each_other),
        CASE(attestation_formats, refuse_objects_that_are_cut_off_anywhere),
        CASE(asn1_take, refuses_what_is_no_der),
        CASE(asn1_take, takes_long_tags_and_lengths),
        CASE(tpm_public_read, refuses_keys_of_another_kind),
        CASE(tpm_certified_read, refuses_what_no_tpm_made_or_what_certifies_nothing),
        CASE(cose_key_read, refuses_keys_with_less_more_or_other_parameters),
        CASE(cose_key_read, takes_a_modulus_with_the_zero_of_a_sign_and_no_other),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
