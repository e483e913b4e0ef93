#include "support/test.h"
#include "base/buf.h"
#include "crypto/base64url.h"
#include "crypto/random.h"
#include "crypto/signature.h"
#include "json/read.h"
#include "webauthn/trust.h"
#include "webauthn/trust_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* Made for these tests, valid for a hundred years: root signs fido and web, which have the same key (signer) and the names
 * mds.fidoalliance.org and www.example.org.  other has root's name and another key. */
#define MADE_AT INT64_C(1795271935)

static const char root[] =
    "MIIBUjCB-qADAgECAhR7VQ-WkuzSyD4dL1cU62rFweB2yTAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARSb290MCAXDTI2MTEyMTE0"
    "MjAwMloYDzIxMjYxMDI4MTQyMDAyWjAPMQ0wCwYDVQQDDARSb290MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEkAudMmIDk3AM"
    "0Nh0lhFZgHJF6knDcj1Af7VfFhWRJXRJRmWptYYNh2ecm20hkSdj4FcyfrJJ_pHayWL23cAwhqMyMDAwDwYDVR0TAQH_BAUwAwEB"
    "_zAdBgNVHQ4EFgQU2ztYys_mBzWQ0pa87gBMS0SxKeQwCgYIKoZIzj0EAwIDRwAwRAIgfkke0QoKAsEWYkWh8iZJDt0LM9wcTVqv"
    "v-tmTisP2gQCIDMURaPPXJCQQnQz0OY7jb89D8VI8MZKAWgqH0bCwjAM";

static const char other[] =
    "MIIBVDCB-qADAgECAhQPQPEnsXNu_DmLDfG_savlZgesXDAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARSb290MCAXDTI2MTEyMTE0"
    "MjAwMloYDzIxMjYxMDI4MTQyMDAyWjAPMQ0wCwYDVQQDDARSb290MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEtGtRe_-Ib8mB"
    "YZlY4Z9pRfAHxYmeF1rY9SN3HxbtGMyhfLA2vkOmFKD8X5PDjhoOpIkcv2HdV8rk6bw8xdZW6KMyMDAwDwYDVR0TAQH_BAUwAwEB"
    "_zAdBgNVHQ4EFgQU_lefcRK4nASvpIJGOSZfO6amMYAwCgYIKoZIzj0EAwIDSQAwRgIhAJYaILoUkUeilVp7y11xUZV-M8ZhQBl-"
    "49HBp0By1-y_AiEA7BZp2uQBorVjUMaHx5AMTW3bXRDRnFYT5xIdRuFQGL4";

static const char fido[] =
    "MIICRzCCAe2gAwIBAgIDAbHlMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBFJvb3QwIBcNMjYxMTIxMTQzODU0WhgPMjEyNjEwMjgx"
    "NDM4NTRaMAwxCjAIBgNVBAMMAU0wggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQDKH57O05_z80RDKmkdSeWDfGPzqSwV"
    "rdXg_xaGqwDEaq62_t2YxJ0Vpg1WOPF8GfoELbz53m3UsPifSeJExiP9mvi-2-Hyf7cEt7NqCp29nTaXhu8Bhh6hQWr9F0P-bGiQ"
    "FKvR7dcq7OlvKVb51tbvawLiEOBp_GQqy0p656-C0SwLY822uPHrvSSq6fWka6iqa5FZmTNw9-Wh5y7zzg4IziQKdBEG1VGb2fVh"
    "Xw4fbMkwuvgVH9ZLPKy3RiVwHeaFDeSbMNOcpXMzoYoE0rrzS0i5xT3PFTYY76CyejI3zcQDb9H9oGxTLVSLjDWIC61tk-rmxA5c"
    "1TJDIVi3Cb6_AgMBAAGjbjBsMAkGA1UdEwQCMAAwHwYDVR0RBBgwFoIUbWRzLmZpZG9hbGxpYW5jZS5vcmcwHQYDVR0OBBYEFN9n"
    "6rmBeNK8n4FzUxoIE-HqwuDqMB8GA1UdIwQYMBaAFNs7WMrP5gc1kNKWvO4ATEtEsSnkMAoGCCqGSM49BAMCA0gAMEUCIB2VaPSH"
    "K83tfDxvA6G13v7weL75ZtaWnhU6c4Zgji6GAiEAm-YqA3KYr7N7BGi0F-zwbgsQnD7bGOHbV-VErnn0uYE";

