// Stories of passkeys and security keys: an account adds one, looks at them, names and removes them; and whatever is wrong is refused, by
// the step of WebAuthn Level 3 7.1 that it fails.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Authenticator, EDDSA, RS256, STATEMENTS } from '../support/authenticator.mjs';
import { add, beginAdding, credentialsOf, keyHolder, pageOf, post, tryAdding } from '../support/passkeys.mjs';
import { startServer } from '../support/server.mjs';
import {
  alter, assertFaults, assertProblem, auditOf, endWell, member, sessionEnded, signIn, tokenMissing, withServer,
} from '../support/story.mjs';

const at = withServer();
const refused = { status: 400, code: 'passkey_refused', detail: 'This passkey or security key is not taken' };
const over = { status: 400, code: 'ceremony_invalid', detail: 'This ceremony was not begun here, took too long, or has served; begin again' };
const missing = { status: 404, code: 'passkey_not_found', detail: 'Passkey not found' };
const many = { status: 409, code: 'too_many_passkeys', detail: 'This account has as many passkeys as it may; remove one first' };
const tooOld = { status: 401, code: 'recent_signin_required', detail: 'Sign in again before you do this' };

const times = (n, act) => Promise.all(Array.from({ length: n }, (_, i) => act(i)));

async function assertAudit(answer, event, reason, server = at.server) {
  const rows = await auditOf(server, answer);
  assert.deepEqual(rows.map((row) => [row.event, row.outcome, row.reason]), [[event, 'failure', reason]]);
}

// Its sign-in was this long ago.
const age = (server, { tokens }, seconds) =>
  alter(server, `UPDATE sessions SET auth_time_s = auth_time_s - ${seconds} WHERE id = '${tokens.session_id}'`);

const rowsOf = (server, { id }) =>
  server.query(`SELECT w.* FROM webauthn_credentials w JOIN users u ON u.id = w.user_id WHERE u.public_id = '${id}'`);

