#include "session/device.h"
#include "support/test.h"

static const struct {
    const char *agent, *name;
} rows[] = {
    { "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux" },
    { "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
      "Chrome on Windows" },
    { "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 "
      "Edg/141.0.0.0",
      "Edge on Windows" },
    { "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
      "Safari/605.1.15",
      "Safari on macOS" },
    { "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
      "Mobile/15E148 Safari/604.1",
      "Safari on iPhone" },
    { "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0 "
      "Mobile/15E148 "
      "Safari/604.1",
      "Chrome on iPad" },
    { "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile "
      "Safari/537.36",
      "Chrome on Android" },
    { "curl/8.5.0", "curl" },
    { "PostmanRuntime/7.43.0", "PostmanRuntime" },
    { "python-requests/2.32.3", "python-requests" },
    { "okhttp/4.12.0 (Android 15)", "okhttp on Android" },
    { "A name without a version that goes on and on", "A" },
    { "0123456789012345678901234567890123456789/1", "01234567890123456789012345678901" },
    { "", "Unknown device" },
    { "/1.0", "Unknown device" },
};

TEST(device_name, says_what_a_person_would_say)
{
    AUTO(arena) struct arena *mem = arena_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_STR(str_of(rows[i].name), device_name(mem, str_of(rows[i].agent)));
}

TEST(device_name, knows_who_says_nothing)
{
    AUTO(arena) struct arena *mem = arena_new();
    CHECK_STR(STR("Unknown device"), device_name(mem, (struct str){ 0 }));
}

RUN_TESTS(CASE(device_name, says_what_a_person_would_say), CASE(device_name, knows_who_says_nothing))