static const char web[] =
    "MIICQjCCAeigAwIBAgIDAdm7MAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBFJvb3QwIBcNMjYxMTIxMTQzODU1WhgPMjEyNjEwMjgx"
    "NDM4NTVaMAwxCjAIBgNVBAMMAU0wggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQDKH57O05_z80RDKmkdSeWDfGPzqSwV"
    "rdXg_xaGqwDEaq62_t2YxJ0Vpg1WOPF8GfoELbz53m3UsPifSeJExiP9mvi-2-Hyf7cEt7NqCp29nTaXhu8Bhh6hQWr9F0P-bGiQ"
    "FKvR7dcq7OlvKVb51tbvawLiEOBp_GQqy0p656-C0SwLY822uPHrvSSq6fWka6iqa5FZmTNw9-Wh5y7zzg4IziQKdBEG1VGb2fVh"
    "Xw4fbMkwuvgVH9ZLPKy3RiVwHeaFDeSbMNOcpXMzoYoE0rrzS0i5xT3PFTYY76CyejI3zcQDb9H9oGxTLVSLjDWIC61tk-rmxA5c"
    "1TJDIVi3Cb6_AgMBAAGjaTBnMAkGA1UdEwQCMAAwGgYDVR0RBBMwEYIPd3d3LmV4YW1wbGUub3JnMB0GA1UdDgQWBBTfZ-q5gXjS"
    "vJ-Bc1MaCBPh6sLg6jAfBgNVHSMEGDAWgBTbO1jKz-YHNZDSlrzuAExLRLEp5DAKBggqhkjOPQQDAgNIADBFAiA5WQv5p9S4T2s-"
    "VyS7sVx-LIzQJ1GsAOgVdm3sjc6VRwIhAK7Wed2y7lul_QCw63Z-AxXXHXDOUIW6CTeHqFf19Iaa";

static const char signer[] =
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDKH57O05_z80RDKmkdSeWDfGPzqSwVrdXg_xaGqwDEaq62_t2Y"
    "xJ0Vpg1WOPF8GfoELbz53m3UsPifSeJExiP9mvi-2-Hyf7cEt7NqCp29nTaXhu8Bhh6hQWr9F0P-bGiQFKvR7dcq7OlvKVb51tbv"
    "awLiEOBp_GQqy0p656-C0SwLY822uPHrvSSq6fWka6iqa5FZmTNw9-Wh5y7zzg4IziQKdBEG1VGb2fVhXw4fbMkwuvgVH9ZLPKy3"
    "RiVwHeaFDeSbMNOcpXMzoYoE0rrzS0i5xT3PFTYY76CyejI3zcQDb9H9oGxTLVSLjDWIC61tk-rmxA5c1TJDIVi3Cb6_AgMBAAEC"
    "ggEARiiwqrE5keesl7XWc8StRrU8Sp07wLCtD2LsEkW0R_mR-NJB4B_LOPMBKR8t73pi1uV7da44KH5fZocyY9X1MzgCRNm1NcQQ"
    "JrKPM-1IcMNr6i_7sWc5JZc8CGr1fpBpwS1zsLRinjNLGftbBfEFfWiDQS5Df3aM3G_hRAU83maX-jeNmwNHJxFoBZ7DH1dCIA-9"
    "X0vga4fWuGYFGa9clmktdqlaNOfglCLvXPTL9pM4tQJiYubIMADEqOUAQv4Axjt1cSAjHuQaWrsTDt-RPMLzlEmfEqRNBf2WrRsn"
    "g2lXs2n8ovQyQ_-gHUxO1BVufYlYNnCxv-wa3u-_VkZ0nQKBgQDmDUpTssAjVzQm0mSDdYe7a3Sr_gH0443qQiVcHDnj0xk2yfO7"
    "AFoSSDmNeGIYRJqmU02tuy-_w3NQpp-MYBn-Y_Q-uB81witetxVIADB2oiKhNPEdzFXHGocBVeeSywR2yU6cMhe2Wg9p52RwTCy7"
    "fKjy_4z0XZTOCEahQ0e57QKBgQDg6-b79XTKWFKaOscllFpnY0IqZzUMseI2HVYZfq03u8FdADwVyZlfhdKXQTgktFlFQjZOm4hU"
    "cDMijWCD2Y0PsDPa_FIc-9i5iDURdyujD-Ret6Q4c0ornDiBn0BnRmE6Zxi4A_X9se2zIO3l4DbCxy-mt6GDLS8tDyfeEXpV2wKB"
    "gQDc4hPkizN6e0dCoy4JHrblWAZdAXVFeZuQOlR-vUdEHTMPbRaNDYhuF1TTJawiGvTWEBP8ZEcze2lkHagBc2Bh5fzkn4qv5jAY"
    "L_fJ-wyNS52uZRPBhakyk6DewmmngzBVEXJd_KbR2mUETT0dqbYlikr5ji77jkLLFB0kx2G9_QKBgH4Nl3lTue2BDGIlWODFwNi6"
    "dyV-i-uecdG0JUHKjddzYU32yLXJMyymujxMr-NaM8Gt9vOdFQ2FiBLwOswKC5VkQduTl41o07A_FsbAC_Op_2nZ7643ZrUEK2Lx"
    "1k1K00jA6MiQZ7eTlUzTwqAXRXlp2lnMBjeXBh5xpP0-vFoLAoGAK9ikGxM3qkY1GrZELSBuxGCC0F2r16BUNJx1q8_8SgjDfvCK"
    "HgeanBe-W5apsPu4HnZH70pvp7LhZleDkx9nXyduhR67vLRjXqNqbhpj7bzEtC-XLA6jNX6Ux_tOO-JYOUWlWUXLiQTc23Fmk9AP"
    "dddn48DazsK5q9CrLXWezpI";

