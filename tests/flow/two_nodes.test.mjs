// Stories of two nodes on one PostgreSQL: what may be only once is there once, however many ask for it on both at the same moment.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { databaseUrl, onlyOn, query } from '../support/database.mjs';
import { desk } from '../support/desk.mjs';
import { newFolder, startServer } from '../support/server.mjs';
import { assertProblem, emailTaken, endWell, member, person, usernameTaken } from '../support/story.mjs';

const CHEAP = { POSTERN_ARGON2_M_KIB: '8', POSTERN_PASSWORD_SCORE: '0' };
const AT_ONCE = 100;

// Nobody pulls the plug here, so no commit waits for the disk: the races come closer together.
async function notDurable(folder) {
  databaseUrl(folder);
  const [{ name }] = await query(folder, 'SELECT current_database() AS name');
  await query(folder, `ALTER DATABASE "${name}" SET synchronous_commit = off`, { write: true });
}

function withTwoNodes(options = {}) {
  const at = { nodes: [] };
  before(async () => {
    const folder = newFolder();
    await notDurable(folder);
    at.nodes.push(await startServer({ folder, env: CHEAP, ...options }));
    at.nodes.push(await startServer({ folder, env: CHEAP, ...options, canaries: at.nodes[0].canaries }));
  });
  after(async () => {
    for (const node of at.nodes) await endWell(node);
  });
  at.query = (text) => at.nodes[0].query(text);
  at.call = (i, ...args) => at.nodes[i % at.nodes.length].call(...args);
  return at;
}

// One winner, and everybody else told the same.
function assertOneWon(answers, status, refusal) {
  const won = answers.filter((answer) => answer.status === status);
  assert.equal(won.length, 1, `${answers.map((answer) => answer.status)}`);
  for (const answer of answers) if (answer !== won[0]) assertProblem(answer, refusal);
  return won[0];
}

const times = (n, act) => Promise.all(Array.from({ length: n }, (_, i) => act(i)));

describe('two nodes on one database', onlyOn('postgres'), () => {
  const at = withTwoNodes();

  it(`of ${AT_ONCE} sign-ups of one address at once one is let in, two hundred times over`, async () => {
    const winners = new Map();
    for (let round = 0; round < 200; round++) {
      const body = person();
      const answers = await times(AT_ONCE, (i) => at.call(i, 'POST', '/users', { body }));
      winners.set(body.email, assertOneWon(answers, 201, emailTaken).json.id);
    }
    const rows = await at.query('SELECT email, public_id FROM users');
    assert.equal(rows.length, winners.size, 'one row for each address');
    for (const { email, public_id } of rows) assert.equal(public_id, winners.get(email));
    const trail = await at.query(
      "SELECT event, count(*) AS n FROM audit_log WHERE event IN ('user_created', 'postern_signup_duplicate') GROUP BY event ORDER BY event"
    );
    assert.deepEqual(trail, [{ event: 'postern_signup_duplicate', n: 200 * (AT_ONCE - 1) }, { event: 'user_created', n: 200 }]);
  });

  it('of fifty accounts that ask for one user name at once one gets it, and no newcomer does', async () => {
    const people = [];
    for (let i = 0; i < 50; i++) people.push(await member(at.nodes[i % 2]));
    for (let round = 0; round < 20; round++) {
      const username = `wanted.${round}`;
      const asked = people.map(({ token }, i) => at.call(i, 'PATCH', '/users/me', { token, body: { username } }));
      const newcomers = times(10, (i) => at.call(i, 'POST', '/register', { body: { username: username.toUpperCase(), password: 'SecurePass123' } }));
      const answers = (await Promise.all([...asked, newcomers])).flat();
      const won = answers.filter(({ status }) => status < 300);
      assertOneWon(answers, won[0]?.status, usernameTaken);
      assert.equal((await at.query(`SELECT count(*) AS n FROM users WHERE username_key = '${username}'`))[0].n, 1);
    }
  });

  it('a refresh token that a hundred bring at once has one successor, and is spent once', async () => {
    const someone = await member(at.nodes[0]);
    const { refresh_token } = someone.tokens;
    const answers = await times(AT_ONCE, (i) => at.call(i, 'POST', '/token/refresh', { body: { refresh_token } }));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200], answers[0].text);
    assert.equal(new Set(answers.map(({ json }) => json.refresh_token)).size, 1);
    const [row] = await at.query(`SELECT refresh_number, ended_at FROM sessions WHERE id = '${someone.tokens.session_id}'`);
    assert.deepEqual([Number(row.refresh_number), Number(row.ended_at)], [1, 0]);
    assert.equal((await at.call(1, 'POST', '/token/refresh', { body: { refresh_token: answers[0].json.refresh_token } })).status, 200);
  });

  it('a copy of a spent refresh token ends the session on both', async () => {
    const someone = await member(at.nodes[0]);
    const { refresh_token } = someone.tokens;
    const { json } = await at.call(0, 'POST', '/token/refresh', { body: { refresh_token } });
    const thief = await at.call(1, 'POST', '/token/refresh', { body: { refresh_token }, headers: { 'User-Agent': 'thief/1' } });
    assertProblem(thief, { status: 401, code: 'refresh_token_invalid' });
    for (const i of [0, 1]) assertProblem(await at.call(i, 'GET', '/users/me', { token: json.access_token }), { status: 401, code: 'session_ended' });
  });

  it('a sign-in on the one that meets a new password on the other is refused, or over', async () => {
    for (let round = 0; round < 15; round++) {
      const someone = await member(at.nodes[0]);
      const { email, password } = someone;
      const asked = times(10, (i) => at.call(i, 'POST', '/login', { body: { email, password } }));
      const body = { current_password: password, password: 'another Good-Phrase 77' };
      const changed = await at.call(round, 'POST', '/users/me/password', { token: someone.token, body });
      assert.equal(changed.status, 204, changed.text);
      for (const { status, json } of await asked)
        if (status === 200) assertProblem(await at.call(1, 'GET', '/users/me', { token: json.access_token }), { status: 401, code: 'session_ended' });
        else assert.equal(status, 401);
    }
  });

  it('a sign-out on the one is a sign-out on the other', async () => {
    const someone = await member(at.nodes[0]);
    assert.equal((await at.nodes[1].call('GET', '/users/me', { token: someone.token })).status, 200);
    assert.equal((await at.nodes[0].call('POST', '/logout', { token: someone.token })).status, 204);
    assertProblem(await at.nodes[1].call('GET', '/users/me', { token: someone.token }), { status: 401, code: 'session_ended' });
  });
});

