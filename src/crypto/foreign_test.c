#include "support/test.h"
#include "base/buf.h"
#include "crypto/base64url.h"
#include "crypto/certificate.h"
#include "crypto/random.h"

#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* Made for these tests, valid for a hundred years: Root signs Middle, Middle signs Leaf.  Other has Root's name and another
 * key; no_ca is Middle again, without being an authority. */
#define MADE_AT INT64_C(1795270912)

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

static const char middle[] =
    "MIIBZTCCAQqgAwIBAgIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARSb290MCAXDTI2MTEyMTE0MjAwMloYDzIxMjYxMDI4MTQy"
    "MDAyWjARMQ8wDQYDVQQDDAZNaWRkbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASqR3bu75mAv_TRTygQeGr-19Yi_ukqL4Zx"
    "oXgtwYUudxJYDS8FBrFmg6acoMoO8D2ui8rtD3v_tDUapUHer8DOo1MwUTAPBgNVHRMBAf8EBTADAQH_MB0GA1UdDgQWBBSvRjn1"
    "gNAMefSRptrTvtjRgZE-xTAfBgNVHSMEGDAWgBTbO1jKz-YHNZDSlrzuAExLRLEp5DAKBggqhkjOPQQDAgNJADBGAiEA9iIo0Bif"
    "WRn48EWNlIBG6mUmYJzRUfZ-e9tGsWoF3T4CIQDuKEwtMEE4FAuHhRQOXPG9dZrDcx0WuYiaK6Zuvkl_OA";

static const char no_ca[] =
    "MIIBXzCCAQSgAwIBAgIBAzAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARSb290MCAXDTI2MTEyMTE0MjAwM1oYDzIxMjYxMDI4MTQy"
    "MDAzWjARMQ8wDQYDVQQDDAZNaWRkbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASqR3bu75mAv_TRTygQeGr-19Yi_ukqL4Zx"
    "oXgtwYUudxJYDS8FBrFmg6acoMoO8D2ui8rtD3v_tDUapUHer8DOo00wSzAJBgNVHRMEAjAAMB0GA1UdDgQWBBSvRjn1gNAMefSR"
    "ptrTvtjRgZE-xTAfBgNVHSMEGDAWgBTbO1jKz-YHNZDSlrzuAExLRLEp5DAKBggqhkjOPQQDAgNJADBGAiEAtYxCsZeHUx98ak2k"
    "I7jZqNoLO26m0FuNrZMgR6eObpkCIQCiJpHkbCJZVvBJ3O4wAs7zLCRUzIztqNNshlFPqtrFPw";

static const char leaf[] =
    "MIICETCCAbegAwIBAgIBBDAKBggqhkjOPQQDAjARMQ8wDQYDVQQDDAZNaWRkbGUwIBcNMjYxMTIxMTQyMTUyWhgPMjEyNjEwMjgx"
    "NDIxNTJaMFAxCzAJBgNVBAYTAlNFMQ4wDAYDVQQKDAVNYWtlcjEiMCAGA1UECwwZQXV0aGVudGljYXRvciBBdHRlc3RhdGlvbjEN"
    "MAsGA1UEAwwETGVhZjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDmNpvjbXLGhj2mhJrwnqrOwqUhnZdTk6rxRKzGMcatoyd2y"
    "G4YpQGGbPi8ZTiQldwcdd5rsQk5-DpOQ6Ypno-2jgb4wgbswCQYDVR0TBAIwADAhBgsrBgEEAYLlHAEBBAQSBBAAAQIDBAUGBwgJ"
    "CgsMDQ4PMBAGA1UdJQQJMAcGBWeBBQgDMDkGA1UdEQQyMDCCEmF0dGVzdC5leGFtcGxlLm9yZ6QaMBgxFjAUBgVngQUCAQwLaWQ6"
    "RkZGRkYxRDAwHQYDVR0OBBYEFIf9cLU9gUk-qcUHS7Y2mGuiDpKtMB8GA1UdIwQYMBaAFK9GOfWA0Ax59JGm2tO-2NGBkT7FMAoG"
    "CCqGSM49BAMCA0gAMEUCIQDRlwbAnbtyDQsP-z57L1RW_jPoE0ELI5xc4PiQRHlnQgIgYHfYJx1iOdPEH2mQkGmj5YY7WLlSL7J-"
    "RGCC4PaDIiU";