#define MODEL         "00010203-0405-0607-0809-0a0b0c0d0e0f"
#define AAGUID        STR("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f")
#define NOW           (MADE_AT + 3600)
#define BLOB(entries) "{\"no\":1,\"nextUpdate\":\"2026-01-31\",\"entries\":[" entries "]}"

/* ---- a BLOB as FIDO would sign it ---- */

static struct str bytes_of(struct arena *mem, const char *text)
{
    struct str bytes = { 0 };
    CHECK_OK(base64url_decode(mem, str_of(text), &bytes));
    return bytes;
}

/* Standard base64, from base64url. */
static struct str standard(struct arena *mem, const char *text)
{
    struct buf out = buf_new(mem, strlen(text) + 3);
    for (const char *c = text; *c != 0; c++)
        buf_add_char(&out, *c == '-' ? '+' : *c == '_' ? '/' : *c);
    while (out.len % 4 != 0)
        buf_add_char(&out, '=');
    return buf_str(&out);
}

static struct str sign(struct arena *mem, const char *certificate, const char *algorithm, const char *payload)
{
    AUTO(sign_key) struct sign_key *key = NULL;
    struct buf out = buf_new(mem, 4096);
    struct signature signature;
    const struct str header =
        arena_printf(mem, "{\"alg\":\"%s\",\"x5c\":[\"%.*s\"]}", algorithm, STR_ARG(standard(mem, certificate)));

    CHECK_OK(sign_key_read(ALGORITHM_RS256, bytes_of(mem, signer), &key));
    buf_add(&out, base64url_encode(mem, header));
    buf_add_char(&out, '.');
    buf_add(&out, base64url_encode(mem, str_of(payload)));
    CHECK_OK(signature_sign(key, buf_str(&out), &signature));
    buf_add_char(&out, '.');
    buf_add(&out, base64url_encode(mem, (struct str){ (const char *)signature.is, signature.len }));
    return buf_str(&out);
}

static enum err read_at(struct arena *mem, struct str blob, const char *anchor, int64_t now_s, struct metadata **out)
{
    AUTO(anchors) struct anchors *signers = anchors_new();
    CHECK_OK(anchors_add(signers, bytes_of(mem, anchor)));
    return metadata_read(blob, signers, now_s, out);
}

