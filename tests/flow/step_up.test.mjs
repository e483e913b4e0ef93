// Stories of acts that demand a fresh or a stronger sign-in, and of signing in again inside a session.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import { issuerOf } from '../support/client.mjs';
import { Client } from '../support/dpop.mjs';
import { giveFactors } from '../support/factors.mjs';
import {
  alter, assertFaults, assertProblem, auditOf, figures, member, sessionEnded, signIn, signUp, tokenMissing, withServer,
} from '../support/story.mjs';

const at = withServer();
const look = (token) => at.server.call('GET', '/step-up', { token });
const stepUp = (token, password, options = {}) => at.server.call('POST', '/step-up/password', { token, body: { password }, ...options });
const removeMe = (token) => at.server.call('DELETE', '/users/me', { token });
const refresh = (refresh_token) => at.server.call('POST', '/token/refresh', { body: { refresh_token } });
const notRecent = { status: 401, code: 'recent_signin_required', detail: 'Sign in again before you do this' };
const change = (session, what) => alter(at.server, `UPDATE sessions SET ${what} WHERE id = '${session}'`);

// An account whose sign-in is a while ago, and its tokens of now.
async function signedInAgo(seconds = 1000) {
  const one = await member(at.server);
  await change(one.tokens.session_id, `auth_time_s = auth_time_s - ${seconds}`);
  const { json } = await refresh(one.tokens.refresh_token);
  return { ...one, tokens: json, token: json.access_token };
}

describe('an act that demands a fresh sign-in', () => {
  it('answers the challenge of RFC 9470 with the age that would do', async () => {
    const { token } = await signedInAgo();
    const answer = await removeMe(token);
    assertProblem(answer, notRecent);
    assert.equal(answer.headers['www-authenticate'],
      'Bearer realm="Postern", error="insufficient_user_authentication", max_age="300", DPoP realm="Postern", algs="ES256 EdDSA Ed25519"');
  });

  it('is done with the tokens that a step-up brings, and not with those of before', async () => {
    const one = await signedInAgo();
    const { status, json } = await stepUp(one.token, one.password);
    assert.equal(status, 200);
    assertProblem(await removeMe(one.token), notRecent);
    assert.equal((await removeMe(json.access_token)).status, 204);
  });

  it('tells of it in the audit trail, in few rows of many', async () => {
    const one = await signedInAgo();
    const [row] = await auditOf(at.server, await removeMe(one.token));
    assert.deepEqual([row.event, row.severity, row.actor, row.session], ['postern_step_up_required', 'INFO', one.id, one.tokens.session_id]);
  });
});

describe('what could raise a session', () => {
  it('is told in the exact form', async () => {
    const one = await member(at.server);
    const answer = await look(one.token);
    assert.deepEqual([answer.status, answer.headers['cache-control'], Object.keys(answer.json)], [200, 'no-store', ['acr', 'auth_time', 'methods']]);
    assert.deepEqual([answer.json.acr, answer.json.methods], ['aal1', ['password']]);
    assert.equal(Date.parse(answer.json.auth_time) / 1000, decodeJwt(one.token).auth_time);
  });

  for (const [factors, acr, methods] of [
    [['totp'], 'aal1', ['totp']], [['webauthn', 'totp'], 'aal1', ['webauthn', 'totp']], [['webauthn', 'totp'], 'aal2', ['webauthn', 'totp']],
    [['webauthn', 'totp'], 'aal2-phr', ['webauthn']], [['totp'], 'aal2-phr', ['totp']], [['webauthn', 'recovery_code'], 'aal1', ['webauthn']],
    [['recovery_code'], 'aal1', ['password']],
  ])
    it(`is ${methods} with ${factors} at ${acr}`, async () => {
      const one = await member(at.server);
      await giveFactors(at.server, one, ...factors);
      await change(one.tokens.session_id, `acr = '${acr}'`);
      const { json } = await refresh(one.tokens.refresh_token);
      assert.deepEqual((await look(json.access_token)).json.methods, methods);
    });

  it('is told to nobody else', async () => {
    assertProblem(await look(undefined), tokenMissing);
  });
});