#define ROOT_PEM                                                                                                       \
    "-----BEGIN CERTIFICATE-----\n"                                                                                    \
    "MIIBUjCB+qADAgECAhR7VQ+WkuzSyD4dL1cU62rFweB2yTAKBggqhkjOPQQDAjAP\n"                                               \
    "MQ0wCwYDVQQDDARSb290MCAXDTI2MTEyMTE0MjAwMloYDzIxMjYxMDI4MTQyMDAy\n"                                               \
    "WjAPMQ0wCwYDVQQDDARSb290MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEkAud\n"                                               \
    "MmIDk3AM0Nh0lhFZgHJF6knDcj1Af7VfFhWRJXRJRmWptYYNh2ecm20hkSdj4Fcy\n"                                               \
    "frJJ/pHayWL23cAwhqMyMDAwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQU2ztY\n"                                               \
    "ys/mBzWQ0pa87gBMS0SxKeQwCgYIKoZIzj0EAwIDRwAwRAIgfkke0QoKAsEWYkWh\n"                                               \
    "8iZJDt0LM9wcTVqvv+tmTisP2gQCIDMURaPPXJCQQnQz0OY7jb89D8VI8MZKAWgq\n"                                               \
    "H0bCwjAM\n"                                                                                                       \
    "-----END CERTIFICATE-----\n"

/* Two roots of one name, and a leaf of the first that names no key of its issuer. */
static const char twin[] =
    "MIIBIjCByqADAgECAgEJMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBFR3aW4wIhgPMjAyMDAxMDEwMDAwMDBaGA8yMTI2MTAwMTAw"
    "MDAwMFowDzENMAsGA1UEAwwEVHdpbjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMlxFgetqtvctrGVEoq9LFeGMGeEKgUWvURI"
    "_OWxx-qpjtEt-tqztHJNR-eVwh5JPQrXBDiFwImtQjoHpkPDbgqjEzARMA8GA1UdEwEB_wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAw"
    "RAIgYSqFOjWq41EFh_e9Oq82oZ6k1R_xP_56490V_bQ6h0sCIDa55I5PMsBxgz6ab1o8cZQnSDd7NUYbcqy98vXsU0Sh";

static const char other_twin[] =
    "MIIBIzCByqADAgECAgEJMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBFR3aW4wIhgPMjAyMDAxMDEwMDAwMDBaGA8yMTI2MTAwMTAw"
    "MDAwMFowDzENMAsGA1UEAwwEVHdpbjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABB9ffC0lvdZ-SsbpwWJKGIWIouJ71FmGBjDx"
    "dAJiTc8lXb63NlslQ9RgwKP9HnQwhe_-HAeJ5DKBC_UFH3_v94ajEzARMA8GA1UdEwEB_wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAw"
    "RQIhAJMEZfSb3IhaeX0ZmZQTP3C_3sR22j1w2KDhYAr3I-4pAiALDboe3qpR71EyEzF-62tZE0Atqzqly0-Mpsq95pDIYQ";

static const char of_twin[] =
    "MIIBJTCBzKADAgECAgEJMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBFR3aW4wIhgPMjAyMDAxMDEwMDAwMDBaGA8yMTI2MTAwMTAw"
    "MDAwMFowFDESMBAGA1UEAwwJT2YgYSB0d2luMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEuvNHf4PsL_ag3Vnj0UP2bvrpwrcz"
    "GletMfHGXOjOSNNjGX-Jt02uEHKy1ADjxP-ATgeaJZKqC8EJ6o2TQd5aFaMQMA4wDAYDVR0TAQH_BAIwADAKBggqhkjOPQQDAgNI"
    "ADBFAiBlfXfJ7oTPCJbj01DmLx-eT-jTNtgrXREBQEgFX_xUrgIhAMOvf1KmUDXhkFBOf7l5IdpyEvyf5sw_2QTAtFkpA8ox";

/* By Leaf over "message". */
static const char by_leaf[] =
    "MEUCIQDwzI1vrFPaRa28PDodo91fgS9yfhE2ZVYG-BPHLTLqcwIgSJnnROaM7gqomWs3mWZU3aNCwdiqDDiCl1nzExowfuA";

static struct str bytes_of(struct arena *mem, const char *text)
{
    struct str bytes = { 0 };
    CHECK_OK(base64url_decode(mem, str_of(text), &bytes));
    return bytes;
}

