#include "base/visit.h"
#include "base/clock.h"

int64_t visit_now_s(const struct visit *v)
{
    return v->now_us / SECOND_US;
}