describe('a step-up by password', () => {
  it('answers tokens in the form of a sign-in, fresh and no stronger', async () => {
    const one = await signedInAgo();
    const before = decodeJwt(one.token);
    const { postern_step_ups_total: raised } = await figures(at.server);
    const answer = await stepUp(one.token, one.password);
    assert.equal((await figures(at.server)).postern_step_ups_total, raised + 1);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.deepEqual(Object.keys(answer.json), [
      'message', 'access_token', 'token_type', 'expires_in', 'refresh_token', 'refresh_expires_in', 'session_id', 'user_id',
    ]);
    const after = decodeJwt(answer.json.access_token);
    assert.deepEqual([answer.json.message, after.sid, after.acr, after.amr], ['Signed in again', before.sid, 'aal1', ['pwd']]);
    assert.ok(after.auth_time > before.auth_time);
    const rows = await auditOf(at.server, answer);
    assert.deepEqual(rows.map((r) => [r.event, r.actor, r.session]), [['postern_session_raised', one.id, before.sid]]);
  });

  it('voids the refresh tokens of before without an alarm, and its own is good', async () => {
    const one = await signedInAgo();
    const { json } = await stepUp(one.token, one.password);
    assertProblem(await refresh(one.tokens.refresh_token), { status: 401, code: 'refresh_token_invalid' });
    const after = await refresh(json.refresh_token);
    assert.equal(after.status, 200, 'the session is still open');
    assert.ok(decodeJwt(after.json.access_token).auth_time > decodeJwt(one.token).auth_time);
    assert.deepEqual(await at.server.query(`SELECT seq FROM audit_log WHERE event = 'authn_token_reuse' AND target = '${one.id}'`), []);
  });

  it('raises no other session of the account', async () => {
    const one = await signedInAgo();
    const other = await signIn(at.server, one);
    await change(other.session_id, 'auth_time_s = auth_time_s - 1000');
    const { json } = await refresh(other.refresh_token);
    assert.equal((await stepUp(one.token, one.password)).status, 200);
    assertProblem(await removeMe(json.access_token), notRecent);
  });

  it('with a wrong password is 403, is written down, and changes nothing', async () => {
    const one = await signedInAgo();
    const answer = await stepUp(one.token, 'not-my-Password-9');
    assertProblem(answer, { status: 403, code: 'current_password_wrong' });
    const [row] = await auditOf(at.server, answer);
    assert.deepEqual([row.event, row.reason, row.actor], ['authn_login_fail', 'password', one.id]);
    assertProblem(await removeMe(one.token), notRecent);
    assert.equal((await refresh(one.tokens.refresh_token)).status, 200);
  });

  for (const factor of ['webauthn', 'totp'])
    it(`is refused to an account with ${factor}, right password or not`, async () => {
      const one = await signedInAgo();
      await giveFactors(at.server, one, factor);
      for (const password of [one.password, 'not-my-Password-9'])
        assertProblem(await stepUp(one.token, password), { status: 409, code: 'step_up_method' });
    });

  it('is refused after the end of the session, and of the account', async () => {
    const one = await signedInAgo();
    assert.equal((await at.server.call('POST', '/logout', { token: one.token })).status, 204);
    assertProblem(await stepUp(one.token, one.password), sessionEnded);
    assertProblem(await look(one.token), sessionEnded);
  });

  it('takes one password and nothing else', async () => {
    const { token, password } = await member(at.server);
    assertFaults(await at.server.call('POST', '/step-up/password', { token, body: {} }), { password: 'missing' });
    assertFaults(await at.server.call('POST', '/step-up/password', { token, body: { password, acr: 'aal3' } }), { acr: 'unknown_field' });
    assertProblem(await stepUp(undefined, password), tokenMissing);
  });

  it('keeps the refresh token of a page in its cookie', async () => {
    const account = await signUp(at.server);
    const headers = { 'X-Postern-Client': 'web', Origin: issuerOf(at.server), 'Sec-Fetch-Site': 'same-origin' };
    const { json } = await at.server.call('POST', '/login', { body: { email: account.email, password: account.password }, headers });
    const answer = await stepUp(json.access_token, account.password, { headers });
    assert.equal(answer.status, 200);
    assert.equal('refresh_token' in answer.json, false);
    assert.match([answer.headers['set-cookie']].flat()[0], /^__Host-postern-refresh=[A-Za-z0-9_-]{70};/);
  });

  it('needs the proof of a bound session, and stays bound', async () => {
    const [account, client] = [await signUp(at.server), await Client.make(at.server)];
    const { json } = await client.signIn(account);
    assertProblem(await stepUp(json.access_token, account.password), { status: 401, code: 'token_invalid' });
    const answer = await client.call('POST', '/step-up/password', { token: json.access_token, body: { password: account.password } });
    assert.deepEqual([answer.status, answer.json.token_type, decodeJwt(answer.json.access_token).cnf], [200, 'DPoP', { jkt: client.jkt }]);
  });

  it('two at once leave one good refresh token', async () => {
    const one = await signedInAgo();
    const answers = await Promise.all([stepUp(one.token, one.password), stepUp(one.token, one.password)]);
    assert.deepEqual(answers.map(({ status }) => status), [200, 200]);
    const after = [];
    for (const { json } of answers) after.push((await refresh(json.refresh_token)).status);
    assert.deepEqual(after.sort(), [200, 401]);
  });
});

describe('guessing the password in a step-up', () => {
  const strict = withServer({ limits: true });

  it('is limited for the account, and counted', async () => {
    const one = await member(strict.server);
    let answer;
    for (let tries = 0; tries < 6; tries++)
      answer = await strict.server.call('POST', '/step-up/password', { token: one.token, body: { password: 'not-my-Password-9' } });
    assertProblem(answer, { status: 429, code: 'rate_limited' });
    const [row] = await auditOf(strict.server, answer);
    assert.deepEqual([row.event, row.reason], ['authn_login_fail', 'throttled']);
    assert.equal((await figures(strict.server))['postern_limited_total{limit="password_check"}'], 1);
  });
});