static struct str hex_of(struct arena *mem, const char *hex)
{
    struct buf out = buf_new(mem, strlen(hex) + 1);
    for (; hex[0] != 0; hex += 2) {
        const char pair[] = { hex[0], hex[1], 0 };
        buf_add_char(&out, (char)strtoul(pair, NULL, 16));
    }
    return buf_str(&out);
}

/* The generators of the three curves (SEC 2 2.4.2, 2.5.1, 2.6.1). */
static const struct {
    enum foreign_curve curve;
    const char *x, *y;
} generators[] = {
    { FOREIGN_P256, "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
      "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5" },
    { FOREIGN_P384, "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
      "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f" },
    { FOREIGN_P521,
      "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a"
      "429bf97e7e31c2e5bd66",
      "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272"
      "c24088be94769fd16650" },
};

TEST(foreign_key, takes_points_of_three_curves_and_nothing_beside_them)
{
    AUTO(arena) struct arena *mem = arena_new();
    for (size_t i = 0; i < COUNT(generators); i++) {
        AUTO(foreign_key) struct foreign_key *key = NULL;
        AUTO(foreign_key) struct foreign_key *none = NULL;
        const enum foreign_curve curve = generators[i].curve, next = generators[(i + 1) % COUNT(generators)].curve;
        const struct str x = hex_of(mem, generators[i].x), y = hex_of(mem, generators[i].y);
        CHECK_OK(foreign_key_from_point(curve, x, y, &key));
        CHECK(foreign_key_is_on(key, curve) && !foreign_key_is_on(key, next));
        CHECK_END(ERR_INVALID, foreign_key_from_point(curve, y, x, &none)); /* not on the curve */
        CHECK_END(ERR_INVALID, foreign_key_from_point(curve, str_slice(x, 1, x.len), y, &none));
        CHECK_END(ERR_INVALID, foreign_key_from_point(curve, x, STR(""), &none));
        CHECK_END(ERR_INVALID, foreign_key_from_point(next, x, y, &none));
        CHECK(none == NULL);
    }
}

TEST(foreign_key, refuses_keys_of_ed25519_that_sign_for_everybody)
{
    static const char *const refused[] = {
        "0000000000000000000000000000000000000000000000000000000000000000", /* of small order */
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* not reduced */
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f70751", /* 31 bytes */
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a00",
        "",
    };
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(foreign_key) struct foreign_key *key = NULL;
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK_END(ERR_INVALID, foreign_key_from_ed25519(hex_of(mem, refused[i]), &key));
}

static void check_flips(const struct foreign_key *key, enum foreign_algorithm algorithm, struct str message,
                        struct str by)
{
    AUTO(arena) struct arena *mem = arena_new();
    char *flipped = arena_take(mem, by.len);

    CHECK_OK(foreign_key_check(key, algorithm, message, by));
    for (size_t bit = 0; bit < by.len * 8; bit++) {
        memcpy(flipped, by.ptr, by.len);
        flipped[bit / 8] = (char)(flipped[bit / 8] ^ (1 << bit % 8));
        CHECK_END(ERR_DENIED, foreign_key_check(key, algorithm, message, (struct str){ flipped, by.len }));
    }
}

/* RFC 8032 7.1, the second test. */
TEST(foreign_key, checks_a_signature_of_ed25519_and_refuses_every_flip)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(foreign_key) struct foreign_key *key = NULL;
    const struct str by = hex_of(mem, "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");

    CHECK_OK(foreign_key_from_ed25519(hex_of(mem, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
                                      &key));
    CHECK_OK(foreign_key_check(key, FOREIGN_EDDSA, STR("\x72"), by));
    check_flips(key, FOREIGN_EDDSA, STR("\x72"), by);
    CHECK_END(ERR_INVALID, foreign_key_check(key, FOREIGN_ES256, STR("\x72"), by));
    CHECK_END(ERR_INVALID, foreign_key_check(key, FOREIGN_RS256, STR("\x72"), by));
    CHECK_END(ERR_DENIED, foreign_key_check(key, FOREIGN_EDDSA, STR("\x72"), STR("")));
}

