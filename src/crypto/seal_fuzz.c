/* Any bytes as a sealed file: refused, or whole. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/file.h"
#include "crypto/random.h"
#include "crypto/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    AUTO(secret) struct secret key = secret_new(SEAL_KEY_BYTES);
    AUTO(fd) int from = memfd_create("seal", MFD_CLOEXEC);
    struct seal_label label = { 0 };

    crypto_setup();
    if (from < 0 || !fd_write(from, (struct str){ (const char *)bytes, len }) || lseek(from, 0, SEEK_SET) != 0)
        abort();
    if (seal_read(&key, from, -1, "input", &label) == OK && label.schema != 4) /* only the seed has such a seal */
        abort();
    return 0;
}
