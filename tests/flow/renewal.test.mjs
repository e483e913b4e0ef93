// Stories of refresh tokens: spent once, given again to an honest retry, and the end of the session for whoever brings a copy.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import {
  alter, assertFaults, assertProblem, auditOf, member, sessionEnded, signIn, withServer,
} from '../support/story.mjs';

const at = withServer();
const refresh = (refresh_token, headers = {}) => at.server.call('POST', '/token/refresh', { body: { refresh_token }, headers });
const me = (token) => at.server.call('GET', '/users/me', { token });
const refreshInvalid = { status: 401, code: 'refresh_token_invalid', detail: 'The refresh token is not valid' };
const THIEF = { 'User-Agent': 'thief/1' };
const later = (tokens, seconds) => alter(at.server, `UPDATE sessions SET last_used_at = last_used_at - ${seconds}000000 WHERE id = '${tokens.session_id}'`);
const rowOf = async (tokens) => (await at.server.query(`SELECT * FROM sessions WHERE id = '${tokens.session_id}'`))[0];

// The same token with one byte changed.
function changed(token, at, by) {
  const bytes = Buffer.from(token, 'base64url');
  bytes[at] ^= by;
  return bytes.toString('base64url');
}

// The session is over for everybody, and the trail says why.
async function assertReuse(answer, account, good) {
  assertProblem(answer, refreshInvalid);
  const [row, ...more] = await auditOf(at.server, answer);
  assert.deepEqual(more, []);
  assert.deepEqual([row.event, row.severity, row.outcome, row.reason, row.target, row.session], [
    'authn_token_reuse', 'CRITICAL', 'failure', 'refresh_reused', account.id, account.tokens.session_id,
  ]);
  await at.server.logged((line) => line.event === 'alert' && line.rule === 'refresh_token_reuse' && line.request_id === answer.headers['x-request-id']);
  assert.equal((await rowOf(account.tokens)).end_reason, 'refresh_reused');
  assertProblem(await refresh(good.refresh_token), refreshInvalid);
  for (const token of [account.token, good.access_token]) assertProblem(await me(token), sessionEnded);
}

describe('a refresh token', () => {
  it('is traded for a new pair of the same session', async () => {
    const account = await member(at.server);
    const answer = await refresh(account.tokens.refresh_token);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.json.message, 'Token refreshed');
    assert.equal(answer.json.session_id, account.tokens.session_id);
    assert.equal(answer.json.user_id, account.id);
    assert.notEqual(answer.json.refresh_token, account.tokens.refresh_token);
    assert.notEqual(answer.json.access_token, account.token);
    for (const token of [account.token, answer.json.access_token]) assert.equal((await me(token)).status, 200);
    assert.equal((await refresh(answer.json.refresh_token)).status, 200);
  });

  it('keeps the time of the sign-in, so that nobody becomes recent by refreshing', async () => {
    const account = await member(at.server);
    await alter(at.server, `UPDATE sessions SET auth_time_s = 1700000000 WHERE id = '${account.tokens.session_id}'`);
    const { json } = await refresh(account.tokens.refresh_token);
    assert.equal(decodeJwt(json.access_token).auth_time, 1700000000);
  });

  it('is not stored, nor anything that it could be made from', async () => {
    const { tokens } = await member(at.server);
    const bytes = Buffer.from(tokens.refresh_token, 'base64url');
    const row = await rowOf(tokens);
    const stored = JSON.stringify(row).toLowerCase();
    for (const form of ['hex', 'base64', 'base64url']) assert.ok(!stored.includes(bytes.subarray(20).toString(form).toLowerCase()));
    assert.equal(row.refresh_number, 0);
  });

  it('leaves one row a session, however often it is spent', async () => {
    const { tokens } = await member(at.server);
    const count = async () => (await at.server.query('SELECT count(*) AS n FROM sessions'))[0].n;
    const before = await count();
    let token = tokens.refresh_token;
    for (let i = 0; i < 300; i++) token = (await refresh(token)).json.refresh_token;
    assert.equal(await count(), before);
    assert.equal((await rowOf(tokens)).refresh_number, 300);
  });

  it('lives as long as a session that nobody uses, and never longer than the session', async () => {
    const { tokens } = await member(at.server);
    assert.equal(tokens.refresh_expires_in, 1209600);
    await alter(at.server, `UPDATE sessions SET expires_at = last_used_at + 100000000 WHERE id = '${tokens.session_id}'`);
    const { json } = await refresh(tokens.refresh_token);
    assert.ok(json.refresh_expires_in <= 100 && json.refresh_expires_in > 40, `${json.refresh_expires_in}`);
  });

  for (const [what, column] of [['that nobody used in time', 'idle_until'], ['of a session past its end', 'expires_at']])
    it(`${what} is refused, and so is its access token`, async () => {
      const account = await member(at.server);
      await alter(at.server, `UPDATE sessions SET ${column} = created_at + 1 WHERE id = '${account.tokens.session_id}'`);
      assertProblem(await me(account.token), sessionEnded);
      const answer = await refresh(account.tokens.refresh_token);
      assertProblem(answer, refreshInvalid);
      assert.deepEqual((await auditOf(at.server, answer)).map((row) => [row.event, row.reason]), [['authn_login_fail', 'refresh_ended']]);
    });
});

