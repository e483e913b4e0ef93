// Moves of all data from one database into another: there and back, killed at any point, refused, and people who sign in
// afterwards. Every pair of databases that there is; those with PostgreSQL need POSTERN_TEST_POSTGRES (script/postgres).
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it, test } from 'node:test';
import { desk, refused } from '../support/desk.mjs';
import { dyingAt } from '../support/die.mjs';
import { children } from '../support/run.mjs';
import { newFolder, program, startServer } from '../support/server.mjs';
import { signIn, signUp } from '../support/story.mjs';

const server = process.env.POSTERN_TEST_POSTGRES;
const needsPostgres = { skip: server === undefined ? 'POSTERN_TEST_POSTGRES names no server; script/postgres -- COMMAND sets it' : false };
const needs = (...stores) => (stores.includes('postgres') ? needsPostgres : {});
const ROWS = 20_000; // of the audit trail: twenty batches

let made = 0;
const fresh = {
  sqlite: () => `sqlite:${path.join(newFolder(), 'copy.db')}`,
  postgres: () => {
    const url = new URL(server);
    url.pathname = `/copy_${process.pid}_${(made += 1)}`;
    execFileSync('psql', ['-q', '-c', `CREATE DATABASE "${url.pathname.slice(1)}"`, server]);
    return url.href;
  },
};

const file = (url) => url.slice('sqlite:'.length);

// One number, through the database's own tool.
function number(url, text) {
  const said = url.startsWith('sqlite:')
    ? execFileSync('sqlite3', ['-bail', file(url), text])
    : execFileSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', text, url]);
  return Number(said.toString());
}

const tell = number; // for statements without a row

// A data folder, with a command in it.
function office() {
  const at = desk();
  const copyWith = (env, from, to, ...more) => at.cliWith({ env }, 'store', 'copy', '--from', from, '--to', to, ...more);
  return { ...at, copyWith, copy: (...args) => copyWith({}, ...args) };
}

