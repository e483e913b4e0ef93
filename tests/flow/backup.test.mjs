// Backups: made while people sign up, restored whole or not at all, and what an old state of the database can't bring back.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as runner from 'node:test';
import { after, before, it } from 'node:test';
import { store } from '../support/database.mjs';
import { alter, desk, deskWithSchema, json, refused } from '../support/desk.mjs';
import { dyingAt } from '../support/die.mjs';
import { environment, newFolder, program, run, startServer } from '../support/server.mjs';
import { endWell, signIn, signUp } from '../support/story.mjs';

// A PostgreSQL database is backed up with its own tools: docs/backup.md.
const describe = store === 'sqlite' ? runner.describe : runner.describe.skip;
const test = store === 'sqlite' ? runner.test : runner.test.skip;

const CHUNK = 65536 + 17;
const HEAD = 80;

// The key lies outside of the data folder, as it should.
async function newKey(at) {
  const file = path.join(newFolder(), 'backup.key');
  const made = await at.cli('backup', '--new-key', file);
  assert.equal(made.code, 0, made.stderr);
  return file;
}

async function backup(at, key, file = path.join(newFolder(), 'a.backup')) {
  const made = await at.cli('backup', '--key-file', key, file, '--json');
  assert.equal(made.code, 0, made.stderr);
  assert.equal(JSON.parse(made.stdout).file, file);
  return file;
}

const restore = (at, key, file, ...more) => at.cli('restore', '--key-file', key, file, ...more);

// What is in the data folder, byte for byte, but for what SQLite keeps beside a database that is looked at.
function contents(folder) {
  const names = readdirSync(folder).filter((name) => !/-(wal|shm)$/.test(name) && name !== 'postern-master-key');
  return Object.fromEntries(names.sort().map((name) => [name, createHash('sha256').update(readFileSync(path.join(folder, name))).digest('hex')]));
}

const emails = async (server) => (await server.query('SELECT email FROM users ORDER BY id')).map((row) => row.email);
const me = (server, { access_token: token }) => server.call('GET', '/users/me', { token });
const renew = (server, { refresh_token }) => server.call('POST', '/token/refresh', { body: { refresh_token } });

async function assertSignedOut(server, tokens) {
  assert.equal((await me(server, tokens)).status, 401);
  assert.equal((await renew(server, tokens)).status, 401);
}

const warned = (server) => server.lines.filter((line) => line.event === 'epoch_raised');

test('a backup that is made while people sign up has every account that was acknowledged before', async () => {
  const server = await startServer();
  const key = await newKey(server);
  const done = [];
  let stop = false;
  const loop = (async () => {
    while (!stop) done.push((await signUp(server)).email);
  })();
  const before = [];
  const files = [];
  for (let round = 0; round < 4; round++) {
    const least = done.length + 3;
    while (done.length < least) await new Promise(setImmediate);
    before.push([...done]);
    files.push(await backup(server, key));
  }
  stop = true;
  await loop;
  const acknowledged = await emails(server);
  assert.deepEqual(acknowledged, done);
  await endWell(server);

  for (const [i, file] of files.entries()) {
    assert.equal((await server.cli('backup', 'verify', '--key-file', key, file)).code, 0);
    const restored = await restore(server, key, file, '--discard');
    assert.equal(restored.code, 0, restored.stderr);
    const there = await emails(server);
    assert.deepEqual(there, acknowledged.slice(0, there.length), 'one moment, without a hole');
    assert.ok(there.length >= before[i].length, `${there.length} of ${before[i].length} acknowledged accounts`);
    const after = await startServer({ folder: server.folder, canaries: server.canaries });
    await signUp(after, { email: `after${i}@example.com` });
    await endWell(after);
  }
});

