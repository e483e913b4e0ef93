// Each of the 54 steps of WebAuthn Level 3 7.1 and 7.2 has a test that refuses by it and names it: those of the core are rows of
// src/webauthn/registration_test.c and assertion_test.c, which know that none is missing there; the others have their word in the title of a story.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { top } from '../support/server.mjs';

const read = (...names) => readFileSync(path.join(top, ...names), 'utf8');
const steps = [...read('src/webauthn/step.h').matchAll(/S\((\w+), +(\d), (\d), (\d+), +(\w+), +"([^"]+)"\)/g)]
  .map(([, name, chapter, section, number, room, word]) => ({ name, room, word: `${chapter}.${section}-${number}-${word}` }));
const units = ['registration', 'assertion'].map((name) => read(`src/webauthn/${name}_test.c`)).join('');
const titles = readdirSync(path.join(top, 'tests/flow')).filter((name) => name.endsWith('.test.mjs'))
  .flatMap((name) => [...read('tests/flow', name).matchAll(/\b(?:it|describe)\(\s*['"`](.*)/g)].map(([, title]) => title));

describe('the steps of the ceremonies', () => {
  it('are 29 and 25', () => {
    assert.deepEqual(['7.1', '7.2'].map((section) => steps.filter(({ word }) => word.startsWith(section)).length), [29, 25]);
  });

  for (const { name, room, word } of steps)
    it(`have one that is refused by name: ${word}`, () => {
      assert.ok(room === 'CORE' ? units.includes(`STEP_${name}`) : titles.some((title) => title.includes(word)), `nothing refuses at ${word}`);
    });
});
