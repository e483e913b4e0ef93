// PostgreSQL put back with its own tools, by the commands of docs/backup.md as they stand there, and what follows for sessions: with
// several nodes, each with a postern-epoch of its own, at their start and while they serve.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chownSync, copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as runner from 'node:test';
import { store } from '../support/database.mjs';
import { children } from '../support/run.mjs';
import { newFolder, run, startServer, top } from '../support/server.mjs';
import { endWell, signIn, signUp } from '../support/story.mjs';

const test = store === 'postgres' ? runner.test : runner.test.skip; // SQLite has postern backup: backup.test.mjs

const section = readFileSync(path.join(top, 'docs/backup.md'), 'utf8').split('\n## PostgreSQL\n')[1] ?? '';
const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((m) => m[1]);
const block = (word) => {
  const found = blocks.filter((text) => text.includes(word));
  assert.equal(found.length, 1, `docs/backup.md has ${found.length} blocks with ${word}`);
  return found[0];
};

// Commands of the page in a folder; they may say nothing.
async function follow(text, cwd, env, as = []) {
  const [command, ...args] = [...as, 'bash', '--norc', '-euc', text];
  const { code, stdout, stderr } = await run(command, args, { cwd, env: { PATH: process.env.PATH, ...env } });
  assert.deepEqual([code, stdout, stderr], [0, '', ''], text);
}

