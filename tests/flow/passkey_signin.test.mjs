// Stories of sign-ins with a passkey or security key: alone, with a name, after the password, and again inside a session; each step of
// WebAuthn Level 3 7.2 that fails is refused, and the audit trail says which.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import { Authenticator, ES256, newKey } from '../support/authenticator.mjs';
import { Client } from '../support/dpop.mjs';
import {
  add, beginSigning, comeIn, credentialsOf, keyHolder, pageOf, passwordStep, post, signInBy, trySigning,
} from '../support/passkeys.mjs';
import { makerOf } from '../support/maker.mjs';
import { startServer } from '../support/server.mjs';
import { alter, assertFaults, assertProblem, auditOf, badCredentials, endWell, signIn, signUp, tokenMissing, withServer } from '../support/story.mjs';

const at = withServer();
const over = { status: 400, code: 'ceremony_invalid', detail: 'This ceremony was not begun here, took too long, or has served; begin again' };
const times = (n, act) => Promise.all(Array.from({ length: n }, (_, i) => act(i)));
const complete = (body, server = at.server, options) => post(server, '/webauthn/login/complete', body, options);
const flip = (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1) ^ 1])]);
const passkey = () => new Authenticator({ backup: true, step: 0, transports: ['internal', 'hybrid'] });

const recordOf = (server, id) => server.query(`SELECT * FROM webauthn_credentials WHERE id = '${id}'`).then(([row]) => row);
const sessionsOf = (server, { id }) =>
  server.query(`SELECT COUNT(*) AS n FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.public_id = '${id}'`).then(([{ n }]) => Number(n));

async function assertAudit(answer, event, reason, { server = at.server, target } = {}) {
  const rows = await auditOf(server, answer);
  assert.deepEqual(rows.map((row) => [row.event, row.outcome, row.reason]), [[event, 'failure', reason]]);
  if (target !== undefined) assert.equal(rows[0].target, target);
}

// 7.2-24-update and 7.2-25-continue of a refused one: nothing is updated, no session opens.
async function assertNothingHappened(holder, act, server = at.server) {
  const before = [await recordOf(server, holder.record.id), await sessionsOf(server, holder)];
  const answer = await act();
  const now = await recordOf(server, holder.record.id);
  assert.deepEqual([now, await sessionsOf(server, holder)], before);
  return answer;
}

