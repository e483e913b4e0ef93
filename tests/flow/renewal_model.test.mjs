// Random interleavings of sign-in, refresh, retry, reuse, sign-out and new passwords over four clients, against a model of a few lines:
// no interleaving yields a working token of an ended session, and none ends a session that the model keeps.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alter, signUp, withServer } from '../support/story.mjs';

const at = withServer({}, async () => {});
const STEPS = Number(process.env.POSTERN_MODEL_STEPS ?? 200);
const SEEDS = (process.env.POSTERN_MODEL_SEEDS ?? '1,2,3,4').split(',').map(Number);

// mulberry32: small, and the same everywhere.
function randomOf(seed) {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const agentOf = (client) => ({ 'User-Agent': `client-${client}/1` });

// What should be: a session has its tokens by number, the last one is good; who spent the one before, and whether that was just now.
class Model {
  sessions = [];

  open(client, tokens) {
    this.sessions.push({ alive: true, refresh: [tokens.refresh_token], access: [tokens.access_token], spentBy: undefined, recent: false, client, id: tokens.session_id });
  }

  // 'fresh' | 'same' | 'reuse' | 'dead'
  expect(session, number, client) {
    const good = session.refresh.length - 1;
    if (!session.alive) return 'dead';
    if (number === good) return 'fresh';
    return number === good - 1 && session.recent && session.spentBy === client ? 'same' : 'reuse';
  }
}

async function world(seed) {
  const random = randomOf(seed);
  const pick = (list) => list[random(list.length)];
  const account = await signUp(at.server);
  const model = new Model();
  let password = account.password;
  let changes = 0;
  const call = (method, route, options) => at.server.call(method, route, options);

  const acts = {
    async signIn() {
      const client = random(4);
      const answer = await call('POST', '/login', { body: { email: account.email, password }, headers: agentOf(client) });
      assert.equal(answer.status, 200, answer.text);
      model.open(client, answer.json);
      return `sign-in by ${client}`;
    },
    async refresh() {
      const session = pick(model.sessions);
      const number = Math.max(0, session.refresh.length - 1 - [0, 0, 0, 1, 1, 2, random(20)][random(7)]);
      const client = random(4) === 0 ? random(4) : session.client;
      const expected = model.expect(session, number, client);
      const answer = await call('POST', '/token/refresh', { body: { refresh_token: session.refresh[number] }, headers: agentOf(client) });
      const told = `refresh of ${session.id} number ${number} by ${client}, expected ${expected}: ${answer.text}`;
      assert.equal(answer.status, expected === 'fresh' || expected === 'same' ? 200 : 401, told);
      if (expected === 'fresh') {
        assert.ok(!session.refresh.includes(answer.json.refresh_token), told);
        session.refresh.push(answer.json.refresh_token);
        Object.assign(session, { spentBy: client, recent: true });
      }
      if (expected === 'same') assert.equal(answer.json.refresh_token, session.refresh.at(-1), told);
      if (answer.status === 200) session.access.push(answer.json.access_token);
      if (expected === 'reuse') session.alive = false;
      return told;
    },
    async wait() {
      const session = pick(model.sessions);
      await alter(at.server, `UPDATE sessions SET last_used_at = last_used_at - 11000000 WHERE id = '${session.id}'`);
      session.recent = false;
      return `eleven seconds for ${session.id}`;
    },
    async signOut() {
      const session = pick(model.sessions);
      const { status } = await call('POST', '/logout', { token: pick(session.access) });
      assert.equal(status, session.alive ? 204 : 401);
      session.alive = false;
      return `sign-out of ${session.id}`;
    },
    async signOther() {
      const [by, gone] = [pick(model.sessions), pick(model.sessions)];
      const { status } = await call('DELETE', `/users/me/sessions/${gone.id}`, { token: pick(by.access) });
      assert.equal(status, !by.alive ? 401 : gone.alive ? 204 : 404);
      if (by.alive) gone.alive = false;
      return `sign-out of ${gone.id} by ${by.id}`;
    },
    async newPassword() {
      const session = pick(model.sessions);
      const next = `Good-Phrase-${seed}-${(changes += 1)}`;
      const { status } = await call('POST', '/users/me/password', { token: pick(session.access), body: { current_password: password, password: next } });
      assert.equal(status, session.alive ? 204 : 401);
      if (session.alive) {
        password = next;
        for (const other of model.sessions) if (other !== session) other.alive = false;
      }
      return `new password by ${session.id}`;
    },
    async look() {
      const session = pick(model.sessions);
      const { status } = await call('GET', '/users/me', { token: pick(session.access) });
      assert.equal(status, session.alive ? 200 : 401);
      return `look at ${session.id}`;
    },
  };
  // Often what matters most; the last acts seldom, since they end everything.
  const choice = [...Array(12).fill('refresh'), ...Array(6).fill('look'), 'signIn', 'signIn', 'signIn', 'wait', 'wait', 'signOut', 'signOther', 'newPassword'];
  const said = [await acts.signIn(), await acts.signIn()];
  try {
    for (let step = 0; step < STEPS; step++) said.push(await acts[pick(choice)]());
    for (const session of model.sessions)
      for (const token of session.access) assert.equal((await call('GET', '/users/me', { token })).status, session.alive ? 200 : 401);
  } catch (error) {
    error.message += `\nseed ${seed}, after:\n${said.slice(-12).join('\n')}`;
    throw error;
  }
}

describe('sessions do what the model says', { concurrency: SEEDS.length }, () => {
  for (const seed of SEEDS) it(`for ${STEPS} acts from seed ${seed}`, () => world(seed));
});