TEST(foreign_key, refuses_keys_of_ed448_that_sign_for_everybody)
{
    static const char *const refused[] = {
        "0000000000000000000000000000000000000000000000000000000000000000000000000000"
        "00000000000000000000000000000000000000", /* of small order */
        "0000000000000000000000000000000000000000000000000000000000000000000000000000"
        "00000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000000000000000"
        "00000000000000000000000000000000000000",
        "fefffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffffffffffffff"
        "ffffffffffffffffffffffffffffffffffff00",
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffffffffffffff"
        "ffffffffffffffffffffffffffffffffffff00", /* not reduced */
        "00000000000000000000000000000000000000000000000000000000ffffffffffffffffffff"
        "ffffffffffffffffffffffffffffffffffff00",
        "01000000000000000000000000000000000000000000000000000000ffffffffffffffffffff"
        "ffffffffffffffffffffffffffffffffffff00",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        "ffffffffffffffffffffffffffffffffffff00",
        "fdfffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffffffffffffff"
        "ffffffffffffffffffffffffffffffffffff01", /* more than the sign in the last byte */
        "0500000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000", /* 56 bytes */
        "0500000000000000000000000000000000000000000000000000000000000000000000000000"
        "0000000000000000000000000000000000000000",
        "",
    };
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(foreign_key) struct foreign_key *key = NULL;
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK_END(ERR_INVALID, foreign_key_from_ed448(hex_of(mem, refused[i]), &key));
}

/* RFC 8032 7.4, the second test. */
TEST(foreign_key, checks_a_signature_of_ed448_and_refuses_every_flip)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(foreign_key) struct foreign_key *key = NULL;
    const struct str x = hex_of(mem, "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb"
                                     "00742802b8438ea4cb82169c235160627b4c3a9480");
    const struct str by = hex_of(mem, "26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f4352541b143c4b9"
                                      "81b7e18f62de8ccdf633fc1bf037ab7cd779805e0dbcc0aae1cbcee1afb2e027df36bc04dcec"
                                      "bf154336c19f0af7e0a6472905e799f1953d2a0ff3348ab21aa4adafd1d234441cf807c03a00");

    CHECK_OK(foreign_key_from_ed448(x, &key));
    check_flips(key, FOREIGN_ED448, STR("\x03"), by);
    CHECK_END(ERR_INVALID, foreign_key_check(key, FOREIGN_EDDSA, STR("\x03"), by));
    CHECK_END(ERR_DENIED, foreign_key_check(key, FOREIGN_ED448, STR("\x04"), by));
}

/* By one key over "message". */
static const char modulus[] =
    "vdzr29pUtCKdfHjbhQBNNBCU9LNpLn7usHmgWyfHxFfLAnoEleGr-ZqKm_bIqrKME8n5Fs5ZOHGnrG1N5m8rRrbQryh130udxbSu"
    "B4cIA5UCq09y0eQ0BU2GQttkYkBub9tejMcYQ1mNQr6XKcCEJ4fG0L8NBThLeYlLyFnyYqybQVIhIa7qrU8sblfd0fLSm596Xryy"
    "Y38uuYDPza4TTu7hUuaKwbKx6R3KhJfxitKaNsuk365Pn_BFBkFmmlKkHjExlzEn_jEFwFZvYaNzidVf6noOicfMM2c0A9tI7crV"
    "MvMIgjTsXElqJtqNgCTu_Vm0vnkhjd24mjtYdWcShQ";

