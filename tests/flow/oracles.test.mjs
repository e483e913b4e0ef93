// Generated ceremonies, good ones and such with one fault: ours is the verdict that was meant, and that of @simplewebauthn/server and
// libfido2 but for known differences. POSTERN_ORACLES=10000 makes more of them than the usual few, POSTERN_ORACLES_SEED others;
// what nobody can explain lies in build/oracles.json.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { FAULTS, World } from '../support/ceremonies.mjs';
import { DIFFERENCES, explanation } from '../support/differences.mjs';
import { hasLibfido2, libfido2, ours, simpleWebAuthn } from '../support/oracles.mjs';

const count = Number(process.env.POSTERN_ORACLES ?? 600);
const world = new World(Number(process.env.POSTERN_ORACLES_SEED ?? 1), { flips: count >= 10000 }); // the usual few are the same each time
const vectors = Array.from({ length: count }, () => world.next());
const verdicts = ours(vectors);
const node = Number(process.versions.node.split('.')[0]);
const seen = new Set();

function keep(strange) {
  if (strange.length === 0) return;
  mkdirSync('build', { recursive: true });
  writeFileSync('build/oracles.json', JSON.stringify(strange.map(({ vector }) => vector), null, 1));
}

function compare(t, of, theirs) {
  const asked = vectors.filter(({ name }) => theirs.get(name).reason !== 'unsupported');
  const differ = asked.filter(({ name }) => theirs.get(name).accepted !== verdicts.get(name).accepted);
  const judged = differ.map((vector) => ({ vector, row: explanation(of, vector, verdicts.get(vector.name)) }));
  for (const { row } of judged) seen.add(row);
  const strange = judged.filter(({ row }) => row === undefined);
  t.diagnostic(`${vectors.length} ceremonies, ${asked.length} judged by ${of}: ${asked.length - differ.length} alike, ${differ.length - strange.length} differ and are explained`);
  keep(strange);
  assert.deepEqual(strange.map(({ vector: { name } }) => ({ name, ours: verdicts.get(name), theirs: theirs.get(name) })), []);
}

describe('generated ceremonies', () => {
  it('are taken when they are good, and refused for any one fault', () => {
    const wrong = vectors.filter(({ name, expected }) => expected.verified !== undefined && verdicts.get(name).accepted !== expected.verified);
    keep(wrong.map((vector) => ({ vector })));
    assert.deepEqual(wrong.map(({ name }) => ({ name, ours: verdicts.get(name) })), []);
  });

  it('get the verdict of @simplewebauthn/server', { skip: node < 20 && 'it needs Node 20' }, async (t) => {
    compare(t, 'simplewebauthn', await simpleWebAuthn(vectors));
  });

  it('get the verdict of libfido2', { skip: !hasLibfido2 && 'no libfido2 when this was built' }, (t) => {
    compare(t, 'libfido2', libfido2(vectors));
  });

  it('are many enough to meet with every fault, and every difference that is known', { skip: count < 10000 && 'not so many were asked for' }, () => {
    const met = new Set(vectors.map(({ kind, fault }) => `${kind} ${fault}`));
    const faults = Object.entries(FAULTS).flatMap(([kind, table]) => Object.keys(table).map((fault) => `${kind} ${fault}`));
    assert.deepEqual(faults.filter((fault) => !met.has(fault)), []);
    assert.deepEqual(DIFFERENCES.filter((row) => !row.rare && !seen.has(row)), []);
  });
});
