// Stories of signed-in devices: who sees them, who ends them, and what a new password does to them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  NOBODY, PASSWORD, TIME, UUID, alter, assertFaults, assertProblem, auditOf, badCredentials, forbidden, member, sessionEnded, signIn, signUp,
  tokenMissing, userMissing, withServer,
} from '../support/story.mjs';

let admin, auditor;
const at = withServer({}, async (server) => {
  admin = await member(server, { roles: ['admin'] });
  auditor = await member(server, { roles: ['auditor'] });
});
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const NEW = 'another Good-Phrase 77';
const sessionMissing = { status: 404, code: 'session_not_found', detail: 'Session not found' };
const wrongPassword = { status: 403, code: 'current_password_wrong', detail: 'The current password is not right' };

const list = (token, id = 'me', query = '') => at.server.call('GET', `/users/${id}/sessions${query}`, { token });
const end = (token, session, id = 'me') => at.server.call('DELETE', `/users/${id}/sessions/${session}`, { token });
const me = (token) => at.server.call('GET', '/users/me', { token });
const refresh = (refresh_token, headers = {}) => at.server.call('POST', '/token/refresh', { body: { refresh_token }, headers });
const change = (token, body, id = 'me', server = at.server) => server.call('POST', `/users/${id}/password`, { token, body });

async function assertOver(tokens) {
  assertProblem(await me(tokens.access_token), sessionEnded);
  assert.equal((await refresh(tokens.refresh_token)).status, 401);
}

async function assertGood(tokens) {
  assert.equal((await me(tokens.access_token)).status, 200);
  assert.equal((await refresh(tokens.refresh_token)).status, 200);
}

describe('the list of sessions', () => {
  it('says what a person needs to know of a device', async () => {
    const account = await signUp(at.server);
    const tokens = await signIn(at.server, account, { headers: { 'User-Agent': FIREFOX } });
    const answer = await list(tokens.access_token);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['cache-control'], 'no-store');
    const { items: [item, ...others], next } = answer.json;
    assert.deepEqual([others, next], [[], null]);
    const { auth_time, created_at, last_used_at, idle_expires_at, expires_at, ...rest } = item;
    assert.deepEqual(rest, {
      id: tokens.session_id, device: 'Firefox on Linux', user_agent: FIREFOX, address: '127.0.0.1', last_address: '127.0.0.1', amr: ['pwd'],
      acr: 'aal1', current: true,
    });
    for (const time of [auth_time, created_at, last_used_at, idle_expires_at, expires_at]) assert.match(time, TIME);
    assert.equal(created_at, last_used_at);
    assert.equal(Date.parse(idle_expires_at) - Date.parse(created_at), 1209600e3);
    assert.equal(Date.parse(expires_at) - Date.parse(created_at), 2592000e3);
  });

  it('has one for each sign-in, the oldest first, and knows which one asks', async () => {
    const account = await member(at.server);
    const second = await signIn(at.server, account);
    const { json } = await list(second.access_token, account.id);
    assert.deepEqual(json.items.map(({ id, current }) => [id, current]), [[account.tokens.session_id, false], [second.session_id, true]]);
    assert.equal(json.items[0].device, 'Unknown device');
  });

  it('tells of the newest refresh', async () => {
    const account = await member(at.server);
    await alter(at.server, `UPDATE sessions SET last_used_at = created_at - 5000000 WHERE id = '${account.tokens.session_id}'`);
    await refresh(account.tokens.refresh_token, { 'User-Agent': 'other/1' });
    const { json: { items: [item] } } = await list(account.token);
    assert.ok(Date.parse(item.last_used_at) >= Date.parse(item.created_at));
    assert.equal(item.user_agent, null, 'the sign-in keeps its own');
  });

  it('leaves out what has ended or expired', async () => {
    const account = await member(at.server);
    const [ended, idle, old] = [await signIn(at.server, account), await signIn(at.server, account), await signIn(at.server, account)];
    await at.server.call('POST', '/logout', { token: ended.access_token });
    await alter(at.server, `UPDATE sessions SET idle_until = created_at WHERE id = '${idle.session_id}'`);
    await alter(at.server, `UPDATE sessions SET expires_at = created_at WHERE id = '${old.session_id}'`);
    assert.deepEqual((await list(account.token)).json.items.map(({ id }) => id), [account.tokens.session_id]);
  });

  it('comes by the page', async () => {
    const account = await member(at.server);
    for (let i = 0; i < 4; i++) await signIn(at.server, account);
    const seen = [];
    for (let next = ''; next !== null;) {
      const { json } = await list(account.token, 'me', `?limit=2${next && `&cursor=${next}`}`);
      assert.ok(json.items.length <= 2);
      seen.push(...json.items.map(({ id }) => id));
      next = json.next;
    }
    assert.equal(seen.length, 5);
    assert.deepEqual(seen, [...new Set(seen)].sort());
    for (const id of seen) assert.match(id, UUID);
  });

  for (const query of ['?limit=0', '?limit=201', '?cursor=x'])
    it(`refuses ${query}`, async () => assert.equal((await list(admin.token, 'me', query)).status, 422));

  it("is one's own, or anybody's with sessions:write, and that is audited", async () => {
    const account = await member(at.server);
    assertProblem(await list(auditor.token, account.id), forbidden);
    assertProblem(await list(account.token, admin.id), forbidden);
    assertProblem(await list(account.token, NOBODY), forbidden);
    assertProblem(await list(admin.token, NOBODY), userMissing);
    assertProblem(await list(undefined, account.id), tokenMissing);
    const answer = await list(admin.token, account.id);
    assert.deepEqual(answer.json.items.map(({ id, current }) => [id, current]), [[account.tokens.session_id, false]]);
    assert.deepEqual((await auditOf(at.server, answer)).map((row) => [row.event, row.actor, row.target]), [['sensitive_read', admin.id, account.id]]);
    assert.deepEqual(await auditOf(at.server, await list(account.token)), []);
  });
});