async function ask(url, text) {
  const { code, stdout, stderr } = await run('psql', ['-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', '-c', text, url]);
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

async function until(holds, limitMs = 30_000) {
  for (const end = Date.now() + limitMs; !(await holds()); ) assert.ok(Date.now() < end, `not within ${limitMs} ms: ${holds}`);
}

const me = async (server, { access_token: token }) => (await server.call('GET', '/users/me', { token })).status;
const renew = async (server, { refresh_token }) => (await server.call('POST', '/token/refresh', { body: { refresh_token } })).status;
const warned = (server) => server.lines.filter((line) => line.event === 'epoch_raised').length;
const markOf = (server) => readFileSync(path.join(server.folder, 'postern-epoch'), 'utf8').trim().split(' ').map(Number);

async function assertSignedOut(server, tokens) {
  assert.deepEqual([await me(server, tokens), await renew(server, tokens)], [401, 401]);
}

// Another node on the same database: the same master key, a data folder of its own.
function nodeBeside(server) {
  const folder = newFolder();
  copyFileSync(path.join(server.folder, 'postern-master-key'), path.join(folder, 'postern-master-key'));
  return startServer({ folder, canaries: server.canaries, env: { DATABASE_URL: server.env.DATABASE_URL } });
}

const again = (server, url = server.env.DATABASE_URL) => startServer({ folder: server.folder, canaries: server.canaries, env: { DATABASE_URL: url } });

// A server with Ada signed in twice, dumped; after that one of the sessions is ended.
async function dumped() {
  const server = await startServer();
  const ada = await signUp(server);
  const tokens = { left: await signIn(server, ada), stays: await signIn(server, ada) };
  const folder = newFolder();
  await follow(block('pg_dump'), folder, { DATABASE_URL: server.env.DATABASE_URL });
  assert.equal((await server.call('POST', '/logout', { token: tokens.left.access_token })).status, 204);
  return { server, ada, tokens, folder };
}

const putBack = ({ server, folder }) => follow(block('--clean'), folder, { DATABASE_URL: server.env.DATABASE_URL });

test('a dump is restored into a new database and served from, and everybody signs in anew', async () => {
  const at = await dumped();
  const late = await signUp(at.server);
  await endWell(at.server);
  const name = `${path.basename(at.server.folder)}-restored`;
  const restored = new URL(at.server.env.DATABASE_URL);
  restored.pathname = `/${name}`;
  const commands = block('createdb').replaceAll('postern_restored', name);
  await follow(commands, at.folder, { DATABASE_URL: at.server.env.DATABASE_URL, RESTORED_URL: restored.href });

  const server = await again(at.server, restored.href);
  assert.equal(warned(server), 1);
  await assertSignedOut(server, at.tokens.left);
  await assertSignedOut(server, at.tokens.stays);
  assert.equal(await me(server, await signIn(server, at.ada)), 200);
  assert.equal((await server.call('POST', '/login', { body: { email: late.email, password: late.password } })).status, 401, 'of after the dump');
  const told = await ask(restored.href, "SELECT actor, severity, detail FROM audit_log WHERE event = 'postern_epoch_raised'");
  assert.equal(told, 'postern|CRITICAL|{"epoch":2,"sessions":2}');
  await signUp(server); // ids and numbers of rows go on
  assert.equal(await server.stop(), 0);

  const quiet = await again(at.server, restored.href);
  assert.equal(warned(quiet), 0);
  assert.equal(await quiet.stop(), 0);
});

test('of two nodes the first that starts on an old state acts for both, and none cries again', async () => {
  const at = await dumped();
  const b = await nodeBeside(at.server);
  await signUp(b);
  assert.equal(await b.stop(), 0);
  await signUp(at.server); // the mark of b lags from here on
  await endWell(at.server);
  assert.ok(markOf(b)[1] < markOf(at.server)[1]);
  await putBack(at);

  const a = await again(at.server);
  assert.equal(warned(a), 1);
  const fresh = await signIn(a, at.ada);
  const second = await again(b);
  assert.equal(warned(second), 0, 'a has done it');
  await assertSignedOut(a, at.tokens.left);
  assert.equal(await me(a, fresh), 200, 'the session of after the restore lives');
  for (const node of [second, a]) assert.equal(await node.stop(), 0);
  assert.equal(markOf(second)[0], 2);

  let tokens = fresh;
  for (const node of [await again(a), await again(b)]) {
    assert.equal(warned(node), 0);
    const { status, json } = await node.call('POST', '/token/refresh', { body: { refresh_token: tokens.refresh_token } });
    assert.equal(status, 200, 'each takes the refresh token that the other has given');
    tokens = json;
    assert.equal(await node.stop(), 0);
  }
});

test('a node whose mark lags acts for the one whose mark is further', async () => {
  const at = await dumped();
  const b = await nodeBeside(at.server);
  assert.equal(await b.stop(), 0);
  await signUp(at.server);
  await endWell(at.server);
  await putBack(at);
  const first = await again(b);
  assert.equal(warned(first), 1);
  await assertSignedOut(first, at.tokens.left);
  const a = await again(at.server);
  assert.equal(warned(a), 0, 'the epoch of the database is past that of its mark');
  await assertSignedOut(a, at.tokens.left);
  await assertSignedOut(a, at.tokens.stays);
  for (const node of [first, a]) assert.equal(await node.stop(), 0);
});

test('a node that serves on finds out, though by then the trail is longer than it was', async () => {
  const at = await dumped();
  assert.equal(await at.server.stop(), 0);
  const before = markOf(at.server);
  const server = await again(at.server);
  await putBack(at);
  assert.equal(await me(server, at.tokens.left), 200, 'nobody has looked yet');
  const newest = async () => Number(await ask(server.env.DATABASE_URL, 'SELECT max(seq) FROM audit_log'));
  while ((await newest()) <= before[1] + 3) await signUp(server);
  assert.equal(await server.stop(), 0); // looks, as it does every minute
  assert.equal(warned(server), 1);
  const next = await again(server);
  assert.equal(warned(next), 0);
  await assertSignedOut(next, at.tokens.left);
  assert.equal(await next.stop(), 0);
});

test('a crash of the server, or of a node, is no old state', async () => {
  const at = await dumped();
  await at.server.kill9();
  await ask(at.server.env.DATABASE_URL, 'CHECKPOINT');
  const server = await again(at.server);
  assert.equal(warned(server), 0);
  assert.equal(await me(server, at.tokens.stays), 200);
  assert.equal(await server.stop(), 0);
});

// ---- to any moment ----

// The user whom the server runs as; PostgreSQL does not start as root.
async function serversUser() {
  if (process.getuid() !== 0) return [];
  const { stdout } = await run('sh', ['-c', 'id -u postgres; id -g postgres']);
  const [uid, gid] = stdout.trim().split('\n');
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
}

// All that it has started; none of it may be left, even when bash itself has ended.
function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    assert.equal(error.code, 'ESRCH');
  }
}

