/* What the files of this room share: where each value came from, and the memory of all.  For no other room. */
#pragma once
#include "config/options.h"

#define PROBLEMS_MAX 50 /* sentences that are kept; past them they are only counted */

enum source { SOURCE_DEFAULT, SOURCE_FLAG, SOURCE_ENVIRONMENT, SOURCE_FILE, SOURCE_DOTENV };

struct given {
    enum source source;
    int line; /* of a file */
    struct str value;
};

struct config_state {
    struct arena *mem;
    char *const *environ;                   /* what a library reads there too */
    const char *file, *dotenv;              /* the names of the files; NULL for none */
    bool dotenv_left_out;                   /* there is one, and the profile does not read it */
    struct str master_key, credentials_dir; /* of the environment; absent when not set */
    bool later_given;                       /* a setting came that nothing reads yet */
    struct given given[OPTIONS_MAX];
    struct config_line lines[OPTIONS_MAX];
    struct str problems[PROBLEMS_MAX + 1]; /* the last place is for "and n more" */
    size_t problems_count, problems_more;
};

/* Take one source after the other, from the strongest to the weakest: who comes first stays. */
void config_take_flags(struct config_state *state, int argc, char *const *argv);
void config_take_environment(struct config_state *state, char *const *environ);
void config_take_file(struct config_state *state, const char *path,
                      enum source source); /* FILE or DOTENV; NULL is fine */

/* Where the value of this member of struct config came from. */
enum source config_source(const struct config_state *state, size_t offset);

/* One more sentence for the list. */
void config_problem(struct config_state *state, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Short texts for sentences, handed over by value. */
struct shown {
    char text[256];
};
struct shown config_shown(struct str foreign); /* cut, and what is not printable ASCII as "?" */
struct shown config_place(const struct config_state *state, const struct given *given); /* "file postern.conf:3" */

/* Put the value of that text where it belongs.  NULL when it is set, else what it must be. */
const char *config_value_set(struct arena *mem, const struct option *row, struct str text, struct config *config);
/* The other way round, for people: secrets masked. */
struct str config_value_text(struct arena *mem, const struct option *row, const struct config *config);