describe('signing a device out', () => {
  it('ends it at once and leaves the others', async () => {
    const account = await member(at.server);
    const lost = await signIn(at.server, account);
    const answer = await end(account.token, lost.session_id);
    assert.deepEqual([answer.status, answer.text], [204, '']);
    await assertOver(lost);
    await assertGood(account.tokens);
    const [row] = await auditOf(at.server, answer);
    assert.deepEqual([row.event, row.outcome, row.actor, row.target, row.session, row.detail], [
      'session_logout', 'success', account.id, account.id, lost.session_id, `{"by_session":"${account.tokens.session_id}"}`,
    ]);
  });

  it('works for the session that asks', async () => {
    const account = await member(at.server);
    assert.equal((await end(account.token, account.tokens.session_id, account.id)).status, 204);
    await assertOver(account.tokens);
  });

  it('by an administrator says so', async () => {
    const account = await member(at.server);
    assert.equal((await end(admin.token, account.tokens.session_id, account.id)).status, 204);
    await assertOver(account.tokens);
    const [{ end_reason }] = await at.server.query(`SELECT end_reason FROM sessions WHERE id = '${account.tokens.session_id}'`);
    assert.equal(end_reason, 'administrator');
  });

  it("can't be done to somebody else's", async () => {
    const [account, other] = [await member(at.server), await member(at.server)];
    assertProblem(await end(account.token, other.tokens.session_id, other.id), forbidden);
    assertProblem(await end(auditor.token, other.tokens.session_id, other.id), forbidden);
    assertProblem(await end(account.token, other.tokens.session_id, NOBODY), forbidden);
    assertProblem(await end(account.token, other.tokens.session_id), sessionMissing);
    assertProblem(await end(admin.token, other.tokens.session_id, account.id), sessionMissing);
    assertProblem(await end(admin.token, other.tokens.session_id, NOBODY), userMissing);
    await assertGood(other.tokens);
  });

  for (const [what, id] of [['nobody has', NOBODY], ['is no id', 'x'], ['is text of a database', "'%20OR%201=1"]])
    it(`of an id that ${what} is refused`, async () => {
      const account = await member(at.server);
      assertProblem(await end(account.token, id), sessionMissing);
      await assertGood(account.tokens);
    });

  it('twice finds nothing the second time', async () => {
    const account = await member(at.server);
    const lost = await signIn(at.server, account);
    assert.equal((await end(account.token, lost.session_id)).status, 204);
    assertProblem(await end(account.token, lost.session_id), sessionMissing);
  });
});