static enum err read_blob(const char *certificate, const char *algorithm, const char *payload, struct metadata **out)
{
    AUTO(arena) struct arena *mem = arena_new();
    return read_at(mem, sign(mem, certificate, algorithm, payload), root, NOW, out);
}

TEST(metadata_read, tells_models_their_anchors_and_what_is_reported_of_them)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(metadata) struct metadata *got = NULL;
    const struct str payload = arena_printf(
        mem,
        BLOB("{\"aaguid\":\"" MODEL "\",\"metadataStatement\":{\"attestationRootCertificates\":[\"%.*s\",\"none\",7]},"
             "\"statusReports\":[{\"status\":\"FIDO_CERTIFIED\"}]},"
             "{\"aaguid\":\"ffffffff-ffff-ffff-ffff-ffffffffffff\",\"statusReports\":[{\"status\":\"FIDO_CERTIFIED\"},"
             "{\"status\":\"USER_VERIFICATION_BYPASS\"}]},{\"attestationCertificateKeyIdentifiers\":[\"00\"]}"),
        STR_ARG(standard(mem, root)));
    const struct str bad = STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");

    CHECK_OK(read_blob(fido, "RS256", payload.ptr, &got));
    CHECK_INT(2, metadata_count(got));
    CHECK_STR(STR("2026-01-31"), metadata_next_update(got));
    CHECK_INT(1, anchors_count(metadata_anchors(got, AAGUID)));
    CHECK(!metadata_is_compromised(got, AAGUID) && metadata_is_compromised(got, bad));
    CHECK(metadata_anchors(got, STR("another-AAGUID-0")) == NULL && metadata_anchors(got, STR("")) == NULL);
}

TEST(metadata_read, refuses_what_fido_did_not_sign)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(metadata) struct metadata *got = NULL;
    const char *payload = BLOB("{\"aaguid\":\"" MODEL "\"}");
    const struct str good = sign(mem, fido, "RS256", payload);
    char *bad = arena_take(mem, good.len);

    CHECK_OK(read_at(mem, good, root, NOW, &got));
    metadata_drop(&got);
    CHECK_END(ERR_DENIED, read_at(mem, good, other, NOW, &got));           /* another root */
    CHECK_END(ERR_DENIED, read_at(mem, good, root, MADE_AT - 3600, &got)); /* not yet */
    CHECK_END(ERR_DENIED, read_blob(web, "RS256", payload, &got));         /* some other customer of the same root */
    CHECK_END(ERR_INVALID, read_blob(fido, "ES256", payload, &got));
    CHECK_END(ERR_INVALID, read_blob(fido, "none", payload, &got));
    CHECK_END(ERR_INVALID, read_blob(root, "RS256", payload, &got)); /* no RSA key */
    memcpy(bad, good.ptr, good.len);
    bad[good.len - 2] = bad[good.len - 2] == 'A' ? 'B' : 'A';
    CHECK_END(ERR_DENIED, read_at(mem, (struct str){ bad, good.len }, root, NOW, &got));
    CHECK_END(ERR_INVALID, read_at(mem, STR(""), root, NOW, &got));
    CHECK_END(ERR_INVALID, read_at(mem, STR("a.b"), root, NOW, &got));
    CHECK_END(ERR_INVALID, read_at(mem, STR("e30.e30.AAAA"), root, NOW, &got));
    CHECK_END(ERR_INVALID, read_at(mem, (struct str){ good.ptr, METADATA_MAX + 1 }, root, NOW, &got));
    CHECK(got == NULL);
}

TEST(metadata_read, refuses_payloads_of_another_form)
{
    static const char *const refused[] = {
        "[]",
        "{}",
        "{\"entries\":[]}",
        "{\"nextUpdate\":\"2026-01-31\"}",
        "{\"nextUpdate\":\"2026-01-31\",\"entries\":{}}",
        "{\"nextUpdate\":\"\",\"entries\":[{}]}",
        "{\"nextUpdate\":\"2026-01-31 and much more than a date\",\"entries\":[{}]}",
        BLOB(""),
        BLOB("{\"aaguid\":\"\"}"),
        BLOB("{\"aaguid\":\"00010203-0405-0607-0809-0a0b0c0d0e0F\"}"),
        BLOB("{\"aaguid\":\"0001020304050607-0809-0a0b-0c0d0e0f1\"}"),
        BLOB("{\"aaguid\":\"00010203-0405-0607-0809-0a0b0c0d0e0f0\"}"),
        BLOB("{\"aaguid\":\"" MODEL "\",\"aaguid\":\"" MODEL "\"}"),
    };
    AUTO(metadata) struct metadata *got = NULL;
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK_END(ERR_INVALID, read_blob(fido, "RS256", refused[i], &got));
}