describe('who is signed in', () => {
  it('is given options as a careful service sets them: 7.1-1-options', async () => {
    const { token, email, name } = await member(at.server);
    const { ceremony, publicKey } = await beginAdding(at.server, token);
    assert.match(ceremony, /^[\w-]{100,1536}$/);
    assert.deepEqual(publicKey.rp, { id: 'localhost', name: 'Postern' });
    assert.deepEqual([publicKey.user.name, publicKey.user.displayName], [email, name]);
    assert.equal(Buffer.from(publicKey.user.id, 'base64url').length, 64);
    assert.equal(Buffer.from(publicKey.challenge, 'base64url').length, 32);
    assert.deepEqual(publicKey.pubKeyCredParams.map(({ type, alg }) => [type, alg]), [-7, -8, -35, -36, -257].map((alg) => ['public-key', alg]));
    assert.deepEqual(publicKey.authenticatorSelection, { residentKey: 'preferred', requireResidentKey: false, userVerification: 'preferred' });
    assert.deepEqual([publicKey.timeout, publicKey.attestation, publicKey.excludeCredentials, publicKey.hints], [300000, 'none', [], []]);
  });

  it('adds a passkey, which the account has from then on', async () => {
    const account = await member(at.server);
    const key = new Authenticator({ backup: true, transports: ['internal', 'hybrid'] });
    const answer = await tryAdding(at.server, account.token, key, { name: 'My phone' });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers.location, `/webauthn/credentials/${key.credentials[0].id}`);
    const { created_at, ...record } = answer.json;
    assert.deepEqual(record, {
      id: key.credentials[0].id, name: 'My phone', aaguid: '00000000-0000-0000-0000-000000000000', model: null, icon: null,
      transports: ['internal', 'hybrid'], backup_eligible: true, backup_state: true, last_used_at: null,
    });
    assert.ok(Math.abs(Date.parse(created_at) - Date.now()) < 60_000);
    const me = await at.server.call('GET', '/users/me', { token: account.token });
    assert.deepEqual(me.json.mfa, { webauthn: 1, totp: false, recovery_codes: 0 });
    const list = await credentialsOf(at.server, account.token);
    assert.deepEqual(list, { items: [answer.json], next: null, rp_id: 'localhost', user_handle: key.credentials[0].userHandle });
    const [row] = await auditOf(at.server, answer);
    assert.deepEqual([row.event, row.outcome, row.actor, row.target], ['postern_mfa_enrolled', 'success', account.id, account.id]);
  });

  it('adds several, of every kind of key and attestation, and is asked for none twice', async () => {
    const account = await member(at.server);
    const keys = [new Authenticator(), new Authenticator({ algorithm: EDDSA, fmt: 'packed' }),
      new Authenticator({ algorithm: RS256, fmt: 'packed', verifies: false, transports: ['usb'] })];
    const made = [];
    for (const key of keys) {
      const { publicKey } = await beginAdding(at.server, account.token);
      assert.deepEqual(publicKey.excludeCredentials.map(({ id }) => id), made);
      made.push((await add(at.server, account, key)).id);
    }
    const { items, user_handle } = await credentialsOf(at.server, account.token);
    assert.deepEqual(items.map(({ id }) => id), made);
    assert.deepEqual(keys.map((key) => key.credentials[0].userHandle), [user_handle, user_handle, user_handle]);
    const { publicKey } = await beginAdding(at.server, account.token);
    assert.throws(() => keys[0].register(publicKey, { origin: pageOf(at.server) }), { name: 'InvalidStateError' });
  });

  it('finds what it added under the name of its model, or of its kind', async () => {
    const account = await member(at.server);
    const aaguid = Buffer.from('fbfc3007154e4ecc8c0b6e020557d7bd', 'hex');
    const apple = await add(at.server, account, new Authenticator({ aaguid, backup: true }));
    assert.deepEqual([apple.name, apple.model, apple.icon, apple.aaguid],
      ['Apple Passwords', 'Apple Passwords', 'password_manager', 'fbfc3007-154e-4ecc-8c0b-6e020557d7bd']);
    assert.equal((await add(at.server, account, new Authenticator({ backup: true }))).name, 'Passkey');
    assert.equal((await add(at.server, account, new Authenticator())).name, 'Security key');
  });

  it('keeps of the transports what looks like one', async () => {
    const account = await member(at.server);
    const made = await add(at.server, account, new Authenticator({ transports: ['usb', 'a,b', '', 'NFC', 'smart-card'].filter(Boolean) }));
    assert.deepEqual(made.transports, ['usb', 'smart-card']);
  });

  it('names one anew, and nobody elses', async () => {
    const mine = await keyHolder(at.server), other = await keyHolder(at.server);
    const path = `/webauthn/credentials/${mine.record.id}`;
    const answer = await at.server.call('PATCH', path, { token: mine.token, body: { name: 'Office key' } });
    assert.deepEqual([answer.status, answer.json], [200, { ...mine.record, name: 'Office key' }]);
    assertProblem(await at.server.call('PATCH', path, { token: other.token, body: { name: 'Mine now' } }), missing);
    assertProblem(await at.server.call('PATCH', '/webauthn/credentials/AAAA', { token: mine.token, body: { name: 'x' } }), missing);
    assertFaults(await at.server.call('PATCH', path, { token: mine.token, body: { name: '' } }), { name: 'too_short' });
    assertFaults(await at.server.call('PATCH', path, { token: mine.token, body: {} }), { name: 'missing' });
    assertFaults(await at.server.call('PATCH', path, { token: mine.token, body: { name: 'x', sign_count: 0 } }), { sign_count: 'unknown_field' });
    assert.equal((await credentialsOf(at.server, mine.token)).items[0].name, 'Office key');
  });

  it('removes one, and nobody elses', async () => {
    const mine = await keyHolder(at.server), other = await keyHolder(at.server);
    const path = `/webauthn/credentials/${mine.record.id}`;
    assertProblem(await at.server.call('DELETE', path, { token: other.token }), missing);
    const answer = await at.server.call('DELETE', path, { token: mine.token });
    assert.deepEqual([answer.status, answer.text], [204, '']);
    const [row] = await auditOf(at.server, answer);
    assert.deepEqual([row.event, row.outcome, JSON.parse(row.detail).credential], ['postern_mfa_removed', 'success', mine.record.id]);
    assertProblem(await at.server.call('DELETE', path, { token: mine.token }), missing);
    assert.deepEqual((await credentialsOf(at.server, mine.token)).items, []);
    assert.equal((await at.server.call('GET', '/users/me', { token: mine.token })).json.mfa.webauthn, 0);
  });

  it('without a password keeps the last one, and may remove the last but one', async () => {
    const account = await keyHolder(at.server);
    const second = await add(at.server, account, new Authenticator());
    await alter(at.server, `UPDATE users SET hashed_password = NULL WHERE public_id = '${account.id}'`);
    const remove = (id) => at.server.call('DELETE', `/webauthn/credentials/${id}`, { token: account.token });
    assert.equal((await remove(second.id)).status, 204);
    assertProblem(await remove(account.record.id), {
      status: 409, code: 'last_passkey', detail: 'This passkey is the only way into the account; add another first',
    });
  });

  it('needs a sign-in of the last minutes to add or to remove one', async () => {
    const account = await keyHolder(at.server);
    await age(at.server, account, 301);
    assertProblem(await post(at.server, '/webauthn/register/begin', {}, { token: account.token }), tooOld);
    assertProblem(await at.server.call('DELETE', `/webauthn/credentials/${account.record.id}`, { token: account.token }), tooOld);
    assert.equal((await at.server.call('PATCH', `/webauthn/credentials/${account.record.id}`, { token: account.token, body: { name: 'x' } })).status, 200);
  });

  it('has 32 at most, however many come at once', async () => {
    const account = await keyHolder(at.server);
    const columns = 'user_id, public_key, algorithm, sign_count, aaguid, transports, backup_eligible, backup_state, user_verified, format, trusted, created_at, last_used_at';
    for (let i = 0; i < 29; i++)
      await alter(at.server, `INSERT INTO webauthn_credentials (id, name, ${columns}) SELECT 'copy${i}-' || id, 'Copy', ${columns} FROM webauthn_credentials WHERE id = '${account.record.id}'`);
    const begun = await times(4, () => beginAdding(at.server, account.token));
    const answers = await Promise.all(begun.map((one) => tryAdding(at.server, account.token, new Authenticator(), { begun: one })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 409, 409]);
    assertProblem(answers.find(({ status }) => status === 409), many);
    assertProblem(await post(at.server, '/webauthn/register/begin', {}, { token: account.token }), many);
    assert.equal((await rowsOf(at.server, account)).length, 32);
  });
});

