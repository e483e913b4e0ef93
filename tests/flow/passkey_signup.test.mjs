// Stories of sign-ups with a passkey, and of what browsers and password managers find under /.well-known.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { Authenticator } from '../support/authenticator.mjs';
import { pageOf, post } from '../support/passkeys.mjs';
import { startServer } from '../support/server.mjs';
import { assertFaults, assertProblem, auditOf, badCredentials, endWell, signUp, usernameTaken, withServer } from '../support/story.mjs';

const at = withServer();
const refused = { status: 400, code: 'passkey_refused', detail: 'This passkey or security key is not taken' };
const over = { status: 400, code: 'ceremony_invalid', detail: 'This ceremony was not begun here, took too long, or has served; begin again' };
const times = (n, act) => Promise.all(Array.from({ length: n }, (_, i) => act(i)));
const newName = () => `p-${randomUUID().slice(0, 8)}`;

async function begin(username = newName(), display_name) {
  const answer = await post(at.server, '/api/register/begin', { username, display_name });
  assert.equal(answer.status, 200, answer.text);
  const { user_id, session_data, ...options } = answer.json;
  return { user_id, session_data, options, username };
}

async function made({ key = new Authenticator({ backup: true }), username, ...knobs } = {}) {
  const { user_id, session_data, options } = await begin(username);
  return { user_id, session_data, credential: key.register(options, { origin: pageOf(at.server), ...knobs }) };
}

const complete = (body, server = at.server) => post(server, '/api/register/complete', body);
const rowsOf = (table) => at.server.query(`SELECT COUNT(*) AS n FROM ${table}`).then(([{ n }]) => Number(n));
const counts = async () => [await rowsOf('users'), await rowsOf('webauthn_credentials'), await rowsOf('spent_tickets')];

