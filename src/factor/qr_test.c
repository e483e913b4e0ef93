#include "factor/qr.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#define SIDE_MAX 185 /* modules of the largest symbol, with its margin */

/* The picture, painted from the text of the image. */
struct picture {
    int side;
    bool dark[SIDE_MAX][SIDE_MAX];
};

static const char *after(const char *text, const char *mark)
{
    const char *at = strstr(text, mark);
    if (at == NULL)
        FAIL_WITH("there is no %s", mark);
    return at + strlen(mark);
}

static long number(const char **at)
{
    char *end;
    long value = strtol(*at, &end, 10);
    CHECK(end != *at);
    *at = end;
    return value;
}

static void paint(const char *svg, struct picture *out)
{
    const char *at = after(svg, "viewBox=\"0 0 ");
    long x = 0, y = 0;
    out->side = (int)number(&at);
    CHECK(out->side <= SIDE_MAX);
    for (at = after(svg, "stroke=\"#000\" d=\""); *at != '"';) {
        char command = *at++;
        if (command == 'M') {
            x = number(&at);
            y = number(&at);
            CHECK(strncmp(at, ".5", 2) == 0);
            at += 2;
        } else if (command == 'm') {
            x += number(&at);
            CHECK_INT(0, number(&at));
        } else {
            CHECK_INT('h', command);
            for (long run = number(&at); run > 0; run--, x++) {
                CHECK(x < out->side && y < out->side && !out->dark[y][x]);
                out->dark[y][x] = true;
            }
        }
    }
}

/* ISO/IEC 18004: a finder pattern is a dark square of 7, a light one of 5, a dark one of 3 within each other. */
static void check_finder(const struct picture *p, int left, int top)
{
    for (int y = 0; y < 7; y++)
        for (int x = 0; x < 7; x++) {
            int from_edge = x < y ? x : y;
            int to_edge = 6 - (x > y ? x : y);
            CHECK_INT((from_edge < to_edge ? from_edge : to_edge) != 1, p->dark[top + y][left + x]);
        }
}

static struct str drawn(struct arena *mem, struct str text)
{
    struct str svg = { 0 };
    CHECK_OK(qr_svg(mem, text, &svg));
    return svg;
}

TEST(qr, has_its_three_finders_and_a_light_margin)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct picture *p = ARENA_NEW(mem, struct picture);
    paint(drawn(mem, STR("otpauth://totp/Postern:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")).ptr, p);
    check_finder(p, 4, 4);
    check_finder(p, p->side - 11, 4);
    check_finder(p, 4, p->side - 11);
    for (int i = 0; i < p->side; i++)
        for (int m = 0; m < 4; m++) {
            CHECK(!p->dark[m][i] && !p->dark[i][m]);
            CHECK(!p->dark[p->side - 1 - m][i] && !p->dark[i][p->side - 1 - m]);
        }
}

TEST(qr, needs_no_style_and_no_script_and_is_small)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str svg = drawn(mem, STR("otpauth://totp/Postern:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
                                    "&issuer=Postern&algorithm=SHA1&digits=6&period=30"));
    static const char *const never[] = { "style", "script", "href", "on", "data", "&", "<!", "url(" };
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        CHECK(!str_contains(svg, str_of(never[i])));
    CHECK(str_starts(svg, STR("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=")) && str_ends(svg, STR("</svg>")));
    CHECK(svg.len < 6000);
}

TEST(qr, holds_every_byte_up_to_its_bound)
{
    AUTO(arena) struct arena *mem = arena_new();
    char most[QR_TEXT_MAX + 1];
    struct picture *p = ARENA_NEW(mem, struct picture);
    memset(most, 0xff, sizeof most);
    paint(drawn(mem, (struct str){ most, QR_TEXT_MAX }).ptr, p);
    CHECK_INT(SIDE_MAX, p->side);
}

TEST(qr, refuses_nothing_and_too_much)
{
    AUTO(arena) struct arena *mem = arena_new();
    char most[QR_TEXT_MAX + 1] = { 0 };
    struct str svg = { 0 };
    CHECK_END(ERR_INVALID, qr_svg(mem, STR(""), &svg));
    CHECK_END(ERR_INVALID, qr_svg(mem, (struct str){ NULL, 0 }, &svg));
    CHECK_END(ERR_INVALID, qr_svg(mem, (struct str){ most, sizeof most }, &svg));
    CHECK(svg.ptr == NULL);
}

RUN_TESTS(CASE(qr, has_its_three_finders_and_a_light_margin), CASE(qr, needs_no_style_and_no_script_and_is_small),
          CASE(qr, holds_every_byte_up_to_its_bound), CASE(qr, refuses_nothing_and_too_much))