describe('a sign-in with a passkey and no name', () => {
  it('is given options that name nobody', async () => {
    const { ceremony, publicKey } = await beginSigning(at.server);
    assert.match(ceremony, /^[\w-]{100,1536}$/);
    assert.equal(Buffer.from(publicKey.challenge, 'base64url').length, 32);
    const { challenge, ...rest } = publicKey;
    assert.deepEqual(rest, { timeout: 300000, rpId: 'localhost', allowCredentials: [], userVerification: 'required', hints: [] });
    assert.notEqual((await beginSigning(at.server)).publicKey.challenge, challenge);
  });

  it('opens a session, whose token tells the truth', async () => {
    const holder = await keyHolder(at.server, { key: passkey() });
    const answer = await trySigning(at.server, holder.key);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['cache-control'], 'no-store');
    const claims = decodeJwt(answer.json.access_token);
    assert.deepEqual([claims.sub, claims.acr, claims.amr], [holder.id, 'aal2-phr', ['swk', 'user', 'mfa']]);
    assert.ok(Math.abs(claims.auth_time - Date.now() / 1000) < 60);
    assert.equal((await at.server.call('GET', '/users/me', { token: answer.json.access_token })).json.id, holder.id);
    assert.deepEqual((await auditOf(at.server, answer)).map(({ event }) => event), ['authn_login_success', 'session_created']);
  });

  it('with a key that cannot be copied and whose maker is trusted is as strong as can be', async () => {
    const aaguid = Buffer.alloc(16, 9);
    const maker = await makerOf(aaguid);
    const server = await startServer();
    const roots = `${server.folder}/roots`;
    mkdirSync(roots);
    writeFileSync(`${roots}/maker.pem`, maker.root);
    assert.equal(await server.stop(), 0);
    const strict = await startServer({ folder: server.folder, env: { POSTERN_ATTESTATION: 'optional', POSTERN_ATTESTATION_ROOTS: roots } });
    const { key } = await keyHolder(strict, { key: new Authenticator({ aaguid, ...maker.kind }) });
    const claims = decodeJwt((await signInBy(strict, key)).access_token);
    assert.deepEqual([claims.acr, claims.amr], ['aal3', ['hwk', 'user', 'mfa']]);
    await endWell(strict);
  });

  it('keeps its counter, its backup state and when it was', async () => {
    const key = new Authenticator({ backup: true });
    const holder = await keyHolder(at.server, { key, flags: { bs: false } });
    assert.equal(holder.record.backup_state, false);
    await signInBy(at.server, key, { counter: 7 });
    const row = await recordOf(at.server, holder.record.id);
    assert.deepEqual([Number(row.sign_count), Boolean(row.backup_state)], [7, true]);
    const { items } = await credentialsOf(at.server, holder.token);
    assert.ok(Math.abs(Date.parse(items[0].last_used_at) - Date.now()) < 60_000);
  });

  it('gives a page its cookie, and binds the tokens of a client with a key', async () => {
    const { key } = await keyHolder(at.server, { key: passkey() });
    const client = await Client.make(at.server);
    const { ceremony, publicKey } = await beginSigning(at.server);
    const credential = key.sign(publicKey, { origin: pageOf(at.server) });
    const bound = await client.call('POST', '/webauthn/login/complete', { body: { ceremony, credential } });
    assert.deepEqual([bound.status, bound.json.token_type], [200, 'DPoP']);
    assert.equal(decodeJwt(bound.json.access_token).cnf.jkt, client.jkt);
    const headers = { 'X-Postern-Client': 'web', Origin: 'https://evil.example' };
    assert.equal((await post(at.server, '/webauthn/login/begin', {}, { headers })).json.code, 'cross_site_request');
  });
});

describe('a sign-in by a name', () => {
  it('is asked for the passkeys of that account, with hints where to look', async () => {
    const holder = await keyHolder(at.server, { key: passkey() });
    const usb = await add(at.server, await comeIn(at.server, holder.key), new Authenticator({ transports: ['usb', 'nfc'] }));
    const { publicKey } = await beginSigning(at.server, { email: holder.email.toUpperCase() });
    assert.deepEqual(publicKey.allowCredentials, [
      { type: 'public-key', id: holder.record.id, transports: ['internal', 'hybrid'] }, { type: 'public-key', id: usb.id, transports: ['usb', 'nfc'] }]);
    assert.deepEqual([publicKey.userVerification, publicKey.hints], ['required', ['client-device', 'security-key', 'hybrid']]);
    assert.equal(decodeJwt((await signInBy(at.server, holder.key, { whom: { email: holder.email } })).access_token).sub, holder.id);
  });

  it('that nobody has looks the same as one that somebody has, each time, on every server', async () => {
    const second = await startServer({ folder: at.server.folder, canaries: at.server.canaries });
    const holder = await keyHolder(at.server, { key: passkey() });
    const without = await signUp(at.server);
    const shapeOf = ({ ceremony, publicKey }) => [ceremony.length, Object.keys(publicKey), publicKey.allowCredentials.map((one) => Object.keys(one)), publicKey.userVerification];
    const known = shapeOf(await beginSigning(at.server, { email: holder.email }));
    for (const whom of [{ email: 'nobody@example.org' }, { username: 'no-such-name' }, { email: 'no address' }, { email: without.email }]) {
      const first = await beginSigning(at.server, whom), again = await beginSigning(second, whom);
      assert.deepEqual(shapeOf(first), known);
      assert.deepEqual(first.publicKey.allowCredentials, again.publicKey.allowCredentials);
      assert.ok([16, 20, 32, 64].includes(Buffer.from(first.publicKey.allowCredentials[0].id, 'base64url').length));
      assert.notDeepEqual(first.publicKey.challenge, again.publicKey.challenge);
    }
    const [a, b] = [await beginSigning(at.server, { email: 'ann@example.org' }), await beginSigning(at.server, { email: 'bob@example.org' })];
    assert.notEqual(a.publicKey.allowCredentials[0].id, b.publicKey.allowCredentials[0].id);
    const upper = await beginSigning(at.server, { email: 'ANN@example.org' });
    assert.deepEqual(upper.publicKey.allowCredentials, a.publicKey.allowCredentials);
    await endWell(second);
  });

  it('that nobody has ends as any other refusal does: 7.2-5-allowed-credentials', async () => {
    const { key } = await keyHolder(at.server, { key: passkey() });
    const { ceremony, publicKey } = await beginSigning(at.server, { email: 'nobody@example.org' });
    const credential = key.sign({ ...publicKey, allowCredentials: [] }, { origin: pageOf(at.server) });
    const answer = await complete({ ceremony, credential });
    assertProblem(answer, badCredentials);
    await assertAudit(answer, 'authn_login_fail', '7.2-5-allowed-credentials');
  });

  it('takes at most one name', async () => {
    assertFaults(await post(at.server, '/webauthn/login/begin', { email: 'a@example.org', username: 'ann' }), { email: 'too_many' });
    assertFaults(await post(at.server, '/webauthn/login/begin', { mfa_token: 'x', username: 'ann' }), { email: 'too_many' });
    assertFaults(await post(at.server, '/webauthn/login/begin', { email: '', password: 'x' }), { email: 'too_short', password: 'unknown_field' });
  });
});

