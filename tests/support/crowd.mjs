// People who go on using the program while something goes wrong, and who know what they were promised.
//
//   const crowd = await gather(server, 8);
//   await crowd.go(20);                          // each does everything twenty times over
//   await crowd.goesWell(); await crowd.check(); // all is well again, and all that was promised is there
import assert from 'node:assert/strict';
import { assertProblem, member, person } from './story.mjs';

// Either what was asked for or, while the database is away, a refusal that says when to come again.
function assertDoneOrAway(answer, status) {
  if (answer.status === status) return;
  assertProblem(answer, { status: 503, code: answer.json?.code });
  assert.match(answer.headers['retry-after'], /^[1-9]\d?$/);
}

class Member {
  names = []; // that were asked for since the last that was granted, which is first

  constructor(crowd, server, account) {
    Object.assign(this, { crowd, server, account, refreshToken: account.tokens.refresh_token, names: [account.name] });
  }

  async ask(kind, status, method, target, options) {
    const answer = await this.server.call(method, target, options);
    assertDoneOrAway(answer, status);
    const done = answer.status === status;
    this.crowd.asked.push({ kind, done, member: this, answer, body: options.body });
    return { done, answer };
  }

  signUp = () => this.ask('signUp', 201, 'POST', '/users', { body: person() });

  signIn = () => this.ask('signIn', 200, 'POST', '/login', { body: { email: this.account.email, password: this.account.password } });

  // A token whose trade was refused is still good; whether it is when nobody could say, nobody knows.
  refresh = async () => {
    if (this.refreshToken === undefined) return;
    const { done, answer } = await this.ask('refresh', 200, 'POST', '/token/refresh', { body: { refresh_token: this.refreshToken } });
    if (done) this.refreshToken = answer.json.refresh_token;
    else if (this.crowd.mayBeUnsure) this.refreshToken = undefined;
  };

  rename = async () => {
    const name = `${this.account.name} ${(this.crowd.renamed += 1)}`;
    const { done } = await this.ask('rename', 200, 'PATCH', '/users/me', { token: this.account.token, body: { name } });
    if (done) this.names = [name];
    else if (this.crowd.mayBeUnsure) this.names.push(name);
  };

  read = async () => {
    const asked = await this.ask('read', 200, 'GET', '/users/me', { token: this.account.token });
    const name = asked.answer.json.name;
    if (asked.done) assert.ok(this.names.includes(name), `${name} of ${this.names}`);
    return asked;
  };
}

class Crowd {
  asked = [];
  renamed = 0;

  // mayBeUnsure: the fault is one after which nobody can say whether a change is there.
  constructor(server, { mayBeUnsure = false } = {}) {
    Object.assign(this, { server, mayBeUnsure });
  }

  async gather(count) {
    this.members = [];
    for (let i = 0; i < count; i++) this.members.push(new Member(this, this.server, await member(this.server)));
    return this;
  }

  // Everybody at once, each one thing after another; starting at different ones.
  async go(times) {
    const from = this.asked.length;
    await Promise.all(this.members.map(async (one, i) => {
      const acts = [one.signUp, one.signIn, one.refresh, one.rename, one.read];
      for (let n = 0; n < times * acts.length; n++) await acts[(n + i) % acts.length]();
    }));
    return this.asked.slice(from);
  }

  // All that anybody can do, at once: more than there are workers, and no more than the hash lane lets wait. Who was refused.
  async rush() {
    const all = this.members.flatMap((one) => [one.signUp(), one.signIn(), ...Array.from({ length: 6 }, one.read)]);
    return (await Promise.all(all)).filter(({ done }) => !done);
  }

  // The program finds the database again by itself; then nobody is refused any more, and no worker is stuck.
  async goesWell(limitMs = 60_000) {
    for (const until = Date.now() + limitMs; (await this.rush()).length > 0; )
      assert.ok(Date.now() < until, `still refused after ${limitMs} ms`);
    const refused = [...(await this.rush()), ...(await this.go(1)).filter(({ done }) => !done)];
    assert.deepEqual(refused.map(({ answer }) => answer.text), []);
    assert.equal((await this.server.call('GET', '/readyz')).status, 200);
  }

  of(kind, done) {
    return this.asked.filter((one) => one.kind === kind && one.done === done);
  }

  // What was granted is there, whole; what was refused is not, unless nobody could say.
  async check() {
    await this.#checkSignUps();
    await this.#checkSessions();
    await this.#checkNames();
    for (const one of this.members) {
      await one.refresh();
      if (one.refreshToken !== undefined) assert.ok(this.asked.at(-1).done, 'a refresh token that was given, or not taken, is good');
    }
  }

  async #checkSignUps() {
    const rows = await this.server.query(
      "SELECT u.email, u.public_id, (SELECT count(*) FROM audit_log a WHERE a.event = 'user_created' AND a.target = u.public_id) AS told FROM users u"
    );
    assert.deepEqual(rows.filter(({ told }) => told !== 1), [], 'an account has one row of its making');
    const there = new Map(rows.map(({ email, public_id }) => [email, public_id]));
    for (const { body, answer } of this.of('signUp', true)) assert.equal(there.get(body.email), answer.json.id, 'an acknowledged account is gone');
    const unasked = this.of('signUp', false).filter(({ body }) => there.has(body.email));
    if (!this.mayBeUnsure) assert.deepEqual(unasked.map(({ body }) => body.email), [], 'a refused account is there');
    const [{ n }] = await this.server.query("SELECT count(*) AS n FROM audit_log WHERE event = 'user_created' AND target NOT IN (SELECT public_id FROM users)");
    assert.equal(n, 0, 'rows of accounts that are not there');
  }

  async #checkSessions() {
    const rows = await this.server.query(
      'SELECT s.id, u.email, (SELECT count(*) FROM audit_log a WHERE a.session = s.id AND a.event = \'authn_login_success\') AS told'
      + ' FROM sessions s JOIN users u ON u.id = s.user_id'
    );
    assert.deepEqual(rows.filter(({ told }) => told !== 1), [], 'a session has one row of its making');
    const there = new Set(rows.map(({ id }) => id));
    for (const { answer } of this.of('signIn', true)) assert.ok(there.has(answer.json.session_id), 'an acknowledged session is gone');
    if (!this.mayBeUnsure) assert.equal(rows.length, this.of('signIn', true).length + this.members.length, 'a refused session is there');
  }

  async #checkNames() {
    const rows = await this.server.query('SELECT email, name FROM users');
    const named = new Map(rows.map(({ email, name }) => [email, name]));
    for (const { account, names } of this.members) assert.ok(names.includes(named.get(account.email)), `${named.get(account.email)} of ${names}`);
    const changed = await this.server.query("SELECT count(*) AS n FROM audit_log WHERE event = 'user_updated'");
    const granted = this.of('rename', true).length;
    if (this.mayBeUnsure) assert.ok(changed[0].n >= granted);
    else assert.equal(changed[0].n, granted, 'each change has its row');
  }
}

export const gather = (server, count, options) => new Crowd(server, options).gather(count);