describe('a new password', () => {
  it('replaces the old one, ends every other session and keeps this one', async () => {
    const account = await member(at.server);
    const other = await signIn(at.server, account);
    const answer = await change(account.token, { current_password: PASSWORD, password: NEW });
    assert.deepEqual([answer.status, answer.text], [204, '']);
    await assertOver(other);
    await assertGood(account.tokens);
    assertProblem(await at.server.call('POST', '/login', { body: { email: account.email, password: PASSWORD } }), badCredentials);
    await signIn(at.server, { ...account, password: NEW });
    const rows = await auditOf(at.server, answer);
    assert.deepEqual(rows.map((row) => [row.event, row.outcome, row.actor, row.target, row.detail]), [
      ['authn_password_change', 'success', account.id, account.id, '{"sessions_ended":1}'],
    ]);
  });

  it('needs the current one, and a refusal changes nothing', async () => {
    const account = await member(at.server);
    const other = await signIn(at.server, account);
    for (const current_password of ['wrong-Password-1', `${PASSWORD} `, 'control\u0001-character']) {
      const answer = await change(account.token, { current_password, password: NEW });
      assertProblem(answer, wrongPassword);
      assert.deepEqual((await auditOf(at.server, answer)).map((row) => [row.event, row.outcome, row.reason, row.target]), [
        ['authn_password_change_fail', 'failure', 'password', account.id],
      ]);
    }
    await assertGood(other);
    await signIn(at.server, account);
  });

  it("can't be set for an account without one by whoever holds a token", async () => {
    const account = await member(at.server);
    await alter(at.server, `UPDATE users SET hashed_password = NULL WHERE public_id = '${account.id}'`);
    assertProblem(await change(account.token, { current_password: PASSWORD, password: NEW }), wrongPassword);
  });

  it("is one's own affair: not even an administrator changes another's", async () => {
    const account = await member(at.server);
    assertProblem(await change(admin.token, { current_password: PASSWORD, password: NEW }, account.id), forbidden);
    assertProblem(await change(admin.token, { current_password: PASSWORD, password: NEW }, NOBODY), forbidden);
    assertProblem(await change(undefined, { current_password: PASSWORD, password: NEW }), tokenMissing);
    await signIn(at.server, account);
  });

  for (const [what, body, faults] of [
    ['that is weak', { current_password: PASSWORD, password: 'password' }, { password: 'too_common' }],
    ['that is short', { current_password: PASSWORD, password: 'x1-Y' }, { password: 'too_short' }],
    ['that is the old one', { current_password: PASSWORD, password: PASSWORD }, { password: 'unchanged' }],
    ['that is missing', { current_password: PASSWORD }, { password: 'missing' }],
    ['without the current one', { password: NEW }, { current_password: 'missing' }],
    ['with a field too many', { current_password: PASSWORD, password: NEW, id: 1 }, { id: 'unknown_field' }],
  ])
    it(`${what} is refused`, async () => {
      const account = await member(at.server);
      assertFaults(await change(account.token, body), faults);
      await signIn(at.server, account);
    });

  it('that holds the own name is refused', async () => {
    const account = await member(at.server, { name: 'Wilhelmina Harker' });
    assertFaults(await change(account.token, { current_password: PASSWORD, password: 'wilhelmina harker 1' }), { password: 'contains_identity' });
  });

  it('asked for by two at once is set by one', async () => {
    const account = await member(at.server);
    const answers = await Promise.all(['first', 'second'].map((word) =>
      change(account.token, { current_password: PASSWORD, password: `${word} Good-Phrase 77` })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [204, 403]);
    const won = answers[0].status === 204 ? 'first' : 'second';
    await signIn(at.server, { ...account, password: `${won} Good-Phrase 77` });
  });
});

describe('a sign-in that meets a new password', () => {
  it('is refused, or its session is over when the new password is there', async () => {
    for (let round = 0; round < 15; round++) {
      const account = await member(at.server);
      const knocks = Array.from({ length: 8 }, () => at.server.call('POST', '/login', { body: { email: account.email, password: PASSWORD } }));
      const [changed, ...answers] = await Promise.all([change(account.token, { current_password: PASSWORD, password: NEW }), ...knocks]);
      assert.equal(changed.status, 204, changed.text);
      for (const { status, json } of answers)
        if (status === 200) assertProblem(await me(json.access_token), sessionEnded);
        else assert.equal(status, 401);
    }
  });
});

describe('whoever guesses at the current password', () => {
  const limited = withServer({ limits: true }, async () => {});
  it('is slowed down, and the owner can still sign in', async () => {
    const account = await member(limited.server);
    const statuses = [];
    for (let i = 0; i < 6; i++)
      statuses.push((await change(account.token, { current_password: `wrong-Password-${i}`, password: NEW }, 'me', limited.server)).status);
    assert.deepEqual(statuses, [403, 403, 403, 403, 403, 429]);
    await signIn(limited.server, account);
  });
});