static const struct {
    enum foreign_algorithm algorithm;
    const char *text;
} by_rsa[] = {
    { FOREIGN_RS256,
      "GW2xl9x-zFmH0zulFWwgAcBKIDSKpezYrLvax2WtR1WGkWlewKaN23RLXU5XQ9WqGP8Fa5HkO3XX7nCNPvlXJFVDxJ7X5rBfhAiC"
      "Id4ycQgBPnIemH8LglYm3yHV73IMi-AEiVeaTtgnIxi6L5SrB7sZYd4VxS3LDxZeB9zV95GFnqWnUEVOSgv-t1ONFdrgNA5jfZaJ"
      "jNcy6FoGEjefO3S4R8zeFtY6m2AAl2nxpuurxcqkrUX5jFoYnAViUMDAQxWa32dYjrqYZXB9sgSPUYwvr3gkJy7is9hsIIwHSFA8"
      "LK85ZlVp9RDisE55M6EB02TUoiIdO9VL5H9GsVNP3w" },
    { FOREIGN_RS384,
      "e1gbIpzM_3Lc6LePIqk-3U7g1fPzhkEeHH8FpB_m17Z2AB6UgGLx963GzJ5cohNBZLyQ4KEcygiO7tnJXPRZ2YcRlhhffJMTjFjF"
      "MWEeT6Y1P0pvXuTiIspfKN078495LVNlE4BxpLXPl4nO8Mcdx4jUVuGY-2WjQGXmhwt2S8UnWj_gEFCWiMO93ydEG-e_plxHwrcF"
      "D1mNeMcnqA3sevuQJYhIAvCURlkRdfG25Nj29IC8wGBGSL5nQMQLvQfGWoC3yznBx84-awLGRmicFRAg_usd31B1rD-s3mB1lYdh"
      "6Jkiv0JLNwESGXn89JD4Dw_mSISOuZYE4GgpM63Hew" },
    { FOREIGN_RS512,
      "uz7vQhEBN50gRpqwytRjRKOW4e9NhqJGhNtQ2lFwFpF2GaU4cXOsW9kQIRQRFChzmA9RUjPwy9ydh9NB9wThx8cmVPkVxcBOSQMk"
      "v-ckTKqrtM7nrm3SpR6bChEyt5STxGoRHcscAYkYbs-vja1uWqcLiOM9u3BYQSdBD5XI6-maNtGEtmYB8i9R8h0wjcB8CM-PzPoq"
      "EzccQHXzJ1qK399rAW0e4qRjHduAlx5Kb8P2BqObYg7aDJ8yYXren4RKOdvg1GZfrV5cgGDswx2NxI_eIu82bZvNZgc9Y7Z5Zh9z"
      "5oc3qmCY8FmUp7_IQRC2DjCPgPYojq-F_STQJeztrw" },
    { FOREIGN_PS256,
      "qVtq6o2aUpl23zuwN_fvsi-tnzhsYGj2dI5R1E72Bk9f6-lPHGSq5ZwiZBE3CJRZEzdOW_JMTWVqxxfz3o4koAfTtjPFjVvZdPHH"
      "M2dnYaDv96ZPi_NOytGMnOH5lb8paJ64px89WWvJgFlYq9CzoYmPHVe2DBBehQCpE9npdG4KmmEqPjZOZH5EVoL_UFPYGh-7v8p7"
      "h4mNfg9yeWHlAOsLAXZd5TMzDNsHBhEyAiLK_RnscPOdaRWe1X-oIkHRuW7IVVKiHEo7bVbSqYxfS8CAQaWnw2DdTDHMNStGSBDU"
      "VXe51Z9kKE7TSH2AGdS8jFD3KdVhnQNS3ryb0GP8ig" },
    { FOREIGN_PS384,
      "WLVJo2sSoRTKNzGThZlR4BKYCZJ-S3jjvMykTbKEzHyFoTYrJVUTsM9nakMVS23tcyvE1X9nEjeB6VbkcHIXv6M8gLwSG8RgKptg"
      "B99wDworGjpJCc8QBHq1pegBsaCBXEq1J8UIQ6T4Su-C18wBi33QwwB5s43nUHSf_vzMZuHfIxXJifmf_xwFByj1up-_qD1wuNMN"
      "BO5y6grfWVWtLZUeGOs48Hr28kuHDoyG6y7Y9vaz0rNHCN1FccjQHN_Vn8z_b1a-wTdNHorfhMZDYgSdnGb58Dpo0EUfg6WZ8Knk"
      "sc2VUfvwUEXd5uDzBwbQQSBt-NnD70Nx-Is4-euQtQ" },
    { FOREIGN_PS512,
      "WzpAAzFhX8IqB_MDWvYDyGNMrLeHCiLCH1bFXBs8khgmpxivMO-GqUsUCyiSvBCAuMEinEPw3P-JVeVCUQBDfRkR0EBD0TqnFrj2"
      "SNohsAZFWIJStUXhT0YCKKW4w_0oH-N-tN4WS0Zzi-YyOWKK8DDR5tbHlhnTRfKZ1hqNo6OwYf1cBokjsnO4g8oOsOv3vT4iAzD9"
      "UX8FuOugqT1FEYlGWBz9jqBbsOcAe-mdIIpVxU817FEoSXOl1akMawNO31QGdy6Z686ssTMGgjeWbFPRlvYqyQXFAoC57sR0MXr-"
      "8UEOMi8TfkGNuxKTLe6JBj0gEFrVuo4M3nUR823vcQ" },
    { FOREIGN_RS1,
      "oPXixooEAm3Q5dMTzIGC6DE-3R53j5ivzIWiF-MACY6qGWsID9-y9Tp9tsFWNOt_yyfuXo7oBNq6oCOupkZ63IMkFSxBgvtBAuHp"
      "pKOe_pkRTelU2aAP3m4G4NME1BvrwEpx8SVRwV8b4Ur9R_GbhJb4mFGAofy9Al3a1ulNOEtICQ96AWyzLDKEnN1-o2nXxI94GjVk"
      "iXpVeAsaQXL3qJ7owZz7jnpl6FsoZRwsVWGJQAOYs5IKHWtZDj8OHZImstXDSgtuv5_JmnkkYvEB_mYzNo1OKFJyRfM0gtfxwgX_"
      "7dk49f3luUxwHN3z1yaF_UjgfXl_YZzp8XfMZWFfRQ" },
};

