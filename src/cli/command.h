/* A command: its row in the table, its manual, and what it has in hand while it runs.
 *
 * Owns     struct run and all that it opened, until run_drop.
 * Ends     a command's end OK is exit status `status` (0 unless it says otherwise).  Any other end is told on stderr: by the note,
 *          or, when status is set, by the command itself already.
 */
#pragma once
#include "cli/cli.h"
#include "flow/open.h"
#include "base/visit.h"

#define CLI_FAILED   1
#define CLI_USAGE    2
#define CLI_OWN_MAX  12 /* options of one command */
#define CLI_WORD_MAX 2  /* words behind a command that are no options */

struct run;

struct cli_option {
    const char *name;  /* "email": --email */
    const char *value; /* "ADDRESS"; NULL: a switch */
    const char *does;
    char letter; /* 'n': -n; 0: none */
};

/* What --help tells beside the row of the table.  Texts end without a line end. */
struct manual {
    const struct cli_option *options; /* NULL: none of its own; else ends with { NULL } */
    const char *json;                 /* what --json does; NULL: there is no --json */
    const char *about, *example;
    const char *ends; /* exit statuses */
};

/* Which settings stand behind it: none; read before it runs, so that they are good; or read by the command, to speak of them. */
enum settings { NO_SETTINGS, SETTINGS, OWN_SETTINGS };

struct command {
    const char *name;      /* one word, or two */
    const char *arguments; /* as they stand in the usage line */
    const char *does;      /* one line */
    enum settings settings;
    size_t least, most; /* words */
    enum err (*run)(struct run *r);
    const struct manual *manual;
};

extern const struct command commands[];
extern const size_t commands_count;

struct run {
    const struct command *command;
    int (*serve)(const struct config *config, struct config_state *state);
    const char *values[CLI_OWN_MAX]; /* by row of the options; a switch that came has "" */
    struct str words[CLI_WORD_MAX];
    size_t word_count;
    bool json, help;
    const char *config_file;
    char **settings; /* of argv, for config_read */
    int settings_count;
    struct visit visit; /* its mem lives as long as the run */
    struct config config;
    struct config_state *state;
    struct strs problems; /* of the settings */
    struct shared shared;
    struct services *own;
    int status;
};

/* What came for an option of the command's own, by its name; absent when it did not come. */
struct str run_value(const struct run *r, const char *option);
bool run_has(const struct run *r, const char *option);
/* A number; fallback when it did not come.  Ends: ERR_INVALID (told, wrong usage). */
FALLIBLE run_number(struct run *r, const char *option, int64_t min, int64_t max, int64_t fallback, int64_t *out);

/* One sentence on stderr.  The end is told with it. */
FALLIBLE run_failed(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
FALLIBLE run_usage(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The sentence of this thread's note, for people. */
const char *run_sentence(void);

/* The settings as they stand: ERR_INVALID with r->problems filled.  For OWN_SETTINGS; others have them already. */
FALLIBLE run_settings(struct run *r);

/* The libraries, and who is at it for the audit trail. */
void run_setup(struct run *r);
/* Open what the command works with.  The database must be there and, but for run_open_store, of this program's schema. */
FALLIBLE run_open_store(struct run *r);
FALLIBLE run_open_services(struct run *r);
FALLIBLE run_open_passwords(struct run *r);
void run_drop(struct run *r);

/* The commands, by file. */
enum err user_create(struct run *r), user_show(struct run *r), user_list(struct run *r);        /* users.c */
enum err user_set_role(struct run *r), user_disable(struct run *r), user_enable(struct run *r); /* user_changes.c */
enum err user_reset_factors(struct run *r);                                                     /* user_factors.c */
enum err client_create(struct run *r), client_rotate(struct run *r), client_list(struct run *r),
    client_disable(struct run *r);                                             /* clients.c */
enum err password_hash_run(struct run *r), password_verify_run(struct run *r); /* passwords.c */
enum err password_calibrate(struct run *r);                                    /* calibrate.c */
enum err token_decode(struct run *r);                                          /* tokens.c */
enum err key_list(struct run *r), key_rotate(struct run *r), key_revoke(struct run *r),
    key_export_public(struct run *r), key_rekey(struct run *r);  /* keys.c */
enum err audit_tail(struct run *r), audit_export(struct run *r); /* audit.c */
enum err migrate_up(struct run *r), migrate_down(struct run *r), migrate_plan_run(struct run *r),
    migrate_show(struct run *r);                                                              /* migrate.c */
enum err backup_run(struct run *r), backup_verify(struct run *r), restore_run(struct run *r); /* backup.c */
enum err store_copy_run(struct run *r);                                                       /* store.c */
enum err config_show(struct run *r), config_check(struct run *r), serve_run(struct run *r), version_show(struct run *r);
enum err doctor(struct run *r);

extern const struct manual user_create_manual, user_show_manual, user_list_manual, user_set_role_manual,
    user_disable_manual, user_enable_manual, user_reset_factors_manual, client_create_manual, client_rotate_manual,
    client_list_manual, client_disable_manual, password_hash_manual, password_verify_manual, password_calibrate_manual,
    token_decode_manual, key_list_manual, key_rotate_manual, key_revoke_manual, key_export_manual, key_rekey_manual,
    audit_tail_manual, audit_export_manual, migrate_up_manual, migrate_down_manual, migrate_plan_manual,
    migrate_show_manual, backup_manual, backup_verify_manual, restore_manual, store_copy_manual, config_show_manual,
    config_check_manual, serve_manual, version_manual, doctor_manual;
