#include "session/device.h"

#define PRODUCT_MAX 32 /* bytes of a program's own name that are shown */

struct word {
    const char *mark; /* a part of the text */
    const char *name;
};

/* Each borrows the names of those below it, so the first that is found is the right one. */
static const struct word browsers[] = {
    { "Edg", "Edge" },
    { "OPR/", "Opera" },
    { "Vivaldi/", "Vivaldi" },
    { "SamsungBrowser/", "Samsung Internet" },
    { "YaBrowser/", "Yandex Browser" },
    { "DuckDuckGo/", "DuckDuckGo" },
    { "FxiOS/", "Firefox" },
    { "Firefox/", "Firefox" },
    { "CriOS/", "Chrome" },
    { "HeadlessChrome/", "Chrome" },
    { "Chrome/", "Chrome" },
    { "Safari/", "Safari" },
};

static const struct word systems[] = {
    { "iPhone", "iPhone" },   { "iPad", "iPad" },       { "Android", "Android" },
    { "CrOS", "ChromeOS" },   { "Windows", "Windows" }, { "Macintosh", "macOS" },
    { "FreeBSD", "FreeBSD" }, { "OpenBSD", "OpenBSD" }, { "Linux", "Linux" },
};

static const char *find(const struct word *words, size_t count, struct str in)
{
    for (size_t i = 0; i < count; i++)
        if (str_contains(in, str_of(words[i].mark)))
            return words[i].name;
    return NULL;
}

/* "curl/8.5.0" is curl: the product before the slash (RFC 9110 10.1.5). */
static struct str product_of(struct str user_agent)
{
    size_t len = 0;
    while (len < user_agent.len && len < PRODUCT_MAX && user_agent.ptr[len] != '/' && user_agent.ptr[len] != ' ')
        len++;
    return str_slice(user_agent, 0, len);
}

struct str device_name(struct arena *mem, struct str user_agent)
{
    const char *browser = find(browsers, sizeof browsers / sizeof *browsers, user_agent);
    const char *system = find(systems, sizeof systems / sizeof *systems, user_agent);
    struct str program = browser != NULL ? str_of(browser) : product_of(user_agent);
    if (program.len == 0)
        return STR("Unknown device");
    if (system == NULL)
        return arena_copy(mem, program);
    return arena_printf(mem, "%.*s on %s", STR_ARG(program), system);
}