describe('a registration is refused, at its step,', () => {
  const flip = (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1) ^ 1])]);
  const WRONG = [
    ['7.1-3-response', 'that is an assertion', { response: { attestationObject: undefined, signature: 'AAAA' } }],
    ['7.1-3-response', 'whose id is no base64url', { outer: { id: 'a b' } }],
    ['7.1-3-response', 'whose ids differ', { outer: { rawId: 'AAAA' } }],
    ['7.1-3-response', 'that is no public key', { outer: { type: 'password' } }],
    ['7.1-4-client-extension-results', 'whose results of extensions are none', { outer: { clientExtensionResults: [] } }],
    ['7.1-5-utf-8', 'whose client data are no text', { clientBytes: Buffer.from([0xff, 0xfe]) }],
    ['7.1-6-client-data', 'whose client data are no object', { clientBytes: Buffer.from('"x"') }],
    ['7.1-7-type', 'for signing in', { client: { type: 'webauthn.get' } }],
    ['7.1-8-challenge', 'of another challenge', { client: { challenge: Buffer.alloc(32).toString('base64url') } }],
    ['7.1-8-challenge', 'without a challenge', { client: { challenge: undefined } }],
    ['7.1-9-origin', 'from another page', { origin: 'https://evil.example' }],
    ['7.1-9-origin', 'from another port', { origin: 'http://localhost:1' }],
    ['7.1-9-origin', 'from beneath the domain', { origin: 'http://evil.localhost' }],
    ['7.1-9-origin', 'from the page, with a path', { origin: 'http://localhost/' }],
    ['7.1-10-cross-origin', 'from a frame', { client: { crossOrigin: true } }],
    ['7.1-11-top-origin', 'from within another page', { client: { topOrigin: 'https://evil.example' } }],
    ['7.1-13-attestation-object', 'with something behind the data', { tail: Buffer.from([0]) }],
    ['7.1-13-attestation-object', 'of another credential', { outer: { id: 'AAAA', rawId: 'AAAA' } }],
    ['7.1-13-attestation-object', 'without a credential', { flags: { at: false } }],
    ['7.1-14-rp-id-hash', 'for another service', { rpId: 'evil.example' }],
    ['7.1-15-user-present', 'that nobody touched', { flags: { up: false } }],
    ['7.1-17-backup-flags', 'that is backed up and may not be', { flags: { bs: true } }],
    ['7.1-20-algorithm', 'with an algorithm that was not offered', { publicKey: new Map([[1, 2], [3, -47], [-1, 8]]) }],
    ['7.1-20-algorithm', 'with a key that is none', { publicKey: new Map([[1, 2], [3, -7], [-1, 1], [-2, Buffer.alloc(32)], [-3, Buffer.alloc(32)]]) }],
    ['7.1-21-attestation-format', 'with a statement of no known format', { fmt: 'Packed', statement: STATEMENTS.packed }],
    ['7.1-22-attestation-statement', 'with a statement that is signed wrongly', {
      fmt: 'packed', statement: (...args) => new Map(STATEMENTS.packed(...args)).set('sig', flip(STATEMENTS.packed(...args).get('sig'))) }],
    ['7.1-22-attestation-statement', 'with a statement where there is none', { statement: () => new Map([['alg', -7]]) }],
    ['7.1-25-credential-id-length', 'with an id of no bytes', { id: '' }],
    ['7.1-28-extensions', 'with an extension without a name', { extensions: new Map([[1, true]]) }],
  ];
  // An id of no bytes fails where the response is read; the core alone sees one inside.
  const STEP = { '7.1-25-credential-id-length': '7.1-3-response' };
  for (const [step, what, knobs] of WRONG)
    it(`${what}: ${step}`, async () => {
      const account = await member(at.server);
      const answer = await tryAdding(at.server, account.token, new Authenticator(), knobs);
      assertProblem(answer, refused);
      await assertAudit(answer, 'postern_mfa_fail', STEP[step] ?? step);
      assert.deepEqual(await rowsOf(at.server, account), []);
    });

  it('with an id that is somebody elses already: 7.1-26-credential-id-taken', async () => {
    const victim = await keyHolder(at.server), thief = await member(at.server);
    const answer = await tryAdding(at.server, thief.token, new Authenticator(), { id: victim.record.id });
    assertProblem(answer, refused);
    await assertAudit(answer, 'postern_mfa_fail', '7.1-26-credential-id-taken');
    const [row] = await rowsOf(at.server, victim);
    assert.equal(row.id, victim.record.id);
    assert.deepEqual(await rowsOf(at.server, thief), []);
  });

  it('with an id that is ones own already: 7.1-26-credential-id-taken', async () => {
    const { token, record } = await keyHolder(at.server);
    const answer = await tryAdding(at.server, token, new Authenticator(), { id: record.id, force: true });
    assertProblem(answer, refused);
    await assertAudit(answer, 'postern_mfa_fail', '7.1-26-credential-id-taken');
  });

  it('of an account that was disabled meanwhile: nothing is stored (7.1-29-store)', async () => {
    const account = await member(at.server);
    const { ceremony, publicKey } = await beginAdding(at.server, account.token);
    const credential = new Authenticator().register(publicKey, { origin: pageOf(at.server) });
    await alter(at.server, `UPDATE users SET token_version = token_version + 1 WHERE public_id = '${account.id}'`);
    assertProblem(await post(at.server, '/webauthn/register/complete', { ceremony, credential }, { token: account.token }), sessionEnded);
    assert.deepEqual(await rowsOf(at.server, account), []);
  });
});

