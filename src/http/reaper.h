/* The deadline reaper: the library's time-out counts idle time only, so a client that sends one byte a second would stay for ever.
 *
 * Owns     struct reaper and a record per connection.
 * Threads  reaper_watch and reaper_forget: any; a record is used by the thread of its connection.
 * Source   threat model AC46.
 */
#pragma once
#include "base/str.h"

struct reaper;
struct watched;

struct reaper *reaper_open(void (*on_reaped)(void *cls), void *cls);
void reaper_drop(struct reaper **reaper);
struct watched *reaper_watch(struct reaper *reaper, int socket);
void reaper_forget(struct reaper *reaper, struct watched *watched);

/* Close the connection unless something is heard of it within seconds; 0: for ever (a handler owns it). */
void watched_expect(struct watched *watched, int64_t seconds);