/* ---- what trust makes of it ---- */

/* FIDO's own certificate stands in for that of an authenticator: it leads to root. */
TEST(trust_assess, holds_a_model_to_its_own_anchors)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(anchors) struct anchors *common = anchors_new();
    AUTO(metadata) struct metadata *known = NULL;
    const struct str payload = arena_printf(
        mem, BLOB("{\"aaguid\":\"" MODEL "\",\"metadataStatement\":{\"attestationRootCertificates\":[\"%.*s\"]}}"),
        STR_ARG(standard(mem, other)));
    struct str leaf = bytes_of(mem, fido);
    const struct attestation attestation = { ATTESTATION_BASIC, { &leaf, 1 } };
    struct trust_policy policy = { .anchors = common };
    bool trusted = false;

    CHECK_OK(anchors_add(common, bytes_of(mem, root)));
    CHECK_OK(read_blob(fido, "RS256", payload.ptr, &known));
    CHECK_OK(trust_assess(&policy, &attestation, AAGUID, NOW, &trusted));
    CHECK(trusted);
    policy.metadata = known; /* in which the model has another root, though of the same name */
    CHECK_OK(trust_assess(&policy, &attestation, AAGUID, NOW, &trusted));
    CHECK(!trusted);
    policy.need_anchor = true;
    CHECK_END(ERR_DENIED, trust_assess(&policy, &attestation, AAGUID, NOW, &trusted));
    CHECK_OK(trust_assess(&policy, &attestation, STR("another-AAGUID-0"), NOW, &trusted)); /* the common ones */
    CHECK(trusted);
    policy.anchors = NULL;
    CHECK_END(ERR_DENIED, trust_assess(&policy, &attestation, STR("another-AAGUID-0"), NOW, &trusted));
    policy.need_anchor = false;
    policy.refuse_self = true; /* what leads nowhere counts as self attestation */
    CHECK_END(ERR_DENIED, trust_assess(&policy, &attestation, AAGUID, NOW, &trusted));
}

TEST(trust_assess, believes_no_certificate_that_leaves_out_what_its_format_demands)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(anchors) struct anchors *anchors = anchors_new();
    struct str leaf = bytes_of(mem, fido);
    struct attestation attestation = { ATTESTATION_BASIC, { &leaf, 1 } };
    struct trust_policy policy = { .anchors = anchors, .need_anchor = true };
    bool trusted = false;

    CHECK_OK(anchors_add(anchors, bytes_of(mem, root)));
    CHECK_OK(trust_assess(&policy, &attestation, AAGUID, NOW, &trusted));
    attestation.incomplete = true;
    CHECK_END(ERR_DENIED, trust_assess(&policy, &attestation, AAGUID, NOW, &trusted));
    policy.need_anchor = false;
    CHECK_OK(trust_assess(&policy, &attestation, AAGUID, NOW, &trusted));
    CHECK(!trusted);
}

TEST(trust_model, refuses_models_that_are_denied_compromised_or_not_allowed)
{
    AUTO(metadata) struct metadata *known = NULL;
    struct str model = AAGUID, stranger = STR("another-AAGUID-0");
    const struct strs list = { &model, 1 };
    struct trust_policy policy = { 0 };

    CHECK_OK(trust_model(&policy, model, false));
    policy.allowed = list;
    CHECK_OK(trust_model(&policy, model, false));
    CHECK_END(ERR_DENIED, trust_model(&policy, stranger, false));
    CHECK_END(ERR_DENIED, trust_model(&policy, model, true)); /* hearsay */
    policy = (struct trust_policy){ .denied = list };
    CHECK_END(ERR_DENIED, trust_model(&policy, model, false));
    CHECK_END(ERR_DENIED, trust_model(&policy, model, true));
    CHECK_OK(trust_model(&policy, stranger, true));
    CHECK_OK(read_blob(fido, "RS256", BLOB("{\"aaguid\":\"" MODEL "\",\"statusReports\":[{\"status\":\"REVOKED\"}]}"),
                       &known));
    policy = (struct trust_policy){ .metadata = known };
    CHECK_END(ERR_DENIED, trust_model(&policy, model, false));
    CHECK_OK(trust_model(&policy, stranger, false));
}