describe('a sign-in is refused, at its step,', () => {
  const WRONG = [
    ['7.2-3-response', 'that is a registration', { response: { signature: undefined, attestationObject: 'AAAA' } }],
    ['7.2-3-response', 'whose ids differ', { outer: { rawId: 'AAAA' } }],
    ['7.2-4-client-extension-results', 'whose results of extensions are none', { outer: { clientExtensionResults: 'x' } }],
    ['7.2-6-user-handle', 'of a credential that nobody has', { outer: { id: 'AAAA', rawId: 'AAAA' } }],
    ['7.2-6-user-handle', 'without a user handle', { userHandle: undefined }],
    ['7.2-6-user-handle', 'with another user handle', { userHandle: Buffer.alloc(64).toString('base64url') }],
    ['7.2-7-authenticator-data', 'with authenticator data that are none', { response: { authenticatorData: 'AAAA' } }],
    ['7.2-8-utf-8', 'whose client data are no text', { clientBytes: Buffer.from([0xc0]) }],
    ['7.2-9-client-data', 'whose client data are no object', { clientBytes: Buffer.from('1') }],
    ['7.2-10-type', 'for registering', { client: { type: 'webauthn.create' } }],
    ['7.2-11-challenge', 'of another challenge', { client: { challenge: Buffer.alloc(32).toString('base64url') } }],
    ['7.2-12-origin', 'from another page', { origin: 'https://evil.example' }],
    ['7.2-12-origin', 'from another port', { origin: 'http://localhost:1' }],
    ['7.2-13-cross-origin', 'from a frame', { client: { crossOrigin: true } }],
    ['7.2-14-top-origin', 'from within another page', { client: { topOrigin: 'https://evil.example' } }],
    ['7.2-15-rp-id-hash', 'for another service', { rpId: 'evil.example' }],
    ['7.2-16-user-present', 'that nobody touched', { flags: { up: false } }],
    ['7.2-17-user-verified', 'that did not verify its user', { flags: { uv: false } }],
    ['7.2-18-backup-flags', 'that is backed up and may not be', { flags: { be: false } }],
    ['7.2-19-backup-eligibility', 'that may be backed up no more', { flags: { be: false, bs: false } }],
    ['7.2-21-signature', 'whose signature is off by a bit', { signature: flip }],
    ['7.2-21-signature', 'that another key signed', { key: newKey(ES256) }],
    ['7.2-21-signature', 'with a signature of nothing', { signature: () => Buffer.from('3006020101020101', 'hex') }],
    ['7.2-23-extensions', 'with an extension without a name', { extensions: new Map([[1, true]]) }],
  ];
  for (const [step, what, knobs] of WRONG)
    it(`${what}: ${step}; nothing is updated (7.2-24-update), no session opens (7.2-25-continue)`, async () => {
      const holder = await keyHolder(at.server, { key: passkey() });
      const answer = await assertNothingHappened(holder, () => trySigning(at.server, holder.key, knobs));
      assertProblem(answer, badCredentials);
      await assertAudit(answer, 'authn_login_fail', step);
    });

  it('by a passkey of somebody else, when a name was given: 7.2-5-allowed-credentials', async () => {
    const victim = await keyHolder(at.server, { key: passkey() }), thief = await keyHolder(at.server, { key: passkey() });
    const { ceremony, publicKey } = await beginSigning(at.server, { email: victim.email });
    const credential = thief.key.sign({ ...publicKey, allowCredentials: [] }, { origin: pageOf(at.server) });
    const answer = await assertNothingHappened(victim, () => complete({ ceremony, credential }));
    assertProblem(answer, badCredentials);
    await assertAudit(answer, 'authn_login_fail', '7.2-5-allowed-credentials');
  });

  it('by a passkey that was added after it was asked for: 7.2-5-allowed-credentials', async () => {
    const holder = await keyHolder(at.server, { key: passkey() });
    const account = await comeIn(at.server, holder.key);
    const { ceremony, publicKey } = await beginSigning(at.server, { email: holder.email });
    const late = passkey();
    await add(at.server, account, late);
    const credential = late.sign({ ...publicKey, allowCredentials: [] }, { origin: pageOf(at.server) });
    const answer = await complete({ ceremony, credential });
    assertProblem(answer, badCredentials);
    await assertAudit(answer, 'authn_login_fail', '7.2-5-allowed-credentials');
  });

  it('by a key that verifies its user for the first time, with nothing beside it: 7.2-17-user-verified', async () => {
    const found = new Authenticator({ verifies: false });
    const holder = await keyHolder(at.server, { key: found });
    const answer = await assertNothingHappened(holder, () => trySigning(at.server, found, { flags: { uv: true } }));
    assertProblem(answer, badCredentials);
    await assertAudit(answer, 'authn_login_fail', '7.2-17-user-verified');
    const { mfa_token } = await passwordStep(at.server, holder);
    await signInBy(at.server, found, { whom: { mfa_token }, flags: { uv: true } });
    await signInBy(at.server, found, { flags: { uv: true } });
  });

  it('of an account that is inactive', async () => {
    const holder = await keyHolder(at.server, { key: passkey() });
    await alter(at.server, `UPDATE users SET is_active = FALSE WHERE public_id = '${holder.id}'`);
    const answer = await assertNothingHappened(holder, () => trySigning(at.server, holder.key));
    assertProblem(answer, badCredentials);
    await assertAudit(answer, 'authn_login_fail', 'inactive', { target: holder.id });
  });

  it('of an account whose tokens were voided since it was named', async () => {
    const holder = await keyHolder(at.server, { key: passkey() });
    const { ceremony, publicKey } = await beginSigning(at.server, { email: holder.email });
    await alter(at.server, `UPDATE users SET token_version = token_version + 1 WHERE public_id = '${holder.id}'`);
    assertProblem(await complete({ ceremony, credential: holder.key.sign(publicKey, { origin: pageOf(at.server) }) }), badCredentials);
  });

  it('by a passkey that was removed', async () => {
    const holder = await keyHolder(at.server, { key: passkey() });
    const { access_token: token } = await signInBy(at.server, holder.key);
    assert.equal((await at.server.call('DELETE', `/webauthn/credentials/${holder.record.id}`, { token })).status, 204);
    const answer = await trySigning(at.server, holder.key);
    assertProblem(answer, badCredentials);
    await assertAudit(answer, 'authn_login_fail', '7.2-6-user-handle');
  });
});

