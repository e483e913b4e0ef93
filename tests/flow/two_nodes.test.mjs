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

function withTwoNodes() {
  const at = { nodes: [] };
  before(async () => {
    const folder = newFolder();
    await notDurable(folder);
    at.nodes.push(await startServer({ folder, env: CHEAP }));
    at.nodes.push(await startServer({ folder, env: CHEAP, canaries: at.nodes[0].canaries }));
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

  it('of a hundred that spend one refresh token at once one gets the next', async () => {
    const someone = await member(at.nodes[0]);
    const answers = await times(AT_ONCE, (i) =>
      at.call(i, 'POST', '/token/refresh', { body: { refresh_token: someone.tokens.refresh_token } }));
    const given = answers.filter(({ status }) => status === 200);
    assert.equal(given.length, 1);
    for (const answer of answers) if (answer !== given[0]) assert.equal(answer.status, 401, answer.text);
  });

  it('a sign-out on the one is a sign-out on the other', async () => {
    const someone = await member(at.nodes[0]);
    assert.equal((await at.nodes[1].call('GET', '/users/me', { token: someone.token })).status, 200);
    assert.equal((await at.nodes[0].call('POST', '/logout', { token: someone.token })).status, 204);
    assertProblem(await at.nodes[1].call('GET', '/users/me', { token: someone.token }), { status: 401, code: 'session_ended' });
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
