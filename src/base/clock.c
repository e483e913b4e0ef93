#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t clock_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

static int64_t mono_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t clock_mono_ns(void)
{
    return mono_ns(CLOCK_MONOTONIC);
}

int64_t clock_mono_coarse_ns(void)
{
    return mono_ns(CLOCK_MONOTONIC_COARSE);
}

/* Days since 1970-01-01 of a Gregorian date, by counting from 1 March so that the leap day is the last of its year. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int64_t m = (5 * of_year + 2) / 153;
    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = y + era * 400 + (*month <= 2);
}

static void put_digits(char *at, int64_t number, int width)
{
    for (int i = width - 1; i >= 0; i--, number /= 10)
        at[i] = (char)('0' + number % 10);
}

void clock_format(int64_t at_us, char out[static CLOCK_TEXT_MAX])
{
    int64_t year, month, day;
    int64_t days = at_us / (86400 * SECOND_US), left = at_us % (86400 * SECOND_US);
    if (left < 0) {
        left += 86400 * SECOND_US;
        days--;
    }
    int64_t ms = left / 1000;
    date_of(days, &year, &month, &day);
    memcpy(out, "0000-00-00T00:00:00.000Z", CLOCK_TEXT_MAX);
    put_digits(out, year, 4);
    put_digits(out + 5, month, 2);
    put_digits(out + 8, day, 2);
    put_digits(out + 11, ms / 3600000, 2);
    put_digits(out + 14, ms / 60000 % 60, 2);
    put_digits(out + 17, ms / 1000 % 60, 2);
    put_digits(out + 20, ms % 1000, 3);
}

static bool number_at(struct str s, size_t at, size_t width, int64_t min, int64_t max, int64_t *out)
{
    return at + width <= s.len && str_to_int(str_slice(s, at, at + width), min, max, out);
}

static int64_t month_days(int64_t year, int64_t month)
{
    static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool read_date(struct str s, int64_t *year, int64_t *month, int64_t *day)
{
    return s.len >= 10 && s.ptr[4] == '-' && s.ptr[7] == '-' && number_at(s, 0, 4, 1, 9999, year) &&
           number_at(s, 5, 2, 1, 12, month) && number_at(s, 8, 2, 1, month_days(*year, *month), day);
}

/* "Z", "+hh:mm" or "-hh:mm" (RFC 3339 5.6, time-offset); minutes east of UTC. */
static bool read_offset(struct str s, int64_t *minutes)
{
    int64_t hour, minute;
    *minutes = 0;
    if (s.len == 1)
        return s.ptr[0] == 'Z' || s.ptr[0] == 'z';
    if (s.len != 6 || (s.ptr[0] != '+' && s.ptr[0] != '-') || s.ptr[3] != ':' || !number_at(s, 1, 2, 0, 23, &hour) ||
        !number_at(s, 4, 2, 0, 59, &minute))
        return false;
    *minutes = (s.ptr[0] == '-' ? -1 : 1) * (hour * 60 + minute);
    return true;
}

/* Digits after the point, as microseconds; more than six are read and left out.  end: where the offset begins. */
static bool read_fraction(struct str s, size_t at, int64_t *us, size_t *end)
{
    *us = 0;
    *end = at;
    if (at >= s.len || s.ptr[at] != '.')
        return true;
    int64_t unit = 100000;
    for (*end = at + 1; *end < s.len && s.ptr[*end] >= '0' && s.ptr[*end] <= '9'; (*end)++, unit /= 10)
        *us += (s.ptr[*end] - '0') * unit;
    return *end > at + 1;
}

bool clock_parse(struct str s, int64_t *at_us)
{
    int64_t year, month, day, hour, minute, second, us, offset;
    size_t end;
    if (s.len < 20 || s.len > 40 || !read_date(s, &year, &month, &day) || (s.ptr[10] != 'T' && s.ptr[10] != 't') ||
        s.ptr[13] != ':' || s.ptr[16] != ':' || !number_at(s, 11, 2, 0, 23, &hour) ||
        !number_at(s, 14, 2, 0, 59, &minute) || !number_at(s, 17, 2, 0, 60, &second) ||
        !read_fraction(s, 19, &us, &end) || !read_offset(str_slice(s, end, s.len), &offset))
        return false;
    int64_t seconds = days_of(year, month, day) * 86400 + hour * 3600 + (minute - offset) * 60 + second;
    *at_us = seconds * SECOND_US + us;
    return true;
}

bool clock_parse_date(struct str s, char date[static 11])
{
    int64_t year, month, day, ignored;
    if (!read_date(s, &year, &month, &day) || (s.len != 10 && !clock_parse(s, &ignored)))
        return false;
    memcpy(date, s.ptr, 10);
    date[10] = '\0';
    return true;
}

int64_t clock_days(const char date[static 11])
{
    int64_t year = 0, month = 1, day = 1;
    struct str s = { date, 10 };
    return read_date(s, &year, &month, &day) ? days_of(year, month, day) : 0;
}