describe('a counter that goes backwards', () => {
  const assertAlert = async (server, holder, answer, how) => {
    await server.logged((line) => line.event === 'alert' && line.rule === 'webauthn_counter' && line.request_id === answer.headers['x-request-id']);
    const rows = await auditOf(server, answer);
    const row = rows.find(({ event }) => event === 'postern_webauthn_counter_anomaly');
    assert.deepEqual([row.severity, row.reason, row.target, JSON.parse(row.detail).credential], ['CRITICAL', how, holder.id, holder.record.id]);
    return rows;
  };

  it('is a copy of the key: refused, with an alarm, a row and a notice: 7.2-22-counter', async () => {
    const holder = await keyHolder(at.server);
    await signInBy(at.server, holder.key);
    const copy = holder.key.clone();
    await signInBy(at.server, holder.key);
    const answer = await assertNothingHappened(holder, () => trySigning(at.server, copy));
    assertProblem(answer, badCredentials);
    const rows = await assertAlert(at.server, holder, answer, 'refused');
    assert.deepEqual(rows.map(({ event, reason }) => [event, reason]).at(-1), ['authn_login_fail', '7.2-22-counter']);
    const { access_token: token } = await signInBy(at.server, holder.key);
    const notices = (await at.server.call('GET', '/users/me/notices', { token })).json.items;
    assert.ok(notices.some(({ kind, factor }) => kind === 'credential_cloned' && factor === 'webauthn'), JSON.stringify(notices));
  });

  it('is taken where the policy says so, with the same alarm, and the highest number stays', async () => {
    const server = await startServer({ env: { POSTERN_COUNTER_REGRESS: 'alert' } });
    const holder = await keyHolder(server);
    await signInBy(server, holder.key, { counter: 9 });
    const answer = await trySigning(server, holder.key, { counter: 3 });
    assert.equal(answer.status, 200, answer.text);
    await assertAlert(server, holder, answer, 'taken');
    assert.equal(Number((await recordOf(server, holder.record.id)).sign_count), 9);
    await endWell(server);
  });

  it('is one of two that bring the same number at once', async () => {
    const holder = await keyHolder(at.server);
    const begun = await times(2, () => beginSigning(at.server));
    const answers = await Promise.all(begun.map(({ ceremony, publicKey }) =>
      complete({ ceremony, credential: holder.key.sign(publicKey, { origin: pageOf(at.server), counter: 5 }) })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401]);
    await assertAlert(at.server, holder, answers.find(({ status }) => status === 401), 'refused');
  });

  it('is none when the same answer comes twice: then the ceremony has served', async () => {
    const holder = await keyHolder(at.server);
    const { ceremony, publicKey } = await beginSigning(at.server);
    const body = { ceremony, credential: holder.key.sign(publicKey, { origin: pageOf(at.server) }) };
    assert.equal((await complete(body)).status, 200);
    const answer = await complete(body);
    assertProblem(answer, over);
    await assertAudit(answer, 'authn_login_fail', 'ceremony_spent', { target: holder.id });
  });

  it('is none where nothing is counted', async () => {
    const { key } = await keyHolder(at.server, { key: passkey() });
    for (let i = 0; i < 3; i++) await signInBy(at.server, key);
  });
});

