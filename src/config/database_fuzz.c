/* The judge of PostgreSQL addresses over any bytes: it ends, and what has no certificate checked and one more host that lies
 * elsewhere is never taken for safe. */
#include "config/database.h"
#include "base/buf.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str text = { (const char *)bytes, len > 4096 ? 4096 : len };
    struct buf url = buf_new(mem, text.len + 64);

    (void)database_unguarded(mem, text, NULL);
    buf_add(&url, STR("postgresql://u@"));
    buf_add(&url, text);
    (void)database_unguarded(mem, buf_str(&url), NULL);
    buf_add(&url, STR("&sslmode=require&hostaddr=192.0.2.1"));
    /* Between brackets a question mark begins nothing. */
    if (str_contains(text, STR("?")) && !str_contains(text, STR("[")) && !database_unguarded(mem, buf_str(&url), NULL))
        die("an address that leaves this machine unguarded");
    return 0;
}