describe('after a restore', () => {
  const at = {};
  before(async () => {
    at.server = await startServer();
    at.key = await newKey(at.server);
    at.ada = await signUp(at.server, { email: 'ada@example.com' });
    at.old = await signIn(at.server, at.ada);
    at.file = await backup(at.server, at.key);
    at.late = await signUp(at.server, { email: 'late@example.com' });
    at.young = await signIn(at.server, at.ada);
    refused(await restore(at.server, at.key, at.file), 1, /open in another program; stop postern serve first/);
    assert.equal((await me(at.server, at.old)).status, 200);
    await endWell(at.server);
    at.answer = await restore(at.server, at.key, at.file, '--json');
    assert.equal(at.answer.code, 0, at.answer.stderr);
    at.server = await startServer({ folder: at.server.folder, canaries: at.server.canaries });
  });
  after(() => endWell(at.server));

  it('the accounts are those of the backup, and the passwords hold', async () => {
    assert.deepEqual(await emails(at.server), ['ada@example.com']);
    assert.equal((await me(at.server, await signIn(at.server, at.ada))).status, 200);
  });
  it('access and refresh tokens of before are refused, those of sessions that the backup does not know too', async () => {
    await assertSignedOut(at.server, at.old);
    await assertSignedOut(at.server, at.young);
  });
  it('the log warns and the audit trail has a row', async () => {
    const [line, ...more] = warned(at.server);
    assert.deepEqual(more, []);
    assert.deepEqual([line.level, line.sessions], ['warn', 1]);
    const [row] = await at.server.query("SELECT * FROM audit_log WHERE event = 'postern_epoch_raised'");
    assert.deepEqual(JSON.parse(row.detail), { epoch: line.epoch, sessions: 1 });
    assert.deepEqual([row.actor, row.severity, row.outcome], ['postern', 'CRITICAL', 'success']);
  });
  it('the old database is beside, and coming back by hand is noticed too', async () => {
    const { kept, place } = JSON.parse(at.answer.stdout);
    assert.match(kept, /\/postern\.db\.before-restore-\d{8}T\d{6}Z$/);
    assert.equal(statSync(kept).mode & 0o777, 0o600);
    assert.equal(await at.server.stop(), 0);
    cpSync(kept, place);
    at.server = await startServer({ folder: at.server.folder, canaries: at.server.canaries });
    assert.deepEqual(await emails(at.server), ['ada@example.com', 'late@example.com']);
    assert.equal(warned(at.server).length, 1);
    await assertSignedOut(at.server, at.young);
  });
  it('a start after that is quiet', async () => {
    const tokens = await signIn(at.server, at.ada);
    assert.equal(await at.server.stop(), 0);
    at.server = await startServer({ folder: at.server.folder, canaries: at.server.canaries });
    assert.deepEqual(warned(at.server), []);
    assert.equal((await me(at.server, tokens)).status, 200);
  });
});

test('a copy of the file that is put back is noticed at the next start, after a clean stop', async () => {
  const server = await startServer();
  const ada = await signUp(server);
  const tokens = await signIn(server, ada);
  const copy = path.join(newFolder(), 'copy.db');
  await server.query(`VACUUM INTO '${copy}'`);
  assert.equal((await server.call('POST', '/logout', { token: tokens.access_token })).status, 204);
  await endWell(server);
  cpSync(copy, path.join(server.folder, 'postern.db'));
  const again = await startServer({ folder: server.folder, canaries: server.canaries });
  assert.equal(warned(again).length, 1);
  await assertSignedOut(again, tokens);
  await endWell(again);
});

test('a copy from before a backup is noticed after a crash', async () => {
  const server = await startServer();
  const key = await newKey(server);
  const tokens = await signIn(server, await signUp(server));
  const copy = path.join(newFolder(), 'copy.db');
  await server.query(`VACUUM INTO '${copy}'`);
  await backup(server, key);
  await server.kill9();
  for (const ending of ['', '-wal', '-shm']) {
    const file = path.join(server.folder, `postern.db${ending}`);
    if (ending !== '' && existsSync(file)) writeFileSync(file, '');
  }
  cpSync(copy, path.join(server.folder, 'postern.db'));
  const again = await startServer({ folder: server.folder, canaries: server.canaries });
  assert.equal(warned(again).length, 1);
  await assertSignedOut(again, tokens);
  await endWell(again);
});

test('a crash without a restore ends no session', async () => {
  const server = await startServer();
  const tokens = await signIn(server, await signUp(server));
  await server.kill9();
  const again = await startServer({ folder: server.folder, canaries: server.canaries });
  assert.deepEqual(warned(again), []);
  assert.equal((await me(again, tokens)).status, 200);
  await endWell(again);
});