/* ---- files ---- */

static void write_file(const char *folder, const char *name, struct str content)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fwrite(content.ptr, 1, content.len, file) == content.len && fclose(file) == 0);
}

static void remove_files(const char *folder)
{
    static const char *const names[] = { "a.pem", "notes", "blob" };
    char path[128];
    for (size_t i = 0; i < COUNT(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    CHECK(rmdir(folder) == 0);
}

static struct str pem_of(struct arena *mem, const char *certificate)
{
    const struct str text = standard(mem, certificate);
    struct buf out = buf_new(mem, 2048);
    buf_add(&out, STR("-----BEGIN CERTIFICATE-----\n"));
    for (size_t at = 0; at < text.len; at += 64) {
        buf_add(&out, str_slice(text, at, at + 64));
        buf_add_char(&out, '\n');
    }
    buf_add(&out, STR("-----END CERTIFICATE-----\n"));
    return buf_str(&out);
}

TEST(trust_files, takes_a_folder_of_certificates_and_refuses_one_without)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(anchors) struct anchors *anchors = anchors_new();
    char folder[] = "/tmp/trust-XXXXXX";

    CHECK(mkdtemp(folder) != NULL);
    CHECK_END(ERR_INVALID, trust_files_add_folder(folder, anchors)); /* empty */
    write_file(folder, "notes", STR("no certificate"));
    CHECK_END(ERR_INVALID, trust_files_add_folder(folder, anchors));
    write_file(folder, "a.pem", STR("no certificate"));
    CHECK_END(ERR_INVALID, trust_files_add_folder(folder, anchors));
    CHECK(str_contains(str_of(note_get()->text), STR("a.pem")));
    write_file(folder, "a.pem", pem_of(mem, root));
    CHECK_OK(trust_files_add_folder(folder, anchors));
    CHECK_INT(1, anchors_count(anchors));
    remove_files(folder);
    CHECK_END(ERR_MISSING, trust_files_add_folder(folder, anchors));
}

TEST(trust_files, reads_metadata_and_names_the_file_that_is_none)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(anchors) struct anchors *signers = anchors_new();
    AUTO(metadata) struct metadata *got = NULL;
    char folder[] = "/tmp/trust-XXXXXX", path[64];

    CHECK(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof path, "%s/blob", folder);
    CHECK_OK(anchors_add(signers, bytes_of(mem, root)));
    CHECK_END(ERR_MISSING, trust_files_read_metadata(path, signers, NOW, &got));
    write_file(folder, "blob", STR("no metadata\n"));
    CHECK_END(ERR_INVALID, trust_files_read_metadata(path, signers, NOW, &got));
    CHECK(str_contains(str_of(note_get()->text), str_of(path)));
    write_file(folder, "blob", sign(mem, fido, "RS256", BLOB("{\"aaguid\":\"" MODEL "\"}")));
    CHECK_OK(trust_files_read_metadata(path, signers, NOW, &got));
    CHECK_INT(1, metadata_count(got));
    remove_files(folder);
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
        CASE(metadata_read, tells_models_their_anchors_and_what_is_reported_of_them),
        CASE(metadata_read, refuses_what_fido_did_not_sign),
        CASE(metadata_read, refuses_payloads_of_another_form),
        CASE(trust_assess, holds_a_model_to_its_own_anchors),
        CASE(trust_assess, believes_no_certificate_that_leaves_out_what_its_format_demands),
        CASE(trust_files, takes_a_folder_of_certificates_and_refuses_one_without),
        CASE(trust_files, reads_metadata_and_names_the_file_that_is_none),
        CASE(trust_model, refuses_models_that_are_denied_compromised_or_not_allowed),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
