#include "factor/qr.h"
#include "base/buf.h"
#include "base/secret.h"

#include <qrencode.h>

#define MARGIN 4 /* modules */

/* The library's memory holds what the symbol says, which may be a secret. */
static void symbol_drop(QRcode **symbol)
{
    if (*symbol == NULL)
        return;
    wipe((*symbol)->data, (size_t)(*symbol)->width * (size_t)(*symbol)->width);
    QRcode_free(*symbol);
    *symbol = NULL;
}

/* How many modules from here to the right are as this one: dark or light. */
static int run_length(const unsigned char *row, int at, int width)
{
    int end = at + 1;
    while (end < width && (row[end] & 1) == (row[at] & 1))
        end++;
    return end - at;
}

/* A row is a line of the width of one module, drawn where it is dark. */
static void add_row(struct buf *b, const unsigned char *row, int y, int width)
{
    bool begun = false;
    int blank = 0;
    for (int x = 0, run; x < width; x += run) {
        run = run_length(row, x, width);
        if ((row[x] & 1) == 0) {
            blank = run;
            continue;
        }
        if (begun)
            buf_printf(b, "m%d 0h%d", blank, run);
        else
            buf_printf(b, "M%d %d.5h%d", x + MARGIN, y + MARGIN, run);
        begun = true;
    }
}

static struct str draw(struct arena *mem, const QRcode *symbol)
{
    const int width = symbol->width, whole = width + 2 * MARGIN;
    struct buf b = buf_new(mem, 4096);
    buf_printf(&b,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
               "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path stroke=\"#000\" d=\"",
               whole, whole, whole, whole);
    for (int y = 0; y < width; y++)
        add_row(&b, symbol->data + (size_t)y * (size_t)width, y, width);
    buf_add(&b, STR("\"/></svg>"));
    return buf_str(&b);
}

FALLIBLE qr_svg(struct arena *mem, struct str text, struct str *out)
{
    AUTO(symbol) QRcode *symbol = NULL;
    if (text.len == 0 || text.len > QR_TEXT_MAX)
        return fail(ERR_INVALID, "a QR code of %zu bytes", text.len);
    symbol = QRcode_encodeData((int)text.len, (const unsigned char *)text.ptr, 0, QR_ECLEVEL_M);
    if (symbol == NULL)
        die("libqrencode: %m");
    *out = draw(mem, symbol);
    return OK;
}
