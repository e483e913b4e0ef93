// The software authenticator of the stories, held against the core: what it makes is taken, and each of its knobs is one fault.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Authenticator, EDDSA, ES256, RS256, cbor } from '../support/authenticator.mjs';
import { newFolder, run, top } from '../support/server.mjs';

const origin = 'https://example.org', rpId = 'example.org';
const challenge = Buffer.alloc(32, 7).toString('base64url');
const creation = { rp: { id: rpId }, user: { id: 'AAEC' }, challenge, pubKeyCredParams: [ES256, EDDSA, RS256].map((alg) => ({ alg })) };
const request = { rpId, challenge, allowCredentials: [] };
const checker = process.env.POSTERN_CHECK_VECTORS ?? path.join(top, 'build/check-vectors');

// What the core says of one credential: { accepted, reason, got }.
async function judge(kind, credential, stored) {
  const file = path.join(newFolder(), 'vector.json');
  const input = { credential, expectedChallenge: challenge, expectedOrigin: [origin], expectedRPID: rpId, requireUserVerification: true,
    supportedAlgs: [ES256, EDDSA, RS256], storedCredential: stored };
  writeFileSync(file, JSON.stringify([{ name: 'one', kind, input }]));
  const { code, stdout, stderr } = await run(checker, ['webauthn', file]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

const storedOf = ({ id, key, counter, userHandle }) => ({ id, publicKey: cbor(key.cose).toString('base64url'), counter, userHandle });

function assertStep(answer, step) {
  assert.equal(answer.accepted, false);
  assert.match(answer.reason, new RegExp(`^${step}: `));
}

describe('the software authenticator', () => {
  for (const [algorithm, fmt] of [ES256, EDDSA, RS256].flatMap((alg) => [[alg, 'none'], [alg, 'packed']]))
    it(`makes what the core takes: algorithm ${algorithm}, attestation ${fmt}`, async () => {
      const key = new Authenticator({ algorithm, fmt, backup: true });
      const made = await judge('registration', key.register(creation, { origin }));
      assert.equal(made.accepted, true, made.reason);
      assert.deepEqual([made.got.fmt, made.got.alg, made.got.backupState, made.got.userVerified], [fmt, algorithm, true, true]);
      const stored = storedOf(key.credentials[0]);
      const signed = await judge('authentication', key.sign(request, { origin }), stored);
      assert.equal(signed.accepted, true, signed.reason);
      assert.equal(signed.got.counter, 1);
    });

  const MAKING = [
    ['7.1-3-response', { response: { attestationObject: undefined } }],
    ['7.1-6-client-data', { clientBytes: Buffer.from('[]') }],
    ['7.1-7-type', { client: { type: 'webauthn.get' } }],
    ['7.1-8-challenge', { client: { challenge: 'AAAA' } }],
    ['7.1-9-origin', { origin: 'https://evil.example' }],
    ['7.1-10-cross-origin', { client: { crossOrigin: true } }],
    ['7.1-13-attestation-object', { tail: Buffer.from([0]) }],
    ['7.1-14-rp-id-hash', { rpId: 'evil.example' }],
    ['7.1-15-user-present', { flags: { up: false } }],
    ['7.1-16-user-verified', { flags: { uv: false } }],
    ['7.1-17-backup-flags', { flags: { bs: true } }],
    ['7.1-20-algorithm', { publicKey: new Map([[1, 2], [3, -47]]) }],
    ['7.1-21-attestation-format', { fmt: 'compound', statement: () => new Map() }],
    ['7.1-22-attestation-statement', { statement: () => new Map([['x', 1]]) }],
    ['7.1-28-extensions', { extensions: new Map([[1, true]]) }],
  ];
  for (const [step, knobs] of MAKING)
    it(`can fail at ${step}`, async () => {
      assertStep(await judge('registration', new Authenticator().register(creation, { origin, ...knobs })), step);
    });

  const SIGNING = [
    ['7.2-6-user-handle', { userHandle: 'AAED' }],
    ['7.2-10-type', { client: { type: 'webauthn.create' } }],
    ['7.2-17-user-verified', { flags: { uv: false } }],
    ['7.2-19-backup-eligibility', { flags: { be: true } }],
    ['7.2-21-signature', { signature: (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1) ^ 1])]) }],
    ['7.2-22-counter', { counter: 4 }],
  ];
  for (const [step, knobs] of SIGNING)
    it(`can fail at ${step}`, async () => {
      const key = new Authenticator();
      key.register(creation, { origin });
      const stored = { ...storedOf(key.credentials[0]), counter: 4, backupEligible: false };
      assertStep(await judge('authentication', key.sign(request, { origin, ...knobs }), stored), step);
    });

  it('minds excludeCredentials, finds what it holds, and has clones', () => {
    const key = new Authenticator();
    const { id } = key.register(creation, { origin });
    assert.throws(() => key.register({ ...creation, excludeCredentials: [{ id }] }, { origin }), { name: 'InvalidStateError' });
    assert.throws(() => new Authenticator().sign(request, { origin }), { name: 'NotAllowedError' });
    assert.throws(() => key.sign({ ...request, allowCredentials: [{ id: 'AAAA' }] }, { origin }), { name: 'NotAllowedError' });
    assert.equal(key.clone().sign(request, { origin }).id, id);
    assert.equal(key.credentials[0].counter, 0);
  });
});