describe('a ceremony of a sign-in', () => {
  it('nobody began, or changed, is none: 7.2-1-options', async () => {
    const { key } = await keyHolder(at.server, { key: passkey() });
    const { ceremony, publicKey } = await beginSigning(at.server);
    const credential = key.sign(publicKey, { origin: pageOf(at.server) });
    for (const text of ['x', ceremony.slice(1), `${ceremony}A`, ceremony.slice(0, 40) + (ceremony[40] === 'A' ? 'B' : 'A') + ceremony.slice(41)]) {
      const answer = await complete({ ceremony: text, credential });
      assertProblem(answer, over);
      await assertAudit(answer, 'authn_login_fail', 'ceremony_unknown');
    }
  });

  it('of another purpose is none: 7.1-1-options, 7.2-1-options', async () => {
    const { key } = await keyHolder(at.server, { key: passkey() });
    const fresh = await signInBy(at.server, key);
    const adding = (await post(at.server, '/webauthn/register/begin', {}, { token: fresh.access_token })).json;
    const stepping = (await post(at.server, '/step-up/webauthn/begin', {}, { token: fresh.access_token })).json;
    const signing = await beginSigning(at.server);
    const onPage = { origin: pageOf(at.server) };
    for (const { ceremony, publicKey } of [adding, stepping])
      assertProblem(await complete({ ceremony, credential: key.sign({ ...signing.publicKey, challenge: publicKey.challenge }, onPage) }), over);
    const credential = new Authenticator().register({ ...adding.publicKey, challenge: signing.publicKey.challenge }, onPage);
    assertProblem(await post(at.server, '/webauthn/register/complete', { ceremony: signing.ceremony, credential }, { token: fresh.access_token }), over);
  });

  it('serves once, also when it comes to two servers at once', async () => {
    const second = await startServer({ folder: at.server.folder, canaries: at.server.canaries });
    const { key } = await keyHolder(at.server, { key: passkey() });
    await signInBy(at.server, key, { at: second });
    const { ceremony, publicKey } = await beginSigning(at.server);
    const answers = await times(8, (i) => {
      const server = i % 2 ? second : at.server;
      return complete({ ceremony, credential: key.sign(publicKey, { origin: pageOf(server) }) }, server);
    });
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(7).fill(400)]);
    const late = answers.find(({ status }) => status === 400);
    assertProblem(late, over);
    await endWell(second);
  });
});

