#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
    int fd;
};

static void file_drop(struct file *f)
{
    if (f->fd >= 0)
        close(f->fd);
}

/* Read up to one byte more than is allowed, so that a file that is too long shows itself. */
static FALLIBLE read_all(int fd, const char *path, char *bytes, size_t *len)
{
    *len = 0;
    while (*len <= CONFIG_FILE_MAX) {
        ssize_t got = read(fd, bytes + *len, CONFIG_FILE_MAX + 1 - *len);
        if (got < 0)
            return fail(ERR_INVALID, "%s: %m", path);
        if (got == 0)
            return OK;
        *len += (size_t)got;
    }
    return fail(ERR_INVALID, "%s: longer than %d bytes", path, CONFIG_FILE_MAX);
}

enum err config_file_read(struct arena *mem, const char *path, struct str *out)
{
    /* Not blocking: the name may be that of a pipe that nobody writes to. */
    AUTO(file) struct file f = { .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) };
    struct stat about;
    char *bytes;
    size_t len;

    if (f.fd < 0)
        return fail(errno == ENOENT ? ERR_MISSING : ERR_INVALID, "%s: %m", path);
    if (fstat(f.fd, &about) != 0 || !S_ISREG(about.st_mode))
        return fail(ERR_INVALID, "%s: not a regular file", path);
    bytes = arena_take(mem, CONFIG_FILE_MAX + 1);
    TRY(read_all(f.fd, path, bytes, &len));
    *out = (struct str){ bytes, len };
    return OK;
}

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (((unsigned char)s.ptr[i] < ' ' && s.ptr[i] != '\t') || s.ptr[i] == 0x7f)
            return true;
    return false;
}

static const char *line_fault(struct str line)
{
    if (line.len > CONFIG_LINE_MAX)
        return "the line is longer than 4096 bytes";
    if (line.len > 0 && memchr(line.ptr, '\0', line.len) != NULL)
        return "the line holds a NUL byte";
    if (has_control(line))
        return "the line holds a control character";
    return str_utf8_ok(line) ? NULL : "the line is not UTF-8";
}

static const char *quoted(struct str raw, struct str *value)
{
    struct str rest = str_slice(raw, 1, raw.len), after;

    if (rest.len == 0 || memchr(rest.ptr, raw.ptr[0], rest.len) == NULL)
        return "the quote is not closed";
    str_split(&rest, raw.ptr[0], value);
    after = str_trim(rest);
    return after.len == 0 || after.ptr[0] == '#' ? NULL : "something stands after the closing quote";
}

static const char *bare(struct str raw, struct str *value)
{
    if (str_starts(raw, STR("#")) || str_contains(raw, STR(" #")) || str_contains(raw, STR("\t#")))
        return "a comment stands on a line of its own, and a value that holds # in quotes";
    *value = raw;
    return NULL;
}

static const char *split_line(struct str line, struct config_entry *out)
{
    struct str rest = line, name;

    str_split(&rest, '=', &name);
    if (rest.ptr == NULL)
        return "the line is not `name = value`";
    out->name = str_trim(name);
    if (out->name.len == 0)
        return "no name stands before the =";
    rest = str_trim(rest);
    if (str_starts(rest, STR("\"")) || str_starts(rest, STR("'")))
        return quoted(rest, &out->value);
    return bare(rest, &out->value);
}

static struct config_entry entry_of(struct str line)
{
    struct config_entry entry = { .fault = line_fault(line) };

    if (entry.fault == NULL)
        entry.fault = split_line(line, &entry);
    return entry.fault == NULL ? entry : (struct config_entry){ .fault = entry.fault };
}

bool config_file_next(struct config_text *text, struct config_entry *out)
{
    struct str line;

    while (str_split(&text->rest, '\n', &line)) {
        text->line++;
        if (str_ends(line, STR("\r")))
            line.len--;
        line = str_trim(line);
        if (line.len == 0 || (line.ptr[0] == '#' && line_fault(line) == NULL))
            continue;
        *out = entry_of(line);
        return true;
    }
    return false;
}
