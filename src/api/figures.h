/* The figures of every room, gathered for /metrics. */
#pragma once
#include "base/buf.h"
#include "flow/services.h"
#include "http/server.h"

void figures_write(const struct services *at, struct server *server, struct buf *out);
