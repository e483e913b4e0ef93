/* The front page of the JSON face: every address. */
#pragma once
#include "http/route.h"

extern const struct route api_routes[];
extern const size_t api_routes_count;
