#include "http/address.h"
#include "base/arena.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

static bool is_mapped(const struct address *a)
{
    return memcmp(a->bytes, mapped_prefix, sizeof mapped_prefix) == 0;
}

static struct address map_ipv4(const void *four)
{
    struct address a;
    memcpy(a.bytes, mapped_prefix, sizeof mapped_prefix);
    memcpy(a.bytes + 12, four, 4);
    return a;
}

bool address_read(struct str text, struct address *out)
{
    char copy[ADDRESS_TEXT_MAX];
    struct in_addr four;
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, &four) == 1) {
        *out = map_ipv4(&four);
        return true;
    }
    return inet_pton(AF_INET6, copy, out->bytes) == 1;
}

/* Every request has its peer's address written: inet_ntop goes through printf for that. */
static struct str write_ipv4(const uint8_t four[static 4], char *out)
{
    char *at = out;
    for (int i = 0; i < 4; i++) {
        if (four[i] >= 100)
            *at++ = (char)('0' + four[i] / 100);
        if (four[i] >= 10)
            *at++ = (char)('0' + four[i] / 10 % 10);
        *at++ = (char)('0' + four[i] % 10);
        *at++ = i < 3 ? '.' : '\0';
    }
    return (struct str){ out, (size_t)(at - out) - 1 };
}

struct str address_text(const struct address *a, char out[static ADDRESS_TEXT_MAX])
{
    if (is_mapped(a))
        return write_ipv4(a->bytes + 12, out);
    inet_ntop(AF_INET6, a->bytes, out, ADDRESS_TEXT_MAX);
    return str_of(out);
}

struct address address_of(const struct sockaddr *from)
{
    struct address a = { 0 };
    if (from != NULL && from->sa_family == AF_INET)
        return map_ipv4(&((const struct sockaddr_in *)(const void *)from)->sin_addr);
    if (from != NULL && from->sa_family == AF_INET6)
        memcpy(a.bytes, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, sizeof a.bytes);
    return a;
}

enum err listen_place_read(struct str text, struct listen_place *out)
{
    struct listen_place place = { 0 };
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    int64_t port;
    struct str host = str_slice(text, 0, colon == 0 ? 0 : colon - 1);
    if (colon == 0 || !str_to_int(str_slice(text, colon, text.len), 0, 65535, &port))
        return fail(ERR_INVALID, "\"%.*s\" is no address:port", STR_ARG(text));
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        host = str_slice(host, 1, host.len - 1);
        place.ipv6 = true;
    }
    if (str_equal(host, STR("localhost")))
        host = STR("127.0.0.1");
    if (!address_read(host, &place.address) || place.ipv6 == is_mapped(&place.address))
        return fail(ERR_INVALID, "\"%.*s\" is no address:port", STR_ARG(text));
    place.port = (uint16_t)port;
    *out = place;
    return OK;
}

struct block {
    struct address base;
    int bits; /* of 128 */
};

struct proxies {
    size_t count;
    struct block blocks[];
};

static bool block_read(struct str text, struct block *out)
{
    struct str host = { 0 };
    int64_t bits;
    if (!str_split(&text, '/', &host) || !address_read(host, &out->base))
        return false;
    int64_t widest = is_mapped(&out->base) ? 32 : 128;
    if (text.ptr == NULL)
        bits = widest;
    else if (!str_to_int(text, 0, widest, &bits))
        return false;
    out->bits = (int)(bits + 128 - widest);
    return true;
}

enum err proxies_open(struct strs blocks, struct proxies **out)
{
    struct proxies *p = calloc(1, sizeof *p + blocks.count * sizeof(struct block));
    if (p == NULL)
        die("out of memory");
    for (; p->count < blocks.count; p->count++) {
        if (!block_read(blocks.items[p->count], &p->blocks[p->count])) {
            struct str bad = blocks.items[p->count];
            free(p);
            return fail(ERR_INVALID, "\"%.*s\" is no address or CIDR block", STR_ARG(bad));
        }
    }
    *out = p;
    return OK;
}

void proxies_drop(struct proxies **proxies)
{
    free(*proxies);
    *proxies = NULL;
}

static bool block_holds(const struct block *block, const struct address *a)
{
    int whole = block->bits / 8, rest = block->bits % 8;
    if (memcmp(block->base.bytes, a->bytes, (size_t)whole) != 0)
        return false;
    return rest == 0 || (block->base.bytes[whole] ^ a->bytes[whole]) >> (8 - rest) == 0;
}

bool proxies_hold(const struct proxies *proxies, const struct address *a)
{
    for (size_t i = 0; i < proxies->count; i++)
        if (block_holds(&proxies->blocks[i], a))
            return true;
    return false;
}

struct address proxies_client(const struct proxies *proxies, struct address peer, struct str forwarded_for)
{
    struct address client = peer;
    while (proxies_hold(proxies, &client) && forwarded_for.len > 0) {
        size_t comma = forwarded_for.len;
        while (comma > 0 && forwarded_for.ptr[comma - 1] != ',')
            comma--;
        struct address hop;
        if (!address_read(str_trim(str_slice(forwarded_for, comma, forwarded_for.len)), &hop))
            break; /* what a trusted proxy did not write in full is not believed any further */
        client = hop;
        forwarded_for = str_slice(forwarded_for, 0, comma == 0 ? 0 : comma - 1);
    }
    return client;
}