describe('a backup that is not whole', () => {
  const at = {};
  before(async () => {
    at.desk = await deskWithSchema();
    // Three chunks and some.
    await alter(at.desk, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) INSERT INTO audit_log (at, event, severity, outcome, detail) SELECT i, 'x', 'x', 'x', hex(randomblob(250)) FROM n");
    at.key = await newKey(at.desk);
    at.file = await backup(at.desk, at.key);
    at.whole = readFileSync(at.file);
    assert.ok(at.whole.length > HEAD + 3 * CHUNK);
  });

  // Neither verify nor restore takes it, and both leave all as it was.
  async function assertRefused(bytes, says, key = at.key) {
    const file = path.join(newFolder(), 'b.backup');
    writeFileSync(file, bytes);
    const before = contents(at.desk.folder);
    refused(await at.desk.cli('backup', 'verify', '--key-file', key, file), 1, says);
    refused(await restore(at.desk, key, file), 1, says);
    assert.deepEqual(contents(at.desk.folder), before);
  }
  const chunk = (n) => at.whole.subarray(HEAD + n * CHUNK, HEAD + (n + 1) * CHUNK);
  const flipped = (byte) => {
    const bytes = Buffer.from(at.whole);
    bytes[byte] ^= 1;
    return bytes;
  };

  it('is refused when it is cut off', async () => {
    await assertRefused(at.whole.subarray(0, HEAD - 1), /cut off within its head/);
    await assertRefused(at.whole.subarray(0, HEAD), /cut off after 0 chunks/);
    await assertRefused(at.whole.subarray(0, HEAD + 2 * CHUNK), /cut off after 2 chunks/);
    await assertRefused(at.whole.subarray(0, at.whole.length - 1), /damaged, cut off or changed: chunk \d+ does not match its seal/);
  });
  it('is refused when a bit of it is another', async () => {
    for (const byte of [16, 40, 56, HEAD, HEAD + CHUNK, at.whole.length - 1]) await assertRefused(flipped(byte), /sealed with another key|does not match its seal/);
    await assertRefused(flipped(11), /has a form that this program does not know/);
  });
  it('is refused when its parts are in another order, or one is missing or twice there', async () => {
    const rest = at.whole.subarray(HEAD + 2 * CHUNK);
    await assertRefused(Buffer.concat([at.whole.subarray(0, HEAD), chunk(1), chunk(0), rest]), /chunk 1 does not match its seal/);
    await assertRefused(Buffer.concat([at.whole.subarray(0, HEAD), chunk(0), rest]), /chunk 2 does not match its seal/);
    await assertRefused(Buffer.concat([at.whole.subarray(0, HEAD), chunk(0), chunk(0), chunk(1), rest]), /chunk 2 does not match its seal/);
    await assertRefused(Buffer.concat([at.whole, Buffer.from('x')]), /does not match its seal|goes on after its end/);
  });
  it('is refused with another key, and when it is none', async () => {
    await assertRefused(at.whole, /sealed with another key/, await newKey(at.desk));
    await assertRefused('SQLite format 3\0', /is no backup of Postern/);
    await assertRefused('', /is no backup of Postern/);
    refused(await restore(at.desk, at.key, '/nowhere/at/all'), 1, /No such file/);
  });
  it('and one of a newer program is refused too', async () => {
    const other = await deskWithSchema();
    await alter(other, "INSERT INTO schema_migrations VALUES (999, 'of_tomorrow', 'x', 1)");
    await assertRefused(readFileSync(await backup(other, at.key)), /newer than this program: it has migration 999 \(of_tomorrow\)/);
  });
  it('while the whole one is taken', async () => {
    assert.equal((await at.desk.cli('backup', 'verify', '--key-file', at.key, at.file)).code, 0);
    assert.equal((await restore(at.desk, at.key, at.file)).code, 0);
  });
});

test('a backup of an older schema is restored, and told what to do', async () => {
  const at = await deskWithSchema();
  const key = await newKey(at);
  const { schema } = await json(at, 'migrate', 'down', '--to', '3', '--yes');
  const file = await backup(at, key);
  await at.cli('migrate', 'up');
  const answer = await restore(at, key, file);
  assert.equal(answer.code, 0, answer.stderr);
  assert.match(answer.stdout, new RegExp(`the schema is at ${schema} of \\d+; postern serve and postern migrate up`));
  const server = await startServer({ folder: at.folder });
  assert.equal(warned(server).length, 1);
  assert.equal(await server.stop(), 0);
});

test('a restore on a new machine needs the backup and its key only', async () => {
  const [at, other] = [await deskWithSchema(), desk()];
  const key = await newKey(at);
  const file = await backup(at, key);
  const answer = await json(other, 'restore', '--key-file', key, file);
  assert.deepEqual([answer.kept, answer.place], [null, path.join(other.folder, 'postern.db')]);
  assert.equal(statSync(answer.place).mode & 0o777, 0o600);
  const server = await startServer({ folder: other.folder });
  await signUp(server);
  await endWell(server);
});

