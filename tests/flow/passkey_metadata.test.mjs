// Stories of FIDO's metadata (MDS 3) at the service: what a signed BLOB says of a model decides who is taken, and a BLOB that is not
// FIDO's lets nothing start.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Maker } from '../support/attestation.mjs';
import { Authenticator } from '../support/authenticator.mjs';
import { entry, MetadataService } from '../support/metadata.mjs';
import { add, beginAdding, tryAdding } from '../support/passkeys.mjs';
import { newFolder, startServer } from '../support/server.mjs';
import { assertProblem, auditOf, endWell, member } from '../support/story.mjs';

const refused = { status: 400, code: 'passkey_refused', detail: 'This passkey or security key is not taken' };
const TRUST = '7.1-24-attestation-trust', MODEL = '7.1-23-trust-anchors';
const fido = new MetadataService();
const good = new Maker(), stranger = new Maker();

// A model of this story, by number.
const bytesOf = (number) => Buffer.concat([Buffer.from('5707e7a9e5b54c8d8a1c0011223344', 'hex'), Buffer.from([number])]);
const uuidOf = (number) => bytesOf(number).toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
const keyOf = (number, maker, format = 'packed') =>
  new Authenticator({ aaguid: bytesOf(number), fmt: format, statement: maker[format]({ ...(format === 'packed' && { aaguid: bytesOf(number) }) }) });

async function under(env, story) {
  const server = await startServer({ env });
  await story(server, await member(server));
  await endWell(server);
}

async function assertRefused(server, account, key, step) {
  const answer = await tryAdding(server, account.token, key);
  assertProblem(answer, refused);
  assert.equal((await auditOf(server, answer))[0].reason, step);
}

const trustOf = async (server) =>
  (await server.query('SELECT trusted FROM webauthn_credentials ORDER BY created_at')).map(({ trusted }) => Boolean(trusted));

// A folder with the certificate of a maker, for models that the metadata do not know.
function rootsOf(maker) {
  const folder = path.join(newFolder(), 'roots');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'maker.pem'), maker.anchor);
  return folder;
}

describe('metadata of FIDO', () => {
  it('vouch for a model whose chain leads to its own root, and for no other', async () => {
    const blob = fido.blob([entry(uuidOf(0), { roots: [stranger.rootBytes] }), entry(uuidOf(1), { roots: [stranger.rootBytes, good.rootBytes] })]);
    await under({ POSTERN_ATTESTATION: 'required', ...fido.files(newFolder(), blob) }, async (server, account) => {
      assert.equal((await beginAdding(server, account.token)).publicKey.attestation, 'direct');
      assert.deepEqual(server.lines.filter(({ event }) => event === 'metadata').map(({ models, next_update: next }) => [models, next]), [[2, '2126-01-01']]);
      await add(server, account, keyOf(1, good));
      await add(server, account, keyOf(1, good, 'tpm'));
      assert.deepEqual(await trustOf(server), [true, true]);
      await assertRefused(server, account, keyOf(1, new Maker()), TRUST); // a root that has the name of the right one
      await assertRefused(server, account, keyOf(0, good), TRUST); // a maker that is there, for another model
      await assertRefused(server, account, keyOf(9, good), TRUST); // no entry
      await assertRefused(server, account, new Authenticator({ aaguid: bytesOf(1), fmt: 'packed' }), TRUST); // signed by itself
      await assertRefused(server, account, new Authenticator({ aaguid: bytesOf(1) }), TRUST); // nothing said
      assert.deepEqual(await trustOf(server), [true, true]);
    });
  });

  it('go before the folder of roots for the models they know', async () => {
    const blob = fido.blob([entry(uuidOf(1), { roots: [good.rootBytes] })]);
    const env = { POSTERN_ATTESTATION: 'required', POSTERN_ATTESTATION_ROOTS: rootsOf(stranger), ...fido.files(newFolder(), blob) };
    await under(env, async (server, account) => {
      await add(server, account, keyOf(1, good));
      await add(server, account, keyOf(2, stranger));
      await assertRefused(server, account, keyOf(1, stranger), TRUST);
      await assertRefused(server, account, keyOf(2, good), TRUST);
    });
  });

  it('only mark who is trusted, where attestation is optional', async () => {
    const blob = fido.blob([entry(uuidOf(1), { roots: [good.rootBytes] })]);
    await under({ POSTERN_ATTESTATION: 'optional', ...fido.files(newFolder(), blob) }, async (server, account) => {
      for (const key of [keyOf(1, good), keyOf(1, stranger), keyOf(2, good), new Authenticator()]) await add(server, account, key);
      assert.deepEqual(await trustOf(server), [true, false, false, false]);
    });
  });

  it('keep out models that they report, whoever vouches and whatever came after', async () => {
    const roots = [good.rootBytes];
    const bad = ['REVOKED', 'ATTESTATION_KEY_COMPROMISE', 'USER_KEY_REMOTE_COMPROMISE', 'USER_KEY_PHYSICAL_COMPROMISE', 'USER_VERIFICATION_BYPASS'];
    const entries = bad.map((status, i) => entry(uuidOf(i + 1), { roots, statuses: ['FIDO_CERTIFIED', status, 'UPDATE_AVAILABLE'] }));
    const fine = [entry(uuidOf(20), { roots, statuses: ['NOT_FIDO_CERTIFIED'] }), entry(uuidOf(21), { roots, statuses: [] })];
    for (const attestation of ['required', 'optional'])
      await under({ POSTERN_ATTESTATION: attestation, ...fido.files(newFolder(), fido.blob([...entries, ...fine])) }, async (server, account) => {
        for (const [i] of bad.entries()) await assertRefused(server, account, keyOf(i + 1, good), MODEL);
        await assertRefused(server, account, new Authenticator({ aaguid: bytesOf(1) }), MODEL); // though it only says so
        await add(server, account, keyOf(20, good));
        await add(server, account, keyOf(21, good));
      });
  });
});

