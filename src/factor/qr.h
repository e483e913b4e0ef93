/* A QR code as a small SVG image: two paths, no style and no script, so that it shows under a strict Content-Security-Policy; black on
 * white with its margin, so that a dark page does not make it unreadable.
 *
 * Owns     nothing: the text lies in the arena.
 * Threads  any.
 * Source   ISO/IEC 18004 (symbol, error correction M, quiet zone of four modules).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#define QR_TEXT_MAX 2331 /* bytes that the largest symbol holds */

/* Ends: ERR_INVALID (empty, or too long). */
FALLIBLE qr_svg(struct arena *mem, struct str text, struct str *out);