/* RFC 8230 2: the salt has the length of the hash, and not 20 bytes as here. */
static const char of_short_salt[] =
    "u6LWgBBoUJmXmtvsbYHkaFEYCkHCKMhgTfESI7yp8zBZSS7trDXZqoNPfdg3hyIIpkPAbNNT0XwcS9oPy8LsEauqMfKWU5DJ52cY"
    "dt1t8F-eQfvIYhigCIPjUusJa1YScoqj357iSNLlg5nYe1Dz5m7tjfoIfdo4e28P_7q8sfne0pn6ErXhWqOgwe_9pBKD0HXmmWag"
    "hmC9FKzPXQ8d0R8YKdBnCdVaQR5QkPipZoor8oQFw5kUHPfp8_5nLuDqseMFNWRZcLb-aNJaLJ6HS4k6lgLxuKqi-bQYnYrdtden"
    "ihdygI9hdT23Agy-gCdVGMNxiRfYgKIrPy5AgTFfKQ";

TEST(foreign_key, takes_each_signature_of_rsa_under_its_own_algorithm_and_no_other)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(foreign_key) struct foreign_key *key = NULL;

    CHECK_OK(foreign_key_from_rsa(bytes_of(mem, modulus), STR("\x01\x00\x01"), &key));
    for (size_t i = 0; i < COUNT(by_rsa); i++)
        for (size_t j = 0; j < COUNT(by_rsa); j++)
            CHECK_END(i == j ? OK : ERR_DENIED,
                      foreign_key_check(key, by_rsa[i].algorithm, STR("message"), bytes_of(mem, by_rsa[j].text)));
    for (size_t i = 0; i < COUNT(by_rsa); i++)
        CHECK_END(ERR_DENIED,
                  foreign_key_check(key, by_rsa[i].algorithm, STR("massage"), bytes_of(mem, by_rsa[i].text)));
    CHECK_END(ERR_DENIED, foreign_key_check(key, FOREIGN_PS256, STR("message"), bytes_of(mem, of_short_salt)));
    CHECK_END(ERR_INVALID, foreign_key_check(key, FOREIGN_ED448, STR("message"), bytes_of(mem, by_rsa[0].text)));
}

TEST(foreign_key, refuses_rsa_keys_that_are_short_long_even_or_sign_nothing)
{
    static const struct str exponents[] = { STR(""), STR("\x01"), STR("\x02"), STR("\x00\x03"),
                                            STR("\x01\x00\x00\x00\x01") };
    AUTO(foreign_key) struct foreign_key *key = NULL;
    char n[514];

    memset(n, 0xff, sizeof n);
    CHECK_OK(foreign_key_from_rsa((struct str){ n, 256 }, STR("\x01\x00\x01"), &key));
    foreign_key_drop(&key);
    CHECK_END(ERR_INVALID, foreign_key_from_rsa((struct str){ n, 255 }, STR("\x03"), &key));
    CHECK_END(ERR_INVALID, foreign_key_from_rsa((struct str){ n, 513 }, STR("\x03"), &key));
    for (size_t i = 0; i < COUNT(exponents); i++)
        CHECK_END(ERR_INVALID, foreign_key_from_rsa((struct str){ n, 256 }, exponents[i], &key));
    n[255] = 2; /* even */
    CHECK_END(ERR_INVALID, foreign_key_from_rsa((struct str){ n, 256 }, STR("\x03"), &key));
    n[255] = 1;
    n[0] = 0x7f; /* 2047 bits */
    CHECK_END(ERR_INVALID, foreign_key_from_rsa((struct str){ n, 256 }, STR("\x03"), &key));
    n[0] = 0; /* a zero in front */
    CHECK_END(ERR_INVALID, foreign_key_from_rsa((struct str){ n, 257 }, STR("\x03"), &key));
}

