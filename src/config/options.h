/* The one table of settings: a row gives the name, unit, bounds, default and meaning, and where the value lies in
 * struct config.
 *
 * Flags are the names without POSTERN_, in lower case, with dashes: POSTERN_LISTEN is --listen, DATABASE_URL is
 * --database-url. In files both spellings stand without the two dashes of a flag.
 */
#pragma once
#include "config/config.h"

#define OPTIONS_MAX     64 /* rows; the table is shorter */
#define OPTION_NAME_MAX 64 /* bytes of a name or flag, NUL included; longer names are never ours */
#define LIST_ITEMS_MAX  64 /* items of one comma-separated setting */

/* The environment variable that names the config file. It is no row: it says where rows stand. */
#define OPTION_FILE_NAME "POSTERN_CONFIG"
/* Nor is the master key itself: a flag would show it in the list of processes, and a config file is no place for it. */
#define OPTION_MASTER_KEY      "POSTERN_MASTER_KEY"
#define OPTION_CREDENTIALS_DIR "CREDENTIALS_DIRECTORY" /* systemd.exec(5) */
#define MASTER_CREDENTIAL      "postern-master-key"

#define OPTION_PREFIX "POSTERN_" /* an environment name that begins so is ours, or a mistake */

enum option_kind {
    OPTION_TEXT,   /* struct str: min and max in bytes */
    OPTION_LIST,   /* struct strs, comma-separated: min and max are bytes of the whole */
    OPTION_INT,    /* int64_t: min and max of the value, decimal digits only */
    OPTION_SWITCH, /* bool: on or off */
    OPTION_WORD,   /* an enum: one of words, in the order of its values */
};

struct option {
    const char *name;      /* of the environment */
    enum option_kind kind; /* taken from the C type of the member */
    size_t offset;         /* into struct config */
    int64_t min, max;      /* see kind */
    const char *unit;      /* NULL for none */
    const char *fallback;  /* the default as one would write it; NULL: worked out, see fallback_words */
    const char *fallback_words;
    bool secret;              /* an address whose password is not shown */
    const char *const *words; /* of OPTION_WORD, NULL at the end */
    const char *(*check)(
        struct str item); /* of a text or of each item of a list: NULL when good, else what it must be */
    const char *meaning;
};

extern const struct option options[];
extern const size_t options_count;

/* The row of that name, as it stands in the environment and in files.  NULL when there is none. */
const struct option *option_by_name(struct str name);
/* Is it a name of the contract whose feature has not come yet?  Such a one is taken with a warning: a deployment may
 * prepare it. */
bool option_comes_later(struct str name);
/* The row of that flag, without the two dashes.  NULL when there is none. */
const struct option *option_by_flag(struct str flag);
/* The row whose name is nearest by edit distance, however the name is spelled.  There always is one. */
const struct option *option_nearest(struct str name);

/* "database-url", without the two dashes. */
void option_flag(const struct option *row, char out[static OPTION_NAME_MAX]);

/* The checks of single rows: NULL when the value is good, else what it must be. */
const char *option_check_listen(struct str value);
const char *option_check_database(struct str value);
const char *option_check_issuer(struct str value);
const char *option_check_origin(struct str value);
const char *option_check_network(struct str value);
const char *option_check_rp_id(struct str value);
const char *option_check_page(struct str value);
const char *option_check_aaguid(struct str value);
