// Stories of postern key rekey: another master key for a database with people in it, and nobody notices.
import assert from 'node:assert/strict';
import { hkdfSync, randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { refused } from '../support/desk.mjs';
import { dyingAt } from '../support/die.mjs';
import { unseal } from '../support/forge.mjs';
import { passwordStep, post, renew } from '../support/passkeys.mjs';
import { environment, newFolder, program, run, startServer } from '../support/server.mjs';
import { endWell, member } from '../support/story.mjs';
import { codeNow, confirm, enroll, enrolled, rewind } from '../support/totp.mjs';

// A folder with a new master key in it.
function newKey(mode = 0o600, text = randomBytes(32).toString('base64url')) {
  const folder = newFolder();
  const file = path.join(folder, 'postern-master-key');
  writeFileSync(file, `${text}\n`);
  chmodSync(file, mode);
  return { folder, file, bytes: Buffer.from(text, 'base64url'), env: { POSTERN_MASTER_KEY_FILE: file } };
}

const cli = (folder, key, args, more = {}) => run(program, args, { cwd: folder, env: environment(folder, false, { ...key.env, ...more }) });
const rekey = (folder, from, to, more) => cli(folder, from, ['key', 'rekey', to.file, '--yes', '--json'], more);
// A start that is to fail.
async function cannotStart(folder, key) {
  const { code, stderr } = await cli(folder, key, ['serve']);
  assert.deepEqual([code, stderr], [1, "postern: this is not the master key that the database's signing keys are sealed with\n"]);
}

const serve = (folder, key, canaries) => startServer({ folder, env: key.env, canaries });

// As a database is that was there before databases had a lasting key: its first master key is what lasts.
async function makeOld(key) {
  const server = await startServer({ env: key.env });
  assert.equal(await server.stop(), 0);
  const fingerprint = Buffer.from(hkdfSync('sha256', key.bytes, '', 'fingerprint', 32)).toString('base64url');
  await server.query(`UPDATE master_key SET lasting = NULL, fingerprint = '${fingerprint}'`, { write: true });
  return server.folder;
}

// People with all that is sealed or keyed.
async function house(key, folder) {
  const server = await startServer({ env: key.env, folder });
  const plain = await member(server), app = await member(server), late = await member(server);
  const secret = await enrolled(server, app);
  const { codes } = (await post(server, '/mfa/recovery-codes', undefined, { token: app.token })).json;
  const { secret: pending } = (await enroll(server, late.token)).json;
  assert.equal((await cli(server.folder, key, ['key', 'rotate', '--now'])).code, 0);
  await renew(server, plain);
  assert.equal(await server.stop(), 0);
  return { folder: server.folder, canaries: server.canaries, query: server.query.bind(server), plain, app: { ...app, secret, codes }, late: { ...late, pending } };
}

const sealed = async (at) => [
  ...(await at.query('SELECT sealed AS box FROM signing_keys WHERE sealed IS NOT NULL')),
  ...(await at.query('SELECT secret AS box FROM totp WHERE secret IS NOT NULL')),
  ...(await at.query('SELECT pending AS box FROM totp WHERE pending IS NOT NULL')),
  ...(await at.query('SELECT lasting AS box FROM master_key WHERE lasting IS NOT NULL')),
].map(({ box }) => box);

async function signInByCode(server, account, path, code) {
  const { mfa_token } = await passwordStep(server, account);
  const answer = await post(server, path, { mfa_token, code });
  assert.equal(answer.status, 200, answer.text);
}

async function appSignsIn(server, app) {
  await rewind(server, app);
  await signInByCode(server, app, '/login/totp', codeNow(app.secret));
}

for (const [born, lasting] of [['', 1], [', for a database of before', 0]]) describe(`another master key${born}`, () => {
  const at = {};
  before(async () => {
    at.first = newKey();
    at.second = newKey();
    at.house = await house(at.first, lasting === 0 ? await makeOld(at.first) : undefined);
    at.boxes = await sealed(at.house);
    at.answer = await rekey(at.house.folder, at.first, at.second);
    assert.equal(at.answer.code, 0, at.answer.stderr);
  });

  it('seals everything anew', async () => {
    assert.deepEqual(JSON.parse(at.answer.stdout), { signing_keys: 2, apps: 2, unreadable: 0 });
    const now = await sealed(at.house);
    assert.deepEqual([now.length, at.boxes.length], [5, 4 + lasting]);
    assert.deepEqual(now.filter((box) => at.boxes.includes(box)), []);
    for (const row of await at.house.query('SELECT kid, algorithm, sealed FROM signing_keys')) {
      unseal(at.second.folder, row);
      assert.throws(() => unseal(at.first.folder, row));
    }
  });
  it('is told in the audit trail, as the deed of the operator', async () => {
    const rows = await at.house.query("SELECT actor, outcome, severity, detail FROM audit_log WHERE event = 'postern_master_key_changed'");
    assert.deepEqual(rows.map(({ detail, ...row }) => ({ ...row, ...JSON.parse(detail) })), [
      { actor: 'cli', outcome: 'success', severity: 'CRITICAL', signing_keys: 2, apps: 2, unreadable: 0 },
    ]);
  });
  it('is the only one that a server starts with', async () => {
    for (const key of [at.first, newKey()]) await cannotStart(at.house.folder, key);
  });
  it('signs nobody out, and apps and recovery codes stay good', async () => {
    const { plain, app, late, folder, canaries } = at.house;
    const server = await serve(folder, at.second, canaries);
    assert.equal((await server.call('GET', '/users/me', { token: plain.token })).status, 200);
    await renew(server, plain);
    await appSignsIn(server, app);
    await signInByCode(server, app, '/login/recovery-code', app.codes[0]);
    assert.equal((await confirm(server, late.token, codeNow(late.pending))).status, 204);
    await endWell(server);
  });
  it('and so with the next one, and with the first again', async () => {
    const { plain, app, folder, canaries } = at.house;
    const third = newKey();
    for (const [from, to] of [[at.second, third], [third, at.first]]) {
      const answer = await rekey(folder, from, to);
      assert.equal(answer.code, 0, answer.stderr);
      const server = await serve(folder, to, canaries);
      await renew(server, plain);
      await appSignsIn(server, app);
      await signInByCode(server, app, '/login/recovery-code', app.codes[to === third ? 1 : 2]);
      assert.equal(await server.stop(), 0);
    }
    await cannotStart(folder, third);
  });
});

describe('it is refused, and changes nothing', () => {
  const at = {};
  before(async () => {
    at.key = newKey();
    at.house = await house(at.key);
    at.boxes = await sealed(at.house);
  });
  const cases = [
    ['the key that there is', /it is the master key that this database has already/, () => [at.key, at.key]],
    ['a file that is not there', /none: No such file/, () => [at.key, { file: path.join(newFolder(), 'none') }]],
    ['a file that is open to others', /open to others/, () => [at.key, newKey(0o644)]],
    ['a file without a key', /holds no master key/, () => [at.key, newKey(0o600, 'correct horse battery staple')]],
    ['another key in the settings', /this is not the master key/, () => [newKey(), newKey()]],
  ];
  for (const [what, says, keys] of cases)
    it(what, async () => {
      refused(await rekey(at.house.folder, ...keys()), 1, says);
      assert.deepEqual(await sealed(at.house), at.boxes);
    });
  it('nobody who says yes', async () => {
    refused(await cli(at.house.folder, at.key, ['key', 'rekey', newKey().file]), 1, /every server must be stopped.*if that is meant, give --yes/);
    assert.deepEqual(await sealed(at.house), at.boxes);
  });
  it('no file, and two', async () => {
    refused(await cli(at.house.folder, at.key, ['key', 'rekey']), 2, /needs FILE/);
    refused(await cli(at.house.folder, at.key, ['key', 'rekey', 'a', 'b']), 2, /too many arguments/);
  });
  it('a database without keys', async () => {
    const folder = newFolder(), key = newKey();
    assert.equal((await cli(folder, key, ['migrate', 'up'])).code, 0);
    refused(await rekey(folder, key, newKey()), 1, /there is nothing sealed yet/);
  });
});

it('a kill at any step leaves the one or the other', { timeout: 300_000 }, async () => {
  let key = newKey();
  const at = await house(key);
  const seen = { old: 0, new: 0 };
  for (let n = 1, done = false; !done; n += 1 + Math.floor(n / 8)) {
    const other = newKey();
    const { code, signal, stderr } = await rekey(at.folder, key, other, await dyingAt(n));
    done = code === 0;
    if (!done) assert.equal(signal, 'SIGKILL', stderr);
    const [row] = await at.query('SELECT kid, algorithm, sealed FROM signing_keys WHERE retired_at = 0');
    const isNew = (() => {
      try {
        return unseal(other.folder, row) !== undefined;
      } catch {
        return false;
      }
    })();
    seen[isNew ? 'new' : 'old'] += 1;
    if (isNew) key = other;
    else assert.ok(!done, 'it ended, and changed nothing');
    const server = await serve(at.folder, key, at.canaries);
    await appSignsIn(server, at.app);
    assert.equal(await server.stop(), 0);
  }
  assert.ok(seen.old > 0 && seen.new > 0, JSON.stringify(seen));
});

it('apps that can not be opened are counted and left, and more than a thousand are no matter', async () => {
  const key = newKey(), other = newKey();
  const { folder, app, canaries, query } = await house(key);
  const digits = 'WITH d(n) AS (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))';
  const numbers = 'SELECT 1000 * z.n + 100 * a.n + 10 * b.n + c.n AS i FROM d a, d b, d c, d z WHERE z.n < 2';
  const id = "'01900000-0000-7000-8000-' || CAST(100000000000 + m.i AS TEXT)";
  const no = process.env.POSTERN_STORE === 'postgres' ? 'false' : '0', yes = process.env.POSTERN_STORE === 'postgres' ? 'true' : '1';
  await query(
    `${digits} INSERT INTO users (public_id, username, username_key, email_verified, is_active, name, roles, token_version, created_at, updated_at)` +
      ` SELECT ${id}, 'u' || m.i, 'u' || m.i, ${no}, ${yes}, 'Somebody', 'user', 0, 1, 1 FROM (${numbers}) m`,
    { write: true },
  );
  await query(
    "INSERT INTO totp (user_id, secret, created_at, last_used_at, last_step, failures, pending, pending_until)" +
      " SELECT u.id, 'x', 1, 0, 0, 0, NULL, 0 FROM users u WHERE u.name = 'Somebody'",
    { write: true },
  );
  const answer = await rekey(folder, key, other);
  assert.equal(answer.code, 0, answer.stderr);
  assert.deepEqual(JSON.parse(answer.stdout), { signing_keys: 2, apps: 2, unreadable: 2000 });
  assert.equal(Number((await query("SELECT COUNT(*) AS n FROM totp WHERE secret = 'x'"))[0].n), 2000);
  const server = await serve(folder, other, canaries);
  await appSignsIn(server, app);
  await endWell(server);
});

it('a server that was not stopped says so, and serves on', async () => {
  const key = newKey();
  const server = await startServer({ env: key.env });
  const ada = await member(server);
  assert.equal((await rekey(server.folder, key, newKey())).code, 0);
  await server.logged((line) => line.event === 'keys_failed' && line.level === 'error');
  await renew(server, ada);
  assert.equal(await server.stop(), 0);
});

it('what it prints for people', async () => {
  const key = newKey();
  const { folder } = await house(key);
  const { code, stdout } = await cli(folder, key, ['key', 'rekey', newKey().file, '--yes']);
  assert.equal(code, 0);
  assert.match(stdout, /^signing keys sealed anew +2\napps sealed anew +2\napps that can't be opened +0\n$/);
});