describe('a spent refresh token', () => {
  it('brought again by the same client at once gets the same successor', async () => {
    const { tokens } = await member(at.server);
    const first = await refresh(tokens.refresh_token);
    const second = await refresh(tokens.refresh_token);
    assert.equal(second.status, 200);
    assert.equal(second.json.refresh_token, first.json.refresh_token);
    assert.equal((await me(second.json.access_token)).status, 200);
    assert.deepEqual((await auditOf(at.server, second)).map((row) => [row.event, row.outcome, row.detail]), [
      ['session_renewed', 'success', '{"retried":true}'],
    ]);
    assert.equal((await rowOf(tokens)).refresh_number, 1);
  });

  it('brought by a hundred at once has one successor, and no alarm', async () => {
    const { tokens } = await member(at.server);
    const answers = await Promise.all(Array.from({ length: 100 }, () => refresh(tokens.refresh_token)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(new Set(answers.map(({ json }) => json.refresh_token)).size, 1);
    assert.equal(new Set(answers.map(({ json }) => decodeJwt(json.access_token).jti)).size, 100);
    const row = await rowOf(tokens);
    assert.deepEqual([row.refresh_number, Number(row.ended_at)], [1, 0]);
    assert.equal((await refresh(answers[0].json.refresh_token)).status, 200);
  });

  it('brought by another program ends the session: the thief came second', async () => {
    const account = await member(at.server);
    const owner = await refresh(account.tokens.refresh_token);
    await assertReuse(await refresh(account.tokens.refresh_token, THIEF), account, owner.json);
  });

  it('brought by its owner after a thief ends the session too', async () => {
    const account = await member(at.server);
    const thief = await refresh(account.tokens.refresh_token, THIEF);
    assert.equal(thief.status, 200);
    await assertReuse(await refresh(account.tokens.refresh_token), account, thief.json);
  });

  it('brought by the same client after the grace ends the session', async () => {
    const account = await member(at.server);
    const { json } = await refresh(account.tokens.refresh_token);
    await later(account.tokens, 11);
    await assertReuse(await refresh(account.tokens.refresh_token), account, json);
  });

  it('brought by the same client just within the grace does not', async () => {
    const { tokens } = await member(at.server);
    await refresh(tokens.refresh_token);
    await later(tokens, 5);
    assert.equal((await refresh(tokens.refresh_token)).status, 200);
  });

  it('whose successor was spent as well ends the session', async () => {
    const account = await member(at.server);
    const second = await refresh(account.tokens.refresh_token);
    const third = await refresh(second.json.refresh_token);
    await assertReuse(await refresh(account.tokens.refresh_token), account, third.json);
  });

  it('from long ago is known still', async () => {
    const account = await member(at.server);
    let last = account.tokens;
    for (let i = 0; i < 20; i++) last = (await refresh(last.refresh_token)).json;
    await assertReuse(await refresh(account.tokens.refresh_token), account, last);
  });

  it('of a session that has ended is refused without another alarm', async () => {
    const account = await member(at.server);
    await refresh(account.tokens.refresh_token);
    await at.server.call('POST', '/logout', { token: account.token });
    const answer = await refresh(account.tokens.refresh_token, THIEF);
    assertProblem(answer, refreshInvalid);
    assert.deepEqual((await auditOf(at.server, answer)).map((row) => [row.event, row.reason]), [['authn_login_fail', 'refresh_ended']]);
  });

  it('ends its own session and no other of the account', async () => {
    const account = await member(at.server);
    const other = await signIn(at.server, account);
    await refresh(account.tokens.refresh_token);
    assertProblem(await refresh(account.tokens.refresh_token, THIEF), refreshInvalid);
    assert.equal((await me(other.access_token)).status, 200);
    assert.equal((await refresh(other.refresh_token)).status, 200);
  });

  it('that is ahead of its row, as after a database was set back, is refused without an alarm', async () => {
    const account = await member(at.server);
    const { json } = await refresh(account.tokens.refresh_token);
    await alter(at.server, `UPDATE sessions SET refresh_number = 0 WHERE id = '${account.tokens.session_id}'`);
    const answer = await refresh(json.refresh_token);
    assertProblem(answer, refreshInvalid);
    assert.deepEqual((await auditOf(at.server, answer)).map((row) => row.reason), ['refresh_ended']);
    assert.equal((await me(account.token)).status, 200);
  });
});

describe('what is no refresh token of ours', () => {
  for (const [why, make] of [
    ['that nobody has', () => 'A'.repeat(70)],
    ['that is too short', (good) => good.slice(0, 69)],
    ['that is too long', (good) => `${good}A`],
    ['with padding', (good) => `${good}=`],
    ['with a blank', (good) => `${good.slice(0, 69)} `],
    ['with the last bits of its last letter set', (good) => good.slice(0, 69) + String.fromCharCode(good.charCodeAt(69) + 1)],
    ['of another session with the MAC of this one', (good) => changed(good, 3, 1)],
    ['with the next number', (good) => changed(good, 19, 1)],
    ['with another MAC', (good) => changed(good, 51, 1)],
    ['in the wrong case', (good) => good.toLowerCase()],
    ['with a NUL', (good) => good.slice(0, 69) + '\u0001'],
    ['that is text of a database', () => "' OR 1=1 --"],
    ['that is an access token', (_, access) => access.slice(0, 512)],
  ])
    it(`${why} is refused`, async () => {
      const { tokens } = await member(at.server);
      const answer = await refresh(make(tokens.refresh_token, tokens.access_token));
      assertProblem(answer, refreshInvalid);
      assert.equal((await refresh(tokens.refresh_token)).status, 200, 'the real one is still good');
    });

  for (const [why, body, faults] of [
    ['missing', {}, { refresh_token: 'missing' }],
    ['empty', { refresh_token: '' }, { refresh_token: 'too_short' }],
    ['no text', { refresh_token: 7 }, { refresh_token: 'wrong_type' }],
    ['null', { refresh_token: null }, { refresh_token: 'wrong_type' }],
    ['of 513 bytes', { refresh_token: 'x'.repeat(513) }, { refresh_token: 'too_long' }],
    ['beside an unknown field', { refresh_token: 'x', grant_type: 'refresh_token' }, { grant_type: 'unknown_field' }],
  ])
    it(`${why} is refused`, async () => assertFaults(await at.server.call('POST', '/token/refresh', { body }), faults));

  it('opens nothing else', async () => {
    const { tokens } = await member(at.server);
    assertProblem(await me(tokens.refresh_token), { status: 401, code: 'token_invalid' });
  });
});