describe('a BLOB that FIDO did not sign', () => {
  const entries = [entry(uuidOf(1), { roots: [good.rootBytes] })];
  const startsWith = (blob, root) => startServer({ env: { POSTERN_ATTESTATION: 'required', ...fido.files(newFolder(), blob, root) } })
    .then(() => assert.fail('it started'), (error) => error.message);
  const others = new MetadataService();
  const forged = Buffer.from(JSON.stringify({ no: 8, nextUpdate: '2126-01-01', entries: [entry(uuidOf(1), { roots: [stranger.rootBytes] })] })).toString('base64url');
  const cases = [
    ['a payload that was changed', fido.blob(entries, { spoil: ([head, , sig]) => [head, forged, sig] }), /blob\.jwt: a signature that does not match/],
    ['a signature of somebody else', fido.blob(entries, { key: others.key, chain: [fido.leaf(), fido.middle] }), /blob\.jwt: a signature that does not match/],
    ['a chain without the certificate between', fido.blob(entries, { chain: [fido.leaf()] }), /blob\.jwt: a chain that leads to no anchor: unable to get local issuer certificate/],
    ['one between that may not issue', fido.blob(entries, { chain: [fido.leaf(), fido.between({ ca: false })] }), /blob\.jwt: a chain that leads to no anchor: invalid CA certificate/],
    ['one between that is past its time', fido.blob(entries, { chain: [fido.leaf(), fido.between({ until: new Date('2021-01-01') })] }), /blob\.jwt: a chain that leads to no anchor: certificate has expired/],
    ['a leaf that is past its time', fido.blob(entries, { chain: [fido.leaf({ until: new Date('2021-01-01') }), fido.middle] }), /blob\.jwt: a chain that leads to no anchor: certificate has expired/],
    ['another root of the same name', others.blob(entries), /blob\.jwt: a chain that leads to no anchor: certificate signature failure/],
    ['another customer of the same root', fido.blob(entries, { chain: [fido.leaf({ host: 'www.example.org' }), fido.middle] }), /blob\.jwt: metadata signed by somebody else than mds\.fidoalliance\.org/],
    ['another algorithm', fido.blob(entries, { alg: 'ES256' }), /blob\.jwt: a text that is not signed with RS256/],
    ['no signature', fido.blob(entries, { spoil: ([head, body]) => [head, body, ''] }), /blob\.jwt: a text that is no JWS/],
    ['no chain', fido.blob(entries, { chain: [] }), /blob\.jwt: a signed text with 0 certificates/],
    ['no entries', fido.blob([]), /blob\.jwt: metadata: no entries, or no nextUpdate/],
    ['no JWT', 'not a BLOB', /blob\.jwt: a text that is no JWS/],
  ];
  for (const [what, blob, says] of cases) it(`with ${what} lets nothing start`, async () => assert.match(await startsWith(blob), says));
});
