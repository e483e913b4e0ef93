#include "webauthn/step.h"

#define STEP_IN(room) STEP_IN_##room
#define STEP_ROW(name, chapter, section, number, room, word)                                                           \
    [STEP_##name] = { #chapter "." #section "-" #number "-" word, STEP_IN(room) },

static const struct row {
    const char *word;
    enum step_room room;
} rows[] = { [STEP_NONE] = { "", STEP_IN_CORE }, WEBAUTHN_STEPS(STEP_ROW) };

const char *step_word(enum step step)
{
    return rows[step].word;
}

enum step_room step_room_of(enum step step)
{
    return rows[step].room;
}

FALLIBLE steps_run(const struct step_check *checks, size_t count, void *ceremony, enum step *failed)
{
    for (size_t i = 0; i < count; i++) {
        const enum err end = checks[i].check(ceremony);
        if (end != OK) {
            const struct note why = *note_get();
            *failed = checks[i].step;
            return fail(end, "%s: %.200s", step_word(checks[i].step), why.text);
        }
    }
    *failed = STEP_NONE;
    return OK;
}