test('a backup overwrites nothing, is for its owner alone, and needs a key that is too', async () => {
  const at = await deskWithSchema();
  const key = await newKey(at);
  const file = await backup(at, key);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(readFileSync(file).includes('CREATE TABLE'), false, 'it is encrypted');
  const before = readFileSync(file);
  refused(await at.cli('backup', '--key-file', key, file), 1, /is there already; --force replaces it/);
  assert.deepEqual(readFileSync(file), before);
  assert.equal((await at.cli('backup', '--key-file', key, '--force', file)).code, 0);
  assert.notDeepEqual(readFileSync(file), before);
  refused(await at.cli('backup', file), 2, /needs --key-file FILE; postern backup --new-key FILE makes one/);
  refused(await at.cli('backup', '--key-file', key), 2, /needs FILE/);
  refused(await at.cli('backup', '--new-key', key), 1, /is there already/);
  refused(await at.cli('backup', '--new-key', `${key}2`, file), 2, /makes a key and nothing else/);
  refused(await at.cli('backup', '--key-file', `${key}3`, file), 1, /No such file/);
  chmodSync(key, 0o640);
  refused(await at.cli('backup', '--key-file', key, '--force', file), 1, /open to others \(mode 0640\); chmod 0600/);
  refused(await restore(at, key, file), 1, /open to others/);
  assert.deepEqual(readdirSync(path.dirname(file)), ['a.backup']);
});

test('a damaged database is not backed up, and can be replaced by an older backup', async () => {
  const at = await deskWithSchema();
  const key = await newKey(at);
  const file = await backup(at, key);
  const place = path.join(at.folder, 'postern.db');
  const bytes = readFileSync(place);
  bytes.fill(0x55, 4096, 3 * 4096);
  writeFileSync(place, bytes);
  const other = path.join(newFolder(), 'b.backup');
  const answer = await at.cli('backup', '--key-file', key, other);
  assert.equal(answer.code, 1, answer.stdout);
  assert.equal(existsSync(other), false);
  const { kept } = await json(at, 'restore', '--key-file', key, file);
  assert.deepEqual(readFileSync(kept).subarray(4096, 3 * 4096), bytes.subarray(4096, 3 * 4096));
  assert.equal((await at.cli('user', 'list')).code, 0);
});

// ---- kill -9 before every single call that changes what is on the disk ----

describe('a restore that is killed', { timeout: 600_000 }, () => {
  const at = {};
  before(async () => {
    const server = await startServer();
    at.key = await newKey(server);
    const ada = await signUp(server, { email: 'ada@example.com' });
    at.left = await signIn(server, ada); // logged out after the backup
    at.stays = await signIn(server, ada); // open in both
    at.file = await backup(server, at.key);
    assert.equal((await server.call('POST', '/logout', { token: at.left.access_token })).status, 204);
    await signUp(server, { email: 'late@example.com' });
    at.canaries = server.canaries;
    await endWell(server);
    at.folder = server.folder;
  });

  const copyOf = (folder) => {
    const copy = path.join(newFolder(), 'data');
    cpSync(folder, copy, { recursive: true });
    return copy;
  };
  const dying = async (folder, n) => ({ cwd: folder, env: environment(folder, false, await dyingAt(n)) });

  // The next start finds one state or the other, and in neither is anybody signed in who must not be.
  async function look(folder) {
    const server = await startServer({ folder, canaries: at.canaries });
    try {
      const there = await emails(server);
      assert.deepEqual(await server.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
      await assertSignedOut(server, at.left);
      const signedIn = (await me(server, at.stays)).status === 200;
      return { restored: there.length === 1, signedIn, there };
    } finally {
      await server.stop();
    }
  }

  it('at any step leaves the old state or the new one, and no old session', async () => {
    const seen = { before: 0, between: 0, after: 0 };
    for (let n = 1; ; n++) {
      const folder = copyOf(at.folder);
      const { code, signal, stderr } = await run(program, ['restore', '--key-file', at.key, at.file], await dying(folder, n));
      assert.ok(code === 0 || signal === 'SIGKILL', stderr);
      const state = await look(folder);
      assert.deepEqual(state.there, state.restored ? ['ada@example.com'] : ['ada@example.com', 'late@example.com']);
      assert.ok(!(state.restored && state.signedIn), `killed at step ${n}, the restored database has an old session`);
      if (signal === 'SIGKILL') {
        seen[state.restored ? 'after' : state.signedIn ? 'before' : 'between'] += 1;
        continue;
      }
      assert.ok(state.restored);
      break;
    }
    assert.ok(seen.before > 10 && seen.between > 0 && seen.after > 0, JSON.stringify(seen));
  });

  it('and a server that is killed at any step of its start on the old state leaves no old session', async () => {
    const folder = copyOf(at.folder);
    assert.equal((await run(program, ['restore', '--key-file', at.key, at.file], await dying(folder, 0))).code, 0);
    for (let n = 1; ; n++) {
      const copy = copyOf(folder);
      const dying = await startServer({ folder: copy, canaries: at.canaries, env: await dyingAt(n) }).then(
        (server) => server,
        () => undefined,
      );
      if (dying !== undefined) await dying.kill9();
      const state = await look(copy);
      assert.ok(state.restored && !state.signedIn, `killed at step ${n} of the start`);
      if (dying !== undefined) break;
      assert.ok(n < 500, 'it never starts');
    }
  });
});