async function copied(at, from, to, ...more) {
  const { code, stdout, stderr } = await at.copy(from, to, '--json', '--quiet', ...more);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

const serveOn = (at, url, more = {}) => startServer({ folder: at.folder, env: { DATABASE_URL: url }, ...more });

// A server has run on it, and people have signed up; more: rows of its audit trail.
async function lived(at, url, more = 0) {
  const one = await serveOn(at, url);
  const people = [await signUp(one), await signUp(one), await signUp(one)];
  const tokens = await signIn(one, people[1]);
  assert.equal(await one.stop(), 0, one.stderr);
  const source = url.startsWith('sqlite:')
    ? `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${more}) SELECT i FROM n`
    : `SELECT i FROM generate_series(1, ${more}) n(i)`;
  if (more > 0) tell(url, `INSERT INTO audit_log (at, event, severity, outcome) SELECT i, 'x', 'INFO', 'success' FROM (${source}) m`);
  return { people, tokens, canaries: one.canaries };
}

const BROKEN_OFF = /a copy into this database was broken off; run the same postern store copy again/;

// Who must not start on its target, and what they say.
async function assertUnfinished(at, url) {
  for (const words of [['serve'], ['migrate', 'up'], ['user', 'list']]) {
    const { code, stderr } = await at.cliWith({ env: { DATABASE_URL: url } }, ...words);
    assert.equal(code, 1, stderr);
    assert.match(stderr, BROKEN_OFF);
  }
}

async function killedAt(at, from, to, n) {
  const { signal, stderr } = await at.copyWith(await dyingAt(n), from, to);
  assert.equal(signal, 'SIGKILL', stderr);
}

// Killed as soon as it has begun to copy.
async function brokenOff(at, from, to) {
  const begun = async () => BROKEN_OFF.test((await at.cliWith({ env: { DATABASE_URL: to } }, 'user', 'list')).stderr);
  for (let n = 100; !(await begun()); n += 10) await killedAt(at, from, to, n);
}

// A copy that has come to a stand in the midst of its work; ended() lets it go on, to its end.
async function standing(at, from, to, ...more) {
  const env = { ...at.env, ...(await dyingAt(500, { by: 'SIGSTOP' })) };
  const child = spawn(program, ['store', 'copy', '--from', from, '--to', to, ...more], { cwd: at.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  children.add(child);
  for (const name of ['stdout', 'stderr']) child[name].on('data', (text) => (said[name] += text));
  const closed = new Promise((resolve) => child.on('close', resolve));
  while (!readFileSync(`/proc/${child.pid}/stat`, 'latin1').includes(') T ')) await new Promise((resolve) => setTimeout(resolve, 10));
  const ended = async () => {
    child.kill('SIGCONT');
    const code = await closed;
    children.delete(child);
    return { code, ...said };
  };
  return { pid: child.pid, ended };
}

for (const [from, to] of [['sqlite', 'sqlite'], ['sqlite', 'postgres'], ['postgres', 'sqlite'], ['postgres', 'postgres']])
  describe(`from ${from} to ${to}`, needs(from, to), () => {
    const at = {};
    before(async () => {
      at.office = office();
      at.from = fresh[from]();
      at.to = fresh[to]();
      at.life = await lived(at.office, at.from);
      at.told = await copied(at.office, at.from, at.to);
    });

    it('every table is told with its rows and its digest, and the way back has the same', async () => {
      const { items, rows, schema, resumed, missed } = at.told;
      assert.deepEqual([resumed, missed], [false, 0]);
      assert.equal(schema, number(at.from, 'SELECT MAX(number) FROM schema_migrations'));
      assert.equal(rows, items.reduce((sum, item) => sum + item.rows, 0));
      for (const { table, rows: count, digest } of items) {
        assert.equal(number(at.from, `SELECT COUNT(*) FROM ${table}`), count);
        assert.equal(number(at.to, `SELECT COUNT(*) FROM ${table}`), count);
        assert.match(digest, /^[0-9a-f]{64}$/);
      }
      assert.ok(items.findIndex(({ table }) => table === 'users') < items.findIndex(({ table }) => table === 'sessions'));
      const back = fresh[from]();
      assert.deepEqual((await copied(at.office, at.to, back)).items, items);
    });
    it('nothing of the copy is left in the target', () => {
      assert.equal(number(at.to, 'SELECT MAX(number) FROM schema_migrations'), at.told.schema);
      if (to === 'sqlite') assert.deepEqual(readdirSync(path.dirname(file(at.to))), ['copy.db']);
    });
    it('people sign in, sessions live on, and the next account gets the next number', async () => {
      const last = number(at.from, 'SELECT MAX(id) FROM users');
      const two = await serveOn(at.office, at.to, { canaries: at.life.canaries });
      assert.deepEqual(two.lines.filter((line) => line.event === 'epoch_raised'), []);
      for (const person of at.life.people) await signIn(two, person);
      const renewed = await two.call('POST', '/token/refresh', { body: { refresh_token: at.life.tokens.refresh_token } });
      assert.equal(renewed.status, 200, renewed.text);
      await signUp(two);
      assert.equal(await two.stop(), 0, two.stderr);
      assert.equal(number(at.to, 'SELECT MAX(id) FROM users'), last + 1);
    });
    it('a second copy into it is refused', async () => {
      refused(await at.office.copy(at.from, at.to), 1, /target: it is not empty/);
    });
  });

const ways = [['sqlite', 'sqlite'], ['sqlite', 'postgres'], ['postgres', 'sqlite']];

for (const [from, to] of ways)
  test(`killed again and again on its way from ${from} to ${to} it comes to the same end`, { timeout: 300_000, ...needs(from, to) }, async () => {
    const at = office();
    const source = fresh[from](), target = fresh[to]();
    await lived(at, source, ROWS);
    const want = await copied(at, source, fresh[to]());
    await brokenOff(at, source, target);
    for (let n = 10; n <= 60; n += 10) {
      await killedAt(at, source, target, n);
      await assertUnfinished(at, target);
    }
    const got = await copied(at, source, target);
    assert.equal(got.resumed, true);
    assert.deepEqual(got.items, want.items);
  });

for (const [from, to] of ways)
  test(`killed at any step from ${from} to ${to} the target is whole or can be made whole`, { timeout: 300_000, ...needs(from, to) }, async () => {
    const at = office();
    const source = fresh[from]();
    await lived(at, source, 3000);
    const want = await copied(at, source, fresh[to]());
    const seen = { again: 0, on: 0 };
    for (let n = 1; ; n += 1 + Math.floor(n / 6)) {
      const target = fresh[to]();
      const { code, signal, stderr } = await at.copyWith(await dyingAt(n), source, target);
      if (code === 0) break;
      assert.equal(signal, 'SIGKILL', stderr);
      const rest = await at.copy(source, target, '--json', '--quiet');
      if (rest.code === 0) {
        const told = JSON.parse(rest.stdout);
        seen[told.resumed ? 'on' : 'again'] += 1;
        assert.deepEqual(told.items, want.items, `killed at step ${n}`);
      } else {
        refused(rest, 1, /not empty/); // it was killed after its end
        assert.deepEqual((await copied(at, target, fresh[to]())).items, want.items);
      }
      assert.equal((await at.cliWith({ env: { DATABASE_URL: target } }, 'user', 'list')).code, 0);
    }
    assert.ok(seen.again > 0 && seen.on > 0, JSON.stringify(seen));
  });

describe('what has changed since a copy was broken off', () => {
  const at = {};
  before(async () => {
    at.office = office();
    at.source = fresh.sqlite();
    at.target = fresh.sqlite();
    await lived(at.office, at.source);
    await brokenOff(at.office, at.source, at.target);
    for (let n = 20; number(at.target, 'SELECT COUNT(*) FROM users') === 0; n++) await killedAt(at.office, at.source, at.target, n);
    tell(at.source, "UPDATE users SET job_title = 'Owner' WHERE id = 1");
  });

  it('is found, and refused', async () => {
    const { code, stderr } = await at.office.copy(at.source, at.target, '--quiet');
    assert.equal(code, 1);
    assert.match(stderr, /users: the source has changed since the copy was broken off.*--restart begins the copy anew/);
    await assertUnfinished(at.office, at.target);
  });
  it('is copied by a copy that begins anew', async () => {
    const told = await copied(at.office, at.source, at.target, '--restart');
    assert.equal(told.resumed, false);
    assert.equal(number(at.target, "SELECT COUNT(*) FROM users WHERE job_title = 'Owner'"), 1);
  });
  it('a copy that is whole is never begun anew', async () => {
    refused(await at.office.copy(at.source, at.target, '--restart'), 1, /not empty/);
  });
});

test('what is written while it runs is not copied, and that is said', async () => {
  const at = office();
  const source = fresh.sqlite();
  await lived(at, source, ROWS);
  const one = await serveOn(at, source);
  const copy = await standing(at, source, fresh.sqlite(), '--json');
  await signUp(one);
  const { code, stdout, stderr } = await copy.ended();
  assert.equal(code, 0, stderr);
  assert.ok(JSON.parse(stdout).missed > 0, stdout);
  assert.match(stderr, /the source has been written to meanwhile/);
  assert.equal(await one.stop(), 0);
});

describe('it is refused', () => {
  const at = {};
  before(async () => {
    at.office = office();
    at.source = fresh.sqlite();
    await lived(at.office, at.source);
  });
  const cases = [
    ['without a target', 2, /needs --to URL/, () => ['--from', at.source]],
    ['with a word too many', 2, /takes no arguments/, () => ['--from', at.source, '--to', fresh.sqlite(), 'now']],
    ['to a database of another kind', 1, /target: .*unknown scheme|target: .*begins with "mysql:"/, () => ['--from', at.source, '--to', 'mysql://me:hidden@db/x']],
    ['to memory', 1, /target: .*would forget/, () => ['--from', at.source, '--to', 'sqlite::memory:']],
    ['from a server that is not there', 1, /source: .*(refused|libpq5)/, () => ['--from', 'postgresql://me:hidden@127.0.0.1:1/x', '--to', fresh.sqlite()]],
    ['to a folder that is not there', 1, /target: create .*No such file/, () => ['--from', at.source, '--to', 'sqlite:/nowhere/at/all.db']],
    ['from a file that is no database', 1, /source: .*not a database/, () => {
      const text = path.join(newFolder(), 'text.db');
      writeFileSync(text, 'a text that is long enough to be looked at as a database\n'.repeat(40));
      return ['--from', `sqlite:${text}`, '--to', fresh.sqlite()];
    }],
    ['to itself', 1, /the same database/, () => ['--from', at.source, '--to', at.source]],
    ['to itself by another name', 1, /the same database/, () => {
      const link = path.join(newFolder(), 'link.db');
      symlinkSync(file(at.source), link);
      return ['--from', at.source, '--to', `sqlite:${link}`];
    }],
  ];
  for (const [name, code, says, words] of cases)
    it(name, async () => {
      const answer = await at.office.cli('store', 'copy', ...words());
      refused(answer, code, says);
      assert.doesNotMatch(answer.stderr, /hidden/);
    });
  it('from a file that is not there, and makes no target', async () => {
    const target = fresh.sqlite();
    refused(await at.office.copy(`sqlite:${newFolder()}/none.db`, target), 1, /source: open .*none\.db: No such file/);
    assert.ok(!existsSync(file(target)));
  });
  it('from a database without a schema, and makes no target', async () => {
    const target = fresh.sqlite();
    const empty = fresh.sqlite();
    writeFileSync(file(empty), '');
    refused(await at.office.copy(empty, target), 1, /source: .*holds no schema of Postern/);
    assert.ok(!existsSync(file(target)));
  });
});

test('what it tells: progress on stderr, the result on stdout; the source is DATABASE_URL unless it is named', async () => {
  const at = office();
  const source = fresh.sqlite();
  await lived(at, source);
  const { code, stdout, stderr } = await at.cliWith({ env: { DATABASE_URL: source } }, 'store', 'copy', '--to', fresh.sqlite());
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^copying users: \d+ of \d+ rows$/m);
  assert.match(stderr, /^comparing sessions: \d+ of \d+ rows$/m);
  assert.match(stdout, /^TABLE +ROWS +SHA-256$/m);
  assert.match(stdout, /^users +3 +[0-9a-f]{64}$/m);
  assert.match(stdout, /^\d+ rows are in sqlite:.*copy\.db, and the same; \d+\.\d+ s$/m);
});

test('a password in an address is neither told nor left in the list of processes', needsPostgres, async () => {
  const at = office();
  const source = fresh.postgres();
  const { password } = new URL(source);
  await lived(at, source, ROWS);
  const copy = await standing(at, source, fresh.sqlite());
  const seen = readFileSync(`/proc/${copy.pid}/cmdline`, 'latin1');
  const { code, stdout, stderr } = await copy.ended();
  assert.equal(code, 0, stderr);
  assert.match(seen, /--from/);
  for (const text of [seen, stdout, stderr]) assert.ok(!text.includes(password));
});
