#include "cli/command.h"

/* clang-format off */
const struct command commands[] = {
    /* name                 arguments                                  does                                             settings      words  run                  manual */
    { "serve",              "",                                        "Answer requests until told to stop",            SETTINGS,     0, 0,  serve_run,           &serve_manual },
    { "migrate up",         "",                                        "Bring the database's schema up to date",        SETTINGS,     0, 0,  migrate_up,          &migrate_up_manual },
    { "migrate down",       "",                                        "Undo migrations, with what is in their tables", SETTINGS,     0, 0,  migrate_down,        &migrate_down_manual },
    { "migrate plan",       "",                                        "Show what migrating would run, and change nothing", SETTINGS,  0, 0,  migrate_plan_run,    &migrate_plan_manual },
    { "migrate status",     "",                                        "Show which migrations are applied",             SETTINGS,     0, 0,  migrate_show,        &migrate_show_manual },
    { "backup",             "FILE",                                    "Write a sealed copy of the database to a file", SETTINGS,     0, 1,  backup_run,          &backup_manual },
    { "backup verify",      "FILE",                                    "Check a backup to its end",                     SETTINGS,     1, 1,  backup_verify,       &backup_verify_manual },
    { "restore",            "FILE",                                    "Put a backup in the place of the database",     SETTINGS,     1, 1,  restore_run,         &restore_manual },
    { "store copy",         "--to URL",                                "Move all of a database into another",           SETTINGS,     0, 0,  store_copy_run,      &store_copy_manual },
    { "user create",        "(--email ADDRESS | --username NAME)",     "Make an account",                               SETTINGS,     0, 0,  user_create,         &user_create_manual },
    { "user show",          "USER",                                    "Show one account",                              SETTINGS,     1, 1,  user_show,           &user_show_manual },
    { "user list",          "",                                        "List accounts",                                 SETTINGS,     0, 0,  user_list,           &user_list_manual },
    { "user set-role",      "USER ROLE[,ROLE]",                        "Give an account other roles",                   SETTINGS,     2, 2,  user_set_role,       &user_set_role_manual },
    { "user disable",       "USER",                                    "Stop an account from signing in",               SETTINGS,     1, 1,  user_disable,        &user_disable_manual },
    { "user enable",        "USER",                                    "Let a disabled account sign in again",          SETTINGS,     1, 1,  user_enable,         &user_enable_manual },
    { "user reset-factors", "USER",                                    "Take all second factors off an account",        SETTINGS,     1, 1,  user_reset_factors,  &user_reset_factors_manual },
    { "client create",      "CLIENT",                                  "Make a service known, and print its secret",    SETTINGS,     1, 1,  client_create,       &client_create_manual },
    { "client rotate-secret", "CLIENT",                                "Give a service a new secret",                   SETTINGS,     1, 1,  client_rotate,       &client_rotate_manual },
    { "client list",        "",                                        "List the services",                             SETTINGS,     0, 0,  client_list,         &client_list_manual },
    { "client disable",     "CLIENT",                                  "Let a service in no longer",                    SETTINGS,     1, 1,  client_disable,      &client_disable_manual },
    { "password hash",      "",                                        "Hash a password from stdin",                    SETTINGS,     0, 0,  password_hash_run,   &password_hash_manual },
    { "password verify",    "HASH",                                    "Check a password from stdin against a hash",    SETTINGS,     1, 1,  password_verify_run, &password_verify_manual },
    { "password calibrate", "",                                        "Measure what a hash may cost on this machine",  SETTINGS,     0, 0,  password_calibrate,  &password_calibrate_manual },
    { "token decode",       "[TOKEN|-]",                               "Take an access token apart",                    SETTINGS,     0, 1,  token_decode,        &token_decode_manual },
    { "key list",           "",                                        "List the signing keys",                         SETTINGS,     0, 0,  key_list,            &key_list_manual },
    { "key rotate",         "",                                        "Publish the next signing key",                  SETTINGS,     0, 0,  key_rotate,          &key_rotate_manual },
    { "key revoke",         "KID",                                     "End a signing key at once",                     SETTINGS,     1, 1,  key_revoke,          &key_revoke_manual },
    { "key export-public",  "",                                        "Print the public keys as a JWK set",            SETTINGS,     0, 0,  key_export_public,   &key_export_manual },
    { "key rekey",          "FILE",                                    "Change the master key",                         SETTINGS,     1, 1,  key_rekey,           &key_rekey_manual },
    { "audit tail",         "",                                        "Show the end of the audit trail, or follow it", SETTINGS,     0, 0,  audit_tail,          &audit_tail_manual },
    { "audit export",       "",                                        "Print the audit trail as JSON lines",           SETTINGS,     0, 0,  audit_export,        &audit_export_manual },
    { "config",             "",                                        "Show the settings and where each comes from",   SETTINGS,     0, 0,  config_show,         &config_show_manual },
    { "config check",       "",                                        "Say what is wrong or unsafe in the settings",   OWN_SETTINGS, 0, 0,  config_check,        &config_check_manual },
    { "doctor",             "",                                        "Check all that the server needs",               OWN_SETTINGS, 0, 0,  doctor,              &doctor_manual },
    { "version",            "",                                        "Show the version and the libraries",            NO_SETTINGS,  0, 0,  version_show,        &version_manual },
};
/* clang-format on */
const size_t commands_count = sizeof commands / sizeof *commands;
