#include "cli/prompt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#define TYPED_MAX 4096 /* bytes; a longer text is no password, and no terminal gives a longer line */

bool on_terminal(void)
{
    return isatty(STDIN_FILENO) == 1;
}

static struct str without_line_end(struct str text)
{
    if (str_ends(text, STR("\n")))
        text.len--;
    if (str_ends(text, STR("\r")))
        text.len--;
    return text;
}

/* Until the end of stdin, or of the line on a terminal.  got: bytes read; more than room means too many. */
static bool read_bytes(uint8_t *to, size_t room, bool line, size_t *got)
{
    *got = 0;
    while (*got < room) {
        ssize_t n = read(STDIN_FILENO, to + *got, room - *got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        *got += (size_t)n;
        if (n == 0 || (line && to[*got - 1] == '\n'))
            return true;
    }
    return true;
}

static enum err read_secret(struct run *r, bool line, struct secret *out)
{
    AUTO(secret) struct secret room = secret_new(TYPED_MAX + 1);
    size_t got = 0;
    if (!read_bytes(room.ptr, room.len, line, &got))
        return run_failed(r, "the password can't be read from stdin: %s", strerror(errno));
    if (got > TYPED_MAX)
        return run_failed(r, "what came from stdin is too long for a password");
    struct str typed = without_line_end((struct str){ (const char *)room.ptr, got });
    if (typed.len == 0)
        return run_failed(r, "the password on stdin is empty");
    *out = secret_copy(typed);
    return OK;
}

/* Echo is off only while the signals that would end the program wait: one that comes ends the prompt, and strikes when the terminal
 * is as it was. */
struct quiet {
    struct termios before;
    sigset_t blocked, mask_before;
    int signals;
};

static void quiet_begin(struct quiet *q)
{
    struct termios silent;
    sigemptyset(&q->blocked);
    sigaddset(&q->blocked, SIGINT);
    sigaddset(&q->blocked, SIGTERM);
    sigaddset(&q->blocked, SIGHUP);
    sigaddset(&q->blocked, SIGQUIT);
    sigaddset(&q->blocked, SIGTSTP);
    sigprocmask(SIG_BLOCK, &q->blocked, &q->mask_before);
    q->signals = signalfd(-1, &q->blocked, SFD_CLOEXEC);
    tcgetattr(STDIN_FILENO, &q->before);
    silent = q->before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
}

static void quiet_end(struct quiet *q)
{
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &q->before);
    close(q->signals);
    fputc('\n', stderr);
    sigprocmask(SIG_SETMASK, &q->mask_before, NULL); /* what waited strikes here */
}

static enum err ask_once(struct run *r, const char *question, struct secret *out)
{
    struct quiet q;
    enum err end = ERR_INVALID;
    fprintf(stderr, "%s: ", question);
    quiet_begin(&q);
    struct pollfd ready[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = q.signals, .events = POLLIN } };
    if (poll(ready, 2, -1) > 0 && ready[1].revents == 0)
        end = read_secret(r, true, out);
    else
        end = run_failed(r, "interrupted");
    quiet_end(&q);
    return end;
}

static enum err ask(struct run *r, bool twice, struct secret *out)
{
    AUTO(secret) struct secret first = { 0 };
    AUTO(secret) struct secret second = { 0 };
    TRY(ask_once(r, "Password", &first));
    if (twice) {
        TRY(ask_once(r, "The same again", &second));
        if (!str_equal(secret_view(&first), secret_view(&second)))
            return run_failed(r, "the two passwords differ");
    }
    *out = first;
    first = (struct secret){ 0 };
    return OK;
}

enum err password_read_typed(struct run *r, bool is_new, struct secret *out)
{
    return on_terminal() ? ask(r, is_new, out) : read_secret(r, false, out);
}

static bool answer_is_yes(const char *question)
{
    char answer[16] = "";
    fprintf(stderr, "%s Type yes to go on: ", question);
    return fgets(answer, sizeof answer, stdin) != NULL && strcmp(answer, "yes\n") == 0;
}

enum err agreement(struct run *r, const char *what, const char *question)
{
    if (run_has(r, "yes"))
        return OK;
    if (!on_terminal())
        return run_failed(r, "%s; if that is meant, give --yes", what);
    return answer_is_yes(question) ? OK : run_failed(r, "nothing is changed");
}

enum err text_read(struct run *r, size_t max_bytes, struct str *out)
{
    char *room = arena_take(r->visit.mem, max_bytes + 3); /* with a line end, and a byte more than may be */
    size_t got = 0;
    if (!read_bytes((uint8_t *)room, max_bytes + 3, false, &got))
        return run_failed(r, "stdin can't be read: %s", strerror(errno));
    *out = without_line_end((struct str){ room, got });
    return out->len <= max_bytes ? OK : run_failed(r, "what came from stdin is longer than %zu bytes", max_bytes);
}