describe('a key after the password', () => {
  it('opens the session that the password alone does not', async () => {
    const holder = await keyHolder(at.server);
    const { mfa_token, methods } = await passwordStep(at.server, holder);
    assert.deepEqual(methods, ['webauthn']);
    const { publicKey } = await beginSigning(at.server, { mfa_token });
    assert.deepEqual([publicKey.allowCredentials.map(({ id }) => id), publicKey.userVerification], [[holder.record.id], 'preferred']);
    const tokens = await signInBy(at.server, holder.key, { whom: { mfa_token } });
    const { acr, amr, sub } = decodeJwt(tokens.access_token);
    assert.deepEqual([sub, acr, amr], [holder.id, 'aal2-phr', ['pwd', 'hwk', 'user', 'mfa']]);
  });

  it('may be a plain one, without a PIN and without a user handle', async () => {
    const key = new Authenticator({ verifies: false, resident: false });
    const holder = await keyHolder(at.server, { key });
    const { mfa_token } = await passwordStep(at.server, holder);
    assert.equal(decodeJwt((await signInBy(at.server, key, { whom: { mfa_token } })).access_token).acr, 'aal2-phr');
    assert.equal(Boolean((await recordOf(at.server, holder.record.id)).user_verified), false);
  });

  it('serves once: ceremony and mfa_token', async () => {
    const holder = await keyHolder(at.server, { key: passkey() });
    const { mfa_token } = await passwordStep(at.server, holder);
    const begun = await times(2, () => beginSigning(at.server, { mfa_token }));
    const bodies = begun.map(({ ceremony, publicKey }) => ({ ceremony, credential: holder.key.sign(publicKey, { origin: pageOf(at.server) }) }));
    assert.equal((await complete(bodies[0])).status, 200);
    assertProblem(await complete(bodies[0]), over);
    assert.equal((await complete(bodies[1])).status, 401);
    assert.equal((await post(at.server, '/webauthn/login/begin', { mfa_token: 'x' })).status, 401);
  });

  it('of somebody else is refused: 7.2-5-allowed-credentials', async () => {
    const victim = await keyHolder(at.server), thief = await keyHolder(at.server);
    const { mfa_token } = await passwordStep(at.server, victim);
    const { ceremony, publicKey } = await beginSigning(at.server, { mfa_token });
    const credential = thief.key.sign({ ...publicKey, allowCredentials: [] }, { origin: pageOf(at.server) });
    const answer = await assertNothingHappened(victim, () => complete({ ceremony, credential }));
    assertProblem(answer, badCredentials);
    await assertAudit(answer, 'postern_mfa_fail', '7.2-5-allowed-credentials', { target: victim.id });
  });

  it('whose signature is off by a bit is refused, and the right one may come after: 7.2-21-signature', async () => {
    const holder = await keyHolder(at.server, { key: passkey() });
    const { mfa_token } = await passwordStep(at.server, holder);
    const { ceremony, publicKey } = await beginSigning(at.server, { mfa_token });
    const sign = (knobs) => holder.key.sign(publicKey, { origin: pageOf(at.server), ...knobs });
    const answer = await assertNothingHappened(holder, () => complete({ ceremony, credential: sign({ signature: flip }) }));
    assertProblem(answer, badCredentials);
    await assertAudit(answer, 'postern_mfa_fail', '7.2-21-signature', { target: holder.id });
    assert.equal((await complete({ ceremony, credential: sign() })).status, 200);
  });

  it('is void when the password has changed meanwhile', async () => {
    const holder = await keyHolder(at.server, { key: passkey() });
    const { mfa_token } = await passwordStep(at.server, holder);
    const { ceremony, publicKey } = await beginSigning(at.server, { mfa_token });
    const body = { current_password: holder.password, password: 'staple battery horse' };
    assert.equal((await post(at.server, '/users/me/password', body, { token: holder.token })).status, 204);
    const answer = await complete({ ceremony, credential: holder.key.sign(publicKey, { origin: pageOf(at.server) }) });
    assert.equal(answer.status, 401, answer.text);
  });
});

