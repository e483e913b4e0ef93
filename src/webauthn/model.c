#include "webauthn/model.h"

/* clang-format off */
#define KEY     "security_key"
#define DEVICE  "device"
#define MANAGER "password_manager"
static const struct model { const char *aaguid, *icon, *name; } models[] = {
    { "08987058-cadc-4b81-b6e1-30de50dcbe96", DEVICE,  "Windows Hello" },
    { "0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6", MANAGER, "Keeper" },
    { "149a2021-8ef6-4133-96b8-81f8d5b7f1f5", KEY,     "Security Key by Yubico with NFC" },
    { "2fc0579f-8113-47ea-b116-bb5a8db9202a", KEY,     "YubiKey 5 Series with NFC" },
    { "42b4fb4a-2866-43b2-9bf7-6c6669c2e5d3", KEY,     "Google Titan Security Key v2" },
    { "50726f74-6f6e-5061-7373-50726f746f6e", MANAGER, "Proton Pass" },
    { "531126d6-e717-415c-9320-3d9aa6981239", MANAGER, "Dashlane" },
    { "53414d53-554e-4700-0000-000000000000", MANAGER, "Samsung Pass" },
    { "6028b017-b1d4-4c02-b4b3-afcdafc96bb2", DEVICE,  "Windows Hello" },
    { "771b48fd-d3d4-4f74-9232-fc157ab0507a", DEVICE,  "Edge on Mac" },
    { "9ddd1817-af5a-4672-a2b9-3e3dd95000a9", DEVICE,  "Windows Hello" },
    { "a10c6dd9-465e-4226-8198-c7c44b91c555", MANAGER, "Kaspersky Password Manager" },
    { "adce0002-35bc-c60a-648b-0b25f1f05503", DEVICE,  "Chrome on Mac" },
    { "b35a26b2-8f6e-4697-ab1d-d44db4da28c6", MANAGER, "Zoho Vault" },
    { "b5397666-4885-aa6b-cebf-e52262a439a2", DEVICE,  "Chromium Browser" },
    { "b78a0a55-6ef8-d246-a042-ba0f6d55050c", MANAGER, "LastPass" },
    { "b84e4048-15dc-4dd0-8640-f4f60813c8af", MANAGER, "NordPass" },
    { "bada5566-a7aa-401f-bd96-45619a55120d", MANAGER, "1Password" },
    { "c5ef55ff-ad9a-4b9f-b580-adebafe026d0", KEY,     "YubiKey 5 Series with Lightning" },
    { "cb69481e-8ff7-4039-93ec-0a2729a154a8", KEY,     "YubiKey 5 Series" },
    { "d3452668-01fd-4c12-926c-83a4204853aa", MANAGER, "Microsoft Password Manager" },
    { "d548826e-79b4-db40-a3d8-11116f7e8349", MANAGER, "Bitwarden" },
    { "d8522d9f-575b-4866-88a9-ba99fa02f35b", KEY,     "YubiKey Bio Series" },
    { "dd4ec289-e01d-41c9-bb89-70fa845d4bf2", MANAGER, "iCloud Keychain (Managed)" },
    { "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", MANAGER, "Google Password Manager" },
    { "eaecdef2-1c31-5634-8639-f1cbd9c00a08", MANAGER, "KeePassDX" },
    { "ee882879-721c-4913-9775-3dfcce97072a", KEY,     "YubiKey 5 Series" },
    { "f3809540-7f14-49c1-a8b3-8f813b225541", MANAGER, "Enpass" },
    { "f8a011f3-8c0a-4d15-8006-17111f9edc7d", KEY,     "Security Key by Yubico" },
    { "fa2b99dc-9e39-4257-8f92-4a30d23c4118", KEY,     "YubiKey 5 Series with NFC" },
    { "fa37f553-f9b6-4adb-ac53-8bbb57ebdf0d", MANAGER, "Norton Password Manager" },
    { "fbfc3007-154e-4ecc-8c0b-6e020557d7bd", MANAGER, "Apple Passwords" },
    { "fdb141b2-5d84-443e-8a35-4698c205a502", MANAGER, "KeePassXC" },
};
/* clang-format on */

static const struct model *find(struct str aaguid)
{
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (str_equal(aaguid, str_of(models[i].aaguid)))
            return &models[i];
    return NULL;
}

struct str model_name(struct str aaguid)
{
    const struct model *model = find(aaguid);
    return model == NULL ? (struct str){ 0 } : str_of(model->name);
}

struct str model_icon(struct str aaguid)
{
    const struct model *model = find(aaguid);
    return model == NULL ? (struct str){ 0 } : str_of(model->icon);
}

struct str model_aaguid_text(struct arena *mem, struct str bytes)
{
    const uint8_t *is = (const uint8_t *)bytes.ptr;
    return arena_printf(mem, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", is[0], is[1],
                        is[2], is[3], is[4], is[5], is[6], is[7], is[8], is[9], is[10], is[11], is[12], is[13], is[14],
                        is[15]);
}