static struct certificate *read_one(struct arena *mem, const char *text)
{
    struct certificate *certificate = NULL;
    CHECK_OK(certificate_read(bytes_of(mem, text), &certificate));
    return certificate;
}

TEST(certificate_read, refuses_what_is_no_single_certificate)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(certificate) struct certificate *certificate = NULL;
    const struct str good = bytes_of(mem, leaf);
    struct buf more = buf_new(mem, CERTIFICATE_MAX + 1);

    CHECK_END(ERR_INVALID, certificate_read(STR(""), &certificate));
    CHECK_END(ERR_INVALID, certificate_read(STR("certificate"), &certificate));
    for (size_t len = 0; len < good.len; len++)
        CHECK_END(ERR_INVALID, certificate_read(str_slice(good, 0, len), &certificate));
    buf_add(&more, good);
    buf_add_char(&more, 0);
    CHECK_END(ERR_INVALID, certificate_read(buf_str(&more), &certificate));
    while (more.len <= CERTIFICATE_MAX)
        buf_add(&more, good);
    CHECK_END(ERR_INVALID, certificate_read(buf_str(&more), &certificate));
    CHECK(certificate == NULL);
}

TEST(certificate_read, tells_what_a_certificate_says_and_what_it_does_not)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(certificate) struct certificate *one = read_one(mem, leaf);
    AUTO(certificate) struct certificate *authority = read_one(mem, root);
    struct str value = { 0 };
    bool critical = true;

    CHECK_INT(3, certificate_version(one));
    CHECK(!certificate_subject_empty(one));
    CHECK(certificate_subject(one, CERTIFICATE_UNIT, &value));
    CHECK_STR(STR("Authenticator Attestation"), value);
    CHECK(certificate_subject(one, CERTIFICATE_COUNTRY, &value));
    CHECK_STR(STR("SE"), value);
    CHECK(!certificate_subject(authority, CERTIFICATE_ORGANIZATION, &value));
    CHECK(certificate_is_leaf(one) && !certificate_is_leaf(authority));
    CHECK(certificate_extension(one, "1.3.6.1.4.1.45724.1.1.4", &value, &critical) && !critical && value.len == 18);
    CHECK(!certificate_extension(one, "1.3.6.1.4.1.45724.1.1.5", &value, &critical));
    CHECK(certificate_usage(one, "2.23.133.8.3") && !certificate_usage(one, "2.23.133.8.4"));
    CHECK(!certificate_usage(authority, "2.23.133.8.3"));
    CHECK(certificate_alternative(one, "2.23.133.2.1") && !certificate_alternative(one, "2.23.133.2.2"));
    CHECK(certificate_is_of_host(one, STR("attest.example.org")) && !certificate_is_of_host(one, STR("example.org")));
}

TEST(certificate_key, checks_signatures_in_their_one_form_only)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(certificate) struct certificate *one = read_one(mem, leaf);
    AUTO(foreign_key) struct foreign_key *key = NULL;
    const struct str good = bytes_of(mem, by_leaf);
    char *bad = arena_take(mem, good.len + 1);

    CHECK_OK(certificate_key(one, &key));
    check_flips(key, FOREIGN_ES256, STR("message"), good);
    CHECK_END(ERR_DENIED, foreign_key_check(key, FOREIGN_ES384, STR("message"), good)); /* another hash */
    CHECK_END(ERR_DENIED, foreign_key_check(key, FOREIGN_ES256, STR("massage"), good));
    memcpy(bad, good.ptr, good.len);
    bad[good.len] = 0;
    CHECK_END(ERR_DENIED, foreign_key_check(key, FOREIGN_ES256, STR("message"), (struct str){ bad, good.len + 1 }));
}

static enum err check_chain(const char *anchor, size_t count, const char *const *texts, int64_t at_s)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(anchors) struct anchors *anchors = anchors_new();
    struct str chain[CERTIFICATE_CHAIN_MAX + 1];

    if (anchor != NULL)
        CHECK_OK(anchors_add(anchors, bytes_of(mem, anchor)));
    for (size_t i = 0; i < count; i++)
        chain[i] = bytes_of(mem, texts[i]);
    return anchors_check(anchors, (struct strs){ chain, count }, at_s);
}

#define CHAIN(...)                                                                                                     \
    sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(const char *), (const char *[])                                   \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