describe('two nodes that count tries together', onlyOn('postgres'), () => {
  const at = withTwoNodes({ limits: true });
  const tryOn = (node, email, from) => at.call(node, 'POST', '/login', { body: { email, password: 'wrong-Password-1' }, from });

  it('grant the tries of one account once', async () => {
    const { email } = await member(at.nodes[0]);
    const statuses = [];
    for (let i = 0; i < 14; i++) statuses.push((await tryOn(i, email, `127.0.${i + 1}.1`)).status);
    assert.deepEqual(statuses, [...Array(10).fill(401), ...Array(4).fill(429)]);
  });

  it('grant them once when they come at the same moment', async () => {
    const { email } = await member(at.nodes[0]);
    const answers = await times(40, (i) => tryOn(i, email, `127.1.${i + 1}.1`));
    assert.equal(answers.filter(({ status }) => status === 401).length, 10);
    assert.equal(answers.filter(({ status }) => status === 429).length, 30);
  });

  it('grant the tries of one network once', async () => {
    const answers = await times(60, (i) => tryOn(i, `nobody.${i}@example.com`, '127.2.1.1'));
    assert.equal(answers.filter(({ status }) => status === 401).length, 30);
  });

  it('give a try back for each other after a sign-in that was good', async () => {
    const someone = await member(at.nodes[0]);
    for (let i = 0; i < 30; i++) {
      const { status } = await at.call(i, 'POST', '/login', { body: { email: someone.email, password: someone.password }, from: `127.3.${i + 1}.1` });
      assert.equal(status, 200, `sign-in ${i}`);
    }
  });

  it('keep no name in the table', async () => {
    const { email } = await member(at.nodes[0]);
    await tryOn(0, email, '127.4.1.1');
    const rows = await at.query("SELECT encode(subject, 'escape') AS subject FROM limit_buckets");
    assert.ok(rows.length > 0);
    for (const { subject } of rows) assert.ok(!subject.includes(email) && !subject.includes('signin'));
  });
});

describe('two programs on one empty database', onlyOn('postgres'), () => {
  const steps = async (folder) => query(folder, 'SELECT number FROM schema_migrations ORDER BY number');
  const numbered = (rows) => rows.map((_, i) => ({ number: i + 1 }));

  it('that migrate at once both end well, and each step has run once', async () => {
    for (let round = 0; round < 5; round++) {
      const { folder, cli } = desk();
      const both = await times(2, () => cli('migrate', 'up', '--json'));
      assert.deepEqual(both.map(({ code, stderr }) => [code, stderr]), [[0, ''], [0, '']]);
      const told = both.map(({ stdout }) => JSON.parse(stdout));
      const there = await steps(folder);
      assert.ok(there.length > 0);
      assert.deepEqual(there, numbered(there));
      assert.equal(told[0].steps + told[1].steps, there.length);
      assert.deepEqual(told.map(({ schema }) => schema), [there.length, there.length]);
    }
  });

  it('that serve and may migrate both serve, and each step has run once', async () => {
    for (let round = 0; round < 3; round++) {
      const folder = newFolder();
      databaseUrl(folder);
      const nodes = await times(2, () => startServer({ folder, env: { ...CHEAP, POSTERN_MIGRATE: 'on' } }));
      const there = await steps(folder);
      assert.deepEqual(there, numbered(there));
      const ran = nodes.flatMap((node) => node.lines.filter(({ event }) => event === 'migrated')).map((line) => line.steps);
      assert.equal(ran.reduce((sum, n) => sum + n, 0), there.length);
      const body = person();
      assert.equal((await nodes[0].call('POST', '/users', { body })).status, 201);
      assertProblem(await nodes[1].call('POST', '/users', { body }), emailTaken);
      assert.equal((await nodes[1].call('POST', '/login', { body: { email: body.email, password: body.password } })).status, 200);
      for (const node of nodes) assert.equal(await node.stop(), 0);
    }
  });
});
