// Stories of power cuts: what was acknowledged is there after the next start, whole, and with its row in the audit trail.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { store } from '../support/database.mjs';
import { startServer } from '../support/server.mjs';
import { PASSWORD, assertProblem, badCredentials, endWell, person, sessionEnded, signIn, signUp } from '../support/story.mjs';

const CHEAP = { POSTERN_ARGON2_M_KIB: '8', POSTERN_PASSWORD_SCORE: '0' };
const AT_ONCE = 64;

// Do all acts, many at once, and pull the plug as soon as so many were answered. The answers that came.
async function untilTheCut(server, acts, cutAfter) {
  const answered = [];
  const queue = [...acts];
  const worker = async () => {
    for (let act = queue.shift(); act !== undefined; act = queue.shift()) {
      const answer = await act().catch(() => undefined); // the connection was cut
      if (answer === undefined) return;
      answered.push(answer);
      if (answered.length === cutAfter) await server.kill9();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  assert.ok(answered.length >= cutAfter && answered.length < acts.length, `${answered.length} of ${acts.length} were answered before the cut`);
  return answered;
}

async function assertIntact(server) {
  if (store === 'sqlite') {
    assert.deepEqual(await server.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
    assert.deepEqual(await server.query('PRAGMA foreign_key_check'), []);
  }
  const without = await server.query("SELECT u.public_id FROM users u WHERE (SELECT count(*) FROM audit_log a WHERE a.event = 'user_created' AND a.target = u.public_id) <> 1");
  assert.deepEqual(without, [], 'accounts without exactly one row of their making');
  const lonely = await server.query("SELECT a.target FROM audit_log a WHERE a.event = 'user_created' AND a.target NOT IN (SELECT public_id FROM users)");
  assert.deepEqual(lonely, [], 'rows of accounts that are not there');
}

describe('after kill -9', () => {
  it('in the middle of a thousand sign-ups, three times over, every acknowledged account is there, with its row', async () => {
    let server = await startServer({ env: CHEAP });
    const made = new Map();
    for (const cutAfter of [1, 300, 900]) {
      const acts = Array.from({ length: 1000 }, () => {
        const body = person();
        return async () => ({ body, ...(await server.call('POST', '/users', { body })) });
      });
      for (const answer of await untilTheCut(server, acts, cutAfter)) {
        if (answer.status === 201) made.set(answer.json.id, answer);
        else assert.equal(answer.json.code, 'hash_lane_full', answer.text); // a machine with other work: refused, so nothing is promised
      }
      server = await startServer({ env: CHEAP, folder: server.folder, canaries: server.canaries });
      await assertIntact(server);
      const there = new Map((await server.query('SELECT public_id, email FROM users')).map((row) => [row.public_id, row.email]));
      for (const [id, { body }] of made) assert.equal(there.get(id), body.email, 'an acknowledged account is gone');
      const rows = new Set((await server.query("SELECT request_id FROM audit_log WHERE event = 'user_created'")).map((row) => row.request_id));
      for (const { headers } of made.values()) assert.ok(rows.has(headers['x-request-id']), 'its row is gone');
    }
    const some = [...made.values()].filter((_, i) => i % 100 === 0);
    for (const { body, json } of some) {
      assert.equal((await signIn(server, body)).user_id, json.id);
      assertProblem(await server.call('POST', '/users', { body }), { status: 409, code: 'email_taken' });
    }
    await endWell(server);
  });

  it('an acknowledged sign-out has ended its session, and a refresh its old token', async () => {
    let server = await startServer({ env: CHEAP });
    const account = await signUp(server);
    const sessions = [];
    for (let i = 0; i < 10; i++) sessions.push(...(await Promise.all(Array.from({ length: 30 }, () => signIn(server, account)))));
    const acts = sessions.map((tokens, i) => async () => {
      const answer = i % 2
        ? await server.call('POST', '/logout', { token: tokens.access_token })
        : await server.call('POST', '/token/refresh', { body: { refresh_token: tokens.refresh_token } });
      return { tokens, ...answer };
    });
    const answers = await untilTheCut(server, acts, 120);
    server = await startServer({ env: CHEAP, folder: server.folder, canaries: server.canaries });
    await assertIntact(server);
    const refresh = (refresh_token) => server.call('POST', '/token/refresh', { body: { refresh_token } });
    for (const { status, tokens, json } of answers) {
      if (status === 204) {
        assertProblem(await refresh(tokens.refresh_token), { status: 401, code: 'refresh_token_invalid' });
        assertProblem(await server.call('GET', '/users/me', { token: tokens.access_token }), sessionEnded);
        continue;
      }
      assert.equal((await refresh(json.refresh_token)).status, 200);
      assertProblem(await refresh(tokens.refresh_token), { status: 401, code: 'refresh_token_invalid' });
    }
    await endWell(server);
  });

  it('right at its first start, the next one is whole', async () => {
    for (let i = 0; i < 5; i++) {
      const first = await startServer({ env: CHEAP });
      await first.kill9();
      const second = await startServer({ env: CHEAP, folder: first.folder });
      await assertIntact(second);
      assert.equal((await second.call('GET', '/readyz')).status, 200);
      const body = person();
      assert.equal((await second.call('POST', '/users', { body })).status, 201);
      assertProblem(await second.call('POST', '/login', { body: { email: body.email, password: `${PASSWORD}x` } }), badCredentials);
      await endWell(second);
    }
  });
});