describe('a ceremony', () => {
  // Begun by one, to be completed in whatever way.
  async function begun(account, key = new Authenticator()) {
    const { ceremony, publicKey } = await beginAdding(at.server, account.token);
    return { ceremony, credential: key.register(publicKey, { origin: pageOf(at.server) }) };
  }
  const complete = (body, token, server = at.server) => post(server, '/webauthn/register/complete', body, { token });

  it('serves once', async () => {
    const account = await member(at.server);
    const body = await begun(account);
    assert.equal((await complete(body, account.token)).status, 201);
    const answer = await complete(body, account.token);
    assertProblem(answer, over);
    await assertAudit(answer, 'postern_mfa_fail', 'ceremony_spent');
  });

  it('that failed may be tried again, and serves once', async () => {
    const account = await member(at.server);
    const { ceremony, publicKey } = await beginAdding(at.server, account.token);
    const key = new Authenticator();
    const wrong = key.register(publicKey, { origin: 'https://evil.example' });
    assertProblem(await complete({ ceremony, credential: wrong }, account.token), refused);
    const right = key.register(publicKey, { origin: pageOf(at.server) });
    assert.equal((await complete({ ceremony, credential: right }, account.token)).status, 201);
  });

  it('serves once when its answer comes ten times at once', async () => {
    const account = await member(at.server);
    const body = await begun(account);
    const answers = await times(10, () => complete(body, account.token));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array(9).fill(400)]);
    assert.equal((await rowsOf(at.server, account)).length, 1);
  });

  it('of one account is nothing for another, nor for another session', async () => {
    const mine = await member(at.server), other = await member(at.server);
    const body = await begun(mine);
    for (const token of [other.token, (await signIn(at.server, mine)).access_token]) {
      const answer = await complete(body, token);
      assertProblem(answer, over);
      await assertAudit(answer, 'postern_mfa_fail', 'ceremony_foreign');
    }
    assert.equal((await complete(body, mine.token)).status, 201);
  });

  it('ends with the session', async () => {
    const account = await member(at.server);
    const body = await begun(account);
    assert.equal((await at.server.call('POST', '/logout', { token: account.token })).status, 204);
    assertProblem(await complete(body, account.token), sessionEnded);
    assertProblem(await complete(body), tokenMissing);
  });

  it('whose text was changed anywhere is none', async () => {
    const account = await member(at.server);
    const { ceremony, credential } = await begun(account);
    const flipped = (i) => ceremony.slice(0, i) + (ceremony[i] === 'A' ? 'B' : 'A') + ceremony.slice(i + 1);
    for (const text of [flipped(0), flipped(30), flipped(ceremony.length - 3), ceremony.slice(1), `${ceremony}A`, 'x', 'A'.repeat(1536)]) {
      const answer = await complete({ ceremony: text, credential }, account.token);
      assertProblem(answer, over);
      await assertAudit(answer, 'postern_mfa_fail', 'ceremony_unknown');
    }
    assert.equal((await complete({ ceremony, credential }, account.token)).status, 201);
  });

  it('tells each fault of the body at once', async () => {
    const { token } = await member(at.server);
    assertFaults(await complete({ ceremony: 1, credential: [], name: '', id: 'x' }, token),
      { ceremony: 'wrong_type', credential: 'wrong_type', name: 'too_short', id: 'unknown_field' });
    assertFaults(await complete({}, token), { ceremony: 'missing', credential: 'missing' });
    assertFaults(await complete({ ceremony: 'A'.repeat(1537), credential: { x: 'A'.repeat(60_000) } }, token),
      { ceremony: 'too_long', credential: 'too_long' });
    assertFaults(await post(at.server, '/webauthn/register/begin', { name: 'x'.repeat(201) }, { token }), { name: 'too_long' });
  });

  it('is nobodys who has not signed in', async () => {
    assertProblem(await post(at.server, '/webauthn/register/begin', {}), tokenMissing);
    assertProblem(await post(at.server, '/webauthn/register/complete', { ceremony: 'x', credential: {} }), tokenMissing);
    assertProblem(await at.server.call('GET', '/webauthn/credentials'), tokenMissing);
    assertProblem(await at.server.call('PATCH', '/webauthn/credentials/AAAA', { body: { name: 'x' } }), tokenMissing);
    assertProblem(await at.server.call('DELETE', '/webauthn/credentials/AAAA'), tokenMissing);
  });

  it('begun at one server is completed at another, and its challenge serves once on both', async () => {
    const second = await startServer({ folder: at.server.folder, canaries: at.server.canaries });
    const account = await member(at.server);
    const onPage = { origin: pageOf(second), at: second };
    await add(at.server, account, new Authenticator(), onPage);
    const { ceremony, publicKey } = await beginAdding(at.server, account.token);
    const key = new Authenticator();
    const answers = await times(8, (i) => {
      const server = i % 2 ? at.server : second;
      const credential = key.clone().register(publicKey, { origin: pageOf(server), force: true });
      return complete({ ceremony, credential }, account.token, server);
    });
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array(7).fill(400)]);
    assert.equal((await rowsOf(at.server, account)).length, 2);
    await endWell(second);
  });
});