describe('a sign-up with a passkey', () => {
  it('is begun with options as they are, that ask for a passkey which knows its user', async () => {
    const { user_id, session_data, options } = await begin('anna', 'Anna Berg');
    assert.deepEqual(Object.keys(session_data), ['ceremony']);
    assert.deepEqual(options.user, { id: user_id, name: 'anna', displayName: 'Anna Berg' });
    assert.equal(Buffer.from(user_id, 'base64url').length, 64);
    assert.deepEqual(options.rp, { id: 'localhost', name: 'Postern' });
    assert.deepEqual(options.authenticatorSelection, { residentKey: 'required', requireResidentKey: true, userVerification: 'required' });
    assert.deepEqual([options.excludeCredentials, options.attestation, options.timeout], [[], 'none', 300000]);
    assert.equal((await begin()).options.user.displayName.slice(0, 2), 'p-');
  });

  it('makes account and passkey together', async () => {
    const { user_id, session_data, options, username } = await begin(undefined, 'Bea');
    const credential = new Authenticator({ backup: true }).register(options, { origin: pageOf(at.server) });
    const answer = await complete({ user_id, credential, session_data });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.headers.location, `/users/${answer.json.id}`);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.deepEqual([answer.json.username, answer.json.name, answer.json.email, answer.json.roles], [username, 'Bea', null, ['user']]);
    assert.deepEqual(answer.json.mfa, { webauthn: 1, totp: false, recovery_codes: 0 });
    const [row] = await at.server.query(`SELECT u.user_handle, u.hashed_password, w.id, w.user_verified FROM users u JOIN webauthn_credentials w ON w.user_id = u.id WHERE u.public_id = '${answer.json.id}'`);
    assert.deepEqual([row.user_handle, row.hashed_password, row.id, Boolean(row.user_verified)], [user_id, null, credential.id, true]);
    assert.deepEqual((await auditOf(at.server, answer)).map(({ event }) => event), ['user_created', 'postern_mfa_enrolled']);
    assertProblem(await post(at.server, '/login', { username, password: 'correct horse battery' }), badCredentials);
  });

  it('that is abandoned leaves nothing', async () => {
    const before = await counts();
    await times(5, () => begin());
    assert.deepEqual(await counts(), before);
  });

  it('for a name that is taken is told so, before and after', async () => {
    const { username } = await signUp(at.server, { username: newName() });
    const answer = await post(at.server, '/api/register/begin', { username: username.toUpperCase() });
    assertProblem(answer, usernameTaken);
    assert.equal((await auditOf(at.server, answer))[0].event, 'postern_signup_duplicate');
    const late = await made({ username: 'late-comer' });
    await signUp(at.server, { username: 'Late-Comer' });
    const before = await counts();
    assertProblem(await complete(late), usernameTaken);
    assert.deepEqual(await counts(), before);
  });

  it('for one name by two at once goes to one of them', async () => {
    const username = newName();
    const both = [await made({ username }), await made({ username })];
    const answers = await Promise.all(both.map((body) => complete(body)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
  });

  it('serves once, however often its answer comes, on both of two servers', async () => {
    const second = await startServer({ folder: at.server.folder, canaries: at.server.canaries });
    const { user_id, session_data, options } = await begin();
    const key = new Authenticator();
    const answers = await times(8, (i) => {
      const server = i % 2 ? second : at.server;
      return complete({ user_id, session_data, credential: key.register(options, { origin: pageOf(server) }) }, server);
    });
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array(7).fill(400)]);
    assertProblem(answers.find(({ status }) => status === 400), over);
    await endWell(second);
  });

  const WRONG = [
    ['7.1-9-origin', 'from another page', { origin: 'https://evil.example' }],
    ['7.1-14-rp-id-hash', 'for another service', { rpId: 'evil.example' }],
    ['7.1-15-user-present', 'by nobody', { flags: { up: false } }],
    ['7.1-16-user-verified', 'by a key that did not verify its user', { flags: { uv: false } }],
    ['7.1-8-challenge', 'for another challenge', { client: { challenge: 'AAAA' } }],
  ];
  for (const [step, what, knobs] of WRONG)
    it(`${what} is refused: ${step}`, async () => {
      const body = await made(knobs);
      const before = await counts();
      const answer = await complete(body);
      assertProblem(answer, refused);
      const [row] = await auditOf(at.server, answer);
      assert.deepEqual([row.event, row.outcome, row.reason], ['postern_mfa_fail', 'failure', step]);
      assert.deepEqual(await counts(), before);
    });

  it('with a passkey that somebody has is refused: 7.1-26-credential-id-taken', async () => {
    const first = await made();
    assert.equal((await complete(first)).status, 201);
    const before = await counts();
    const answer = await complete(await made({ id: first.credential.id }));
    assertProblem(answer, refused);
    assert.equal((await auditOf(at.server, answer))[0].reason, '7.1-26-credential-id-taken');
    assert.deepEqual(await counts(), before);
  });

  it('takes no ceremony of another purpose, another user id, or no ceremony at all', async () => {
    const body = await made(), other = await begin();
    for (const wrong of [{ user_id: other.user_id }, { session_data: { x: 1 } }, { session_data: { ceremony: 1 } }, { session_data: { ceremony: 'x' } }]) {
      const answer = await complete({ ...body, ...wrong });
      assertProblem(answer, over);
      assert.equal((await auditOf(at.server, answer))[0].event, 'postern_mfa_fail');
    }
    assert.equal((await complete(body)).status, 201);
  });

  it('tells each fault of the body at once', async () => {
    assertFaults(await post(at.server, '/api/register/begin', {}), { username: 'missing' });
    assertFaults(await post(at.server, '/api/register/begin', { username: 'ab', display_name: '', role: 'admin' }),
      { username: 'invalid_username', display_name: 'too_short', role: 'unknown_field' });
    assert.equal((await post(at.server, '/api/register/begin', { username: 'a@b.example' })).status, 422);
    assertFaults(await complete({}), { user_id: 'missing', credential: 'missing', session_data: 'missing' });
    assertFaults(await complete({ user_id: 'x', credential: 'x', session_data: [] }), { credential: 'wrong_type', session_data: 'wrong_type' });
    assertFaults(await complete({ user_id: 'x', credential: {}, session_data: {} }), { credential: 'too_short', session_data: 'too_short' });
  });
});

describe('under /.well-known', () => {
  it('browsers find the origins that share the passkeys, without those of apps', async () => {
    const answer = await at.server.call('GET', '/.well-known/webauthn');
    assert.deepEqual([answer.status, answer.headers['content-type'], answer.json], [200, 'application/json', { origins: [pageOf(at.server)] }]);
    const origins = 'https://example.com,https://example.de,android:apk-key-hash:-sYXRdwJA3hvue3mKpYrOZ9zSPC7b4mbgzJmdZEDO5w';
    const other = await startServer({ env: { POSTERN_RP_ID: 'example.com', POSTERN_ORIGINS: origins } });
    assert.deepEqual((await other.call('GET', '/.well-known/webauthn')).json, { origins: ['https://example.com', 'https://example.de'] });
    assert.equal(await other.stop(), 0, other.stderr);
  });

  it('password managers find where passkeys and the password are looked after', async () => {
    const issuer = at.server.env.POSTERN_ISSUER ?? `http://${at.server.env.POSTERN_LISTEN}`;
    const page = `${issuer}/account#passkeys`;
    const answer = await at.server.call('GET', '/.well-known/passkey-endpoints');
    assert.deepEqual([answer.status, answer.headers['content-type'], answer.json], [200, 'application/json', { enroll: page, manage: page }]);
    const way = await at.server.call('GET', '/.well-known/change-password');
    assert.deepEqual([way.status, way.headers.location, way.text], [302, `${issuer}/account#password`, '']);
  });
});