describe('a key inside a session', () => {
  const steps = (token, body, which) => post(at.server, `/step-up/webauthn/${which}`, body, { token });
  async function stepUp(holder, token, knobs = {}) {
    const { ceremony, publicKey } = (await steps(token, {}, 'begin')).json;
    return steps(token, { ceremony, credential: holder.key.sign(publicKey, { origin: pageOf(at.server), ...knobs }) }, 'complete');
  }
  const age = (tokens, seconds) => alter(at.server, `UPDATE sessions SET auth_time_s = auth_time_s - ${seconds} WHERE id = '${tokens.session_id}'`);

  it('makes it fresh again, for what wants a fresh sign-in', async () => {
    const holder = await keyHolder(at.server, { key: passkey() });
    const tokens = await signInBy(at.server, holder.key);
    await age(tokens, 3600);
    const refused = await post(at.server, '/webauthn/register/begin', {}, { token: tokens.access_token });
    assert.equal(refused.status, 401, refused.text);
    const answer = await stepUp(holder, tokens.access_token);
    assert.equal(answer.status, 200, answer.text);
    const { acr, sid, auth_time } = decodeJwt(answer.json.access_token);
    assert.deepEqual([acr, sid], ['aal2-phr', tokens.session_id]);
    assert.ok(Math.abs(auth_time - Date.now() / 1000) < 60);
    assert.equal((await post(at.server, '/webauthn/register/begin', {}, { token: answer.json.access_token })).status, 200);
  });

  it('raises a session that a password opened before the key was there', async () => {
    const holder = await keyHolder(at.server);
    const answer = await stepUp(holder, holder.token);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(decodeJwt(answer.json.access_token).acr, 'aal2-phr');
  });

  it('has to verify its user where no password was typed: 7.2-17-user-verified', async () => {
    const holder = await keyHolder(at.server, { key: passkey() });
    const tokens = await signInBy(at.server, holder.key);
    assert.equal((await steps(tokens.access_token, {}, 'begin')).json.publicKey.userVerification, 'required');
    const answer = await stepUp(holder, tokens.access_token, { flags: { uv: false } });
    assertProblem(answer, badCredentials);
  });

  it('of somebody else, of another session or of no account is refused', async () => {
    const mine = await keyHolder(at.server, { key: passkey() }), other = await keyHolder(at.server, { key: passkey() });
    const tokens = await signInBy(at.server, mine.key), again = await signInBy(at.server, mine.key);
    const { ceremony, publicKey } = (await steps(tokens.access_token, {}, 'begin')).json;
    const sign = (key) => key.sign({ ...publicKey, allowCredentials: [] }, { origin: pageOf(at.server) });
    assertProblem(await steps(tokens.access_token, { ceremony, credential: sign(other.key) }, 'complete'), badCredentials);
    for (const token of [again.access_token, other.token])
      assertProblem(await steps(token, { ceremony, credential: sign(mine.key) }, 'complete'), over);
    assertProblem(await steps(undefined, { ceremony, credential: sign(mine.key) }, 'complete'), tokenMissing);
    assertProblem(await steps(undefined, {}, 'begin'), tokenMissing);
    const plain = await signUp(at.server);
    const { access_token } = await signIn(at.server, plain);
    assert.equal((await steps(access_token, {}, 'begin')).json.code, 'passkey_not_found');
  });
});