TEST(anchors_check, follows_a_chain_to_an_anchor)
{
    const int64_t now = MADE_AT + 3600;
    CHECK_OK(check_chain(root, CHAIN(leaf, middle), now));
    CHECK_OK(check_chain(root, CHAIN(leaf, root, middle), now)); /* in any order, root sent or not */
    CHECK_OK(check_chain(middle, CHAIN(leaf), now));             /* an anchor in the middle */
    CHECK_OK(check_chain(leaf, CHAIN(leaf), now));               /* is itself one */
}

TEST(anchors_check, refuses_chains_that_lead_elsewhere_or_are_of_another_time)
{
    const int64_t now = MADE_AT + 3600;
    CHECK_END(ERR_DENIED, check_chain(NULL, CHAIN(leaf, middle, root), now));
    CHECK_END(ERR_DENIED, check_chain(root, CHAIN(leaf), now));                /* one is missing */
    CHECK_END(ERR_DENIED, check_chain(other, CHAIN(leaf, middle, root), now)); /* of the same name */
    CHECK_END(ERR_DENIED, check_chain(root, CHAIN(leaf, no_ca), now));
    CHECK_END(ERR_DENIED, check_chain(root, CHAIN(leaf, middle), MADE_AT - 3600));
    CHECK_END(ERR_DENIED, check_chain(root, CHAIN(leaf, middle), MADE_AT + INT64_C(36501) * 86400));
    CHECK_END(ERR_INVALID, check_chain(root, 0, NULL, now));
    CHECK_END(ERR_INVALID, check_chain(root, CHAIN(leaf, root, root, root, root, root, root, root, root), now));
    CHECK_END(ERR_INVALID, check_chain(root, CHAIN(leaf, by_leaf), now));
}

TEST(anchors_check, finds_the_right_one_of_several_with_the_same_name)
{
    static const char *const orders[][2] = { { twin, other_twin }, { other_twin, twin }, { other_twin, root } };
    for (size_t i = 0; i < 3; i++) {
        AUTO(arena) struct arena *mem = arena_new();
        AUTO(anchors) struct anchors *anchors = anchors_new();
        struct str chain = bytes_of(mem, of_twin);
        for (size_t n = 0; n < 2; n++)
            CHECK_OK(anchors_add(anchors, bytes_of(mem, orders[i][n])));
        CHECK_END(i < 2 ? OK : ERR_DENIED, anchors_check(anchors, (struct strs){ &chain, 1 }, MADE_AT + 3600));
    }
}

TEST(anchors_add, takes_pem_and_refuses_what_holds_no_certificate)
{
    AUTO(anchors) struct anchors *anchors = anchors_new();

    CHECK_OK(anchors_add_pem(anchors, STR(ROOT_PEM)));
    CHECK_INT(1, anchors_count(anchors));
    CHECK_END(ERR_INVALID, anchors_add_pem(anchors, STR("")));
    CHECK_END(ERR_INVALID, anchors_add_pem(anchors, STR("no certificate")));
    CHECK_END(ERR_INVALID,
              anchors_add_pem(anchors, STR("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")));
    CHECK_END(ERR_INVALID, anchors_add(anchors, STR("no certificate")));
    CHECK_INT(1, anchors_count(anchors));
}

static int setup(void **state __attribute__((unused)))
{
    crypto_setup();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(foreign_key, takes_points_of_three_curves_and_nothing_beside_them),
        CASE(foreign_key, refuses_keys_of_ed25519_that_sign_for_everybody),
        CASE(foreign_key, checks_a_signature_of_ed25519_and_refuses_every_flip),
        CASE(foreign_key, refuses_keys_of_ed448_that_sign_for_everybody),
        CASE(foreign_key, checks_a_signature_of_ed448_and_refuses_every_flip),
        CASE(foreign_key, takes_each_signature_of_rsa_under_its_own_algorithm_and_no_other),
        CASE(foreign_key, refuses_rsa_keys_that_are_short_long_even_or_sign_nothing),
        CASE(certificate_read, refuses_what_is_no_single_certificate),
        CASE(certificate_read, tells_what_a_certificate_says_and_what_it_does_not),
        CASE(certificate_key, checks_signatures_in_their_one_form_only),
        CASE(anchors_check, finds_the_right_one_of_several_with_the_same_name),
        CASE(anchors_check, follows_a_chain_to_an_anchor),
        CASE(anchors_check, refuses_chains_that_lead_elsewhere_or_are_of_another_time),
        CASE(anchors_add, takes_pem_and_refuses_what_holds_no_certificate),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