// A second server on the copy, on a port of its own; its URL for this database.
async function startCopy(folder, as, url) {
  const { stdout } = await run('sh', ['-c', 'ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1']);
  const bin = stdout.trim();
  for (let tries = 0; tries < 5; tries++) {
    const port = 15000 + Math.floor(Math.random() * 4000);
    const options = `-c listen_addresses=127.0.0.1 -c port=${port} -c unix_socket_directories=${folder} -c max_connections=200`;
    const pgctl = (...args) => run(as[0] ?? `${bin}/pg_ctl`, [...as.slice(1), ...(as.length > 0 ? [`${bin}/pg_ctl`] : []), ...args], { cwd: folder });
    const { code } = await pgctl('start', `--pgdata=${folder}/base`, `--log=${folder}/log`, '--wait', '--silent', `--options=${options}`);
    if (code !== 0) continue;
    const there = new URL(url);
    there.port = port;
    return { url: there.href, stop: () => pgctl('stop', `--pgdata=${folder}/base`, '--mode=immediate', '--silent') };
  }
  throw new Error(readFileSync(path.join(folder, 'log'), 'utf8'));
}

test('the whole server goes back to a moment, and everybody signs in anew', { timeout: 180_000 }, async () => {
  const server = await startServer();
  const url = server.env.DATABASE_URL;
  const ada = await signUp(server);
  const tokens = await signIn(server, ada);
  const as = await serversUser();
  const folder = newFolder();
  if (as.length > 0) chownSync(folder, Number(as[1].split('=')[1]), Number(as[2].split('=')[1]));

  const [command, ...args] = [...as, 'bash', '--norc', '-euc', `${block('pg_basebackup')}echo copied\nwait\n`];
  const archiver = spawn(command, args, { cwd: folder, env: { PATH: process.env.PATH, DATABASE_URL: url }, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => archiver.on('close', resolve));
  children.add(archiver);
  let copy;
  try {
    const said = await new Promise((resolve) => {
      archiver.stdout.once('data', (bytes) => resolve(String(bytes)));
      ended.then(() => resolve('it ended'));
    });
    assert.equal(said, 'copied\n');
    const late = await signUp(server); // after the copy, so it is in the log alone
    const moment = await ask(url, 'SELECT clock_timestamp()');
    assert.equal((await server.call('POST', '/logout', { token: tokens.access_token })).status, 204);
    await endWell(server);
    const end = await ask(url, 'SELECT pg_switch_wal()');
    await until(async () => (await ask(url, `SELECT count(*) FROM pg_stat_replication WHERE flush_lsn >= '${end}'`)) !== '0');
    process.kill(-archiver.pid, 'SIGINT');
    await ended;

    await follow(block('recovery.signal').replaceAll('archive/', `${folder}/archive/`), folder, { MOMENT: moment }, as);
    copy = await startCopy(folder, as, url);
    await until(async () => (await ask(copy.url, 'SELECT pg_is_in_recovery()')) === 'f');
    const back = await again(server, copy.url);
    assert.equal(warned(back), 1);
    await assertSignedOut(back, tokens);
    for (const who of [ada, late]) assert.equal(await me(back, await signIn(back, who)), 200);
    assert.equal(await back.stop(), 0);
  } finally {
    endGroup(archiver.pid);
    children.delete(archiver);
    if (copy !== undefined) await copy.stop();
    await ask(url, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'postern_archive' AND NOT active");
  }
});
