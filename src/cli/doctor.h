/* The checks of postern doctor; for its files alone.  A check changes nothing but what opening changes. */
#pragma once
#include "cli/command.h"

#define FINDINGS_MAX 64

enum health { HEALTH_OK, HEALTH_WARN, HEALTH_FAIL };

struct finding {
    struct str state, check, says;
};

struct examination {
    struct run *r;
    struct finding findings[FINDINGS_MAX];
    size_t count;
    bool failed;
};

/* Past FINDINGS_MAX they are dropped, but a fail counts. */
void found(struct examination *e, enum health health, const char *check, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* doctor_data.c */
void check_folder(struct examination *e);
void check_database(struct examination *e); /* leaves e->r->own open when there is a database */
void check_keys(struct examination *e);
/* doctor_machine.c */
void check_listen_address(struct examination *e);
void check_tls(struct examination *e);
void check_clock(struct examination *e);
void check_memory(struct examination *e);
void check_files(struct examination *e);
