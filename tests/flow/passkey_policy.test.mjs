// Stories of what an operator may demand of passkeys: RP ID and origins, attestation, models, algorithms.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Authenticator, newKey, RS256 } from '../support/authenticator.mjs';
import { makerOf } from '../support/maker.mjs';
import { add, beginAdding, pageOf, tryAdding } from '../support/passkeys.mjs';
import { newFolder, startServer } from '../support/server.mjs';
import { assertProblem, auditOf, endWell, member } from '../support/story.mjs';

const refused = { status: 400, code: 'passkey_refused', detail: 'This passkey or security key is not taken' };
const aaguid = Buffer.from('08987058cadc4b81b6e130de50dcbe96', 'hex');
const model = '08987058-cadc-4b81-b6e1-30de50dcbe96';

// A server with these settings, while the story lasts.
async function under(env, story) {
  const server = await startServer({ env });
  await story(server, await member(server));
  await endWell(server);
}

async function assertRefused(server, account, key, step, knobs) {
  const answer = await tryAdding(server, account.token, key, knobs);
  assertProblem(answer, refused);
  assert.equal((await auditOf(server, answer))[0].reason, step);
}

// A maker of authenticators, and a folder with its certificate.
async function trusted(maker) {
  const folder = path.join(newFolder(), 'roots');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'maker.pem'), maker.root);
  return folder;
}

describe('an RP ID with several origins', () => {
  const env = { POSTERN_ISSUER: 'https://auth.example.com', POSTERN_RP_ID: 'example.com', POSTERN_ORIGINS: 'https://auth.example.com,https://example.de:8443' };
  it('takes these and no others, however like them', () => under(env, async (server, account) => {
    const { publicKey } = await beginAdding(server, account.token);
    assert.equal(publicKey.rp.id, 'example.com');
    for (const origin of ['https://auth.example.com', 'https://example.de:8443']) await add(server, account, new Authenticator(), { origin });
    const wrong = ['https://example.com', 'https://www.auth.example.com', 'http://auth.example.com', 'https://auth.example.com:443', 'https://auth.example.com.evil.org',
      'https://example.de', 'https://AUTH.example.com', 'https://auth.example.com/', 'null', ''];
    for (const origin of wrong) await assertRefused(server, account, new Authenticator(), '7.1-9-origin', { origin });
    await assertRefused(server, account, new Authenticator(), '7.1-14-rp-id-hash', { origin: 'https://auth.example.com', rpId: 'auth.example.com' });
  }));
});

describe('attestation', () => {
  it('is not asked for, and what comes all the same is checked and kept', () => under({}, async (server, account) => {
    const maker = await makerOf(aaguid);
    await add(server, account, new Authenticator({ aaguid, ...maker.kind }));
    const [row] = await server.query('SELECT format, trusted FROM webauthn_credentials');
    assert.deepEqual([row.format, Boolean(row.trusted)], ['packed', false]);
  }));

  it('that is optional is asked for, and trusted where it leads to an anchor', async () => {
    const maker = await makerOf(aaguid), stranger = await makerOf(aaguid);
    await under({ POSTERN_ATTESTATION: 'optional', POSTERN_ATTESTATION_ROOTS: await trusted(maker) }, async (server, account) => {
      assert.equal((await beginAdding(server, account.token)).publicKey.attestation, 'direct');
      await add(server, account, new Authenticator({ aaguid, ...maker.kind }));
      await add(server, account, new Authenticator({ aaguid, ...stranger.kind }));
      await add(server, account, new Authenticator());
      const rows = await server.query('SELECT format, trusted FROM webauthn_credentials ORDER BY created_at');
      assert.deepEqual(rows.map(({ format, trusted: is }) => [format, Boolean(is)]), [['packed', true], ['packed', false], ['none', false]]);
    });
  });

  it('that is demanded has to lead to an anchor, and to an allowed model', async () => {
    const maker = await makerOf(aaguid), stranger = await makerOf(aaguid), other = Buffer.alloc(16, 7);
    const otherModel = await makerOf(other, maker);
    const env = { POSTERN_ATTESTATION: 'required', POSTERN_ATTESTATION_ROOTS: await trusted(maker), POSTERN_AAGUIDS_ALLOWED: model };
    await under(env, async (server, account) => {
      await add(server, account, new Authenticator({ aaguid, ...maker.kind }));
      await assertRefused(server, account, new Authenticator({ aaguid, ...stranger.kind }), '7.1-24-attestation-trust');
      await assertRefused(server, account, new Authenticator({ aaguid, fmt: 'packed' }), '7.1-24-attestation-trust');
      await assertRefused(server, account, new Authenticator({ aaguid }), '7.1-23-trust-anchors');
      await assertRefused(server, account, new Authenticator({ aaguid: other, ...otherModel.kind }), '7.1-23-trust-anchors');
      await assertRefused(server, account, new Authenticator({ aaguid: other, ...maker.kind }), '7.1-22-attestation-statement');
    });
  });
});

describe('a model', () => {
  it('that is denied is refused, whoever says that it is one', () => under({ POSTERN_AAGUIDS_DENIED: model }, async (server, account) => {
    await assertRefused(server, account, new Authenticator({ aaguid }), '7.1-23-trust-anchors');
    await add(server, account, new Authenticator());
  }));
});

describe('RSA keys', () => {
  it('can be switched off', () => under({ POSTERN_PASSKEY_RS256: 'off' }, async (server, account) => {
    const { publicKey } = await beginAdding(server, account.token);
    assert.deepEqual(publicKey.pubKeyCredParams.map(({ alg }) => alg), [-7, -8, -35, -36]);
    await assertRefused(server, account, new Authenticator(), '7.1-20-algorithm', { publicKey: newKey(RS256).cose });
  }));
});

describe('a server that cannot do what it is told', () => {
  const starts = (env) => startServer({ env }).then(() => assert.fail('it started'), (error) => error.message);
  it('does not start, and says why', async () => {
    const empty = newFolder(), broken = path.join(newFolder(), 'roots');
    mkdirSync(broken);
    writeFileSync(path.join(broken, 'a.pem'), 'no certificate');
    assert.match(await starts({ POSTERN_ATTESTATION_ROOTS: empty }), /no file that ends in \.pem/);
    assert.match(await starts({ POSTERN_ATTESTATION_ROOTS: broken }), /a\.pem: no certificates in PEM/);
    assert.match(await starts({ POSTERN_ATTESTATION_ROOTS: path.join(empty, 'nowhere') }), /open the folder/);
    assert.match(await starts({ POSTERN_ATTESTATION_MDS: '/nowhere', POSTERN_ATTESTATION_MDS_ROOT: '/nowhere' }), /\/nowhere/);
    assert.match(await starts({ POSTERN_RP_ID: 'example.com' }), /POSTERN_ORIGINS/);
    assert.match(await starts({ POSTERN_RP_ID: 'com' }), /POSTERN_RP_ID/);
  });
});
