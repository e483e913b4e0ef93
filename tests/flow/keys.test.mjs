// Stories of the signing keys: the first one, keys of an earlier release, master keys, and several servers on one database.
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { calculateJwkThumbprint } from 'jose';
import { onlyOn, databaseUrl, store } from '../support/database.mjs';
import { unseal } from '../support/forge.mjs';
import { environment, newFolder, program, run, startServer } from '../support/server.mjs';
import { endWell, member, signIn, signUp } from '../support/story.mjs';

const masterKey = () => randomBytes(32).toString('hex');
const rows = (server) => server.query('SELECT * FROM signing_keys ORDER BY active_at DESC');
const jwks = async (server) => (await server.call('GET', '/.well-known/jwks.json')).json.keys;
const me = (server, token) => server.call('GET', '/users/me', { token });

// A start that is to fail.
async function fails(folder, env) {
  const { code, stderr } = await run(program, ['serve'], { cwd: folder, env: environment(folder, false, env) });
  assert.equal(code, 1, stderr);
  return stderr;
}

describe('the first start', () => {
  it('makes one key, sealed under the master key, and tells the audit trail', async () => {
    const server = await startServer();
    await signUp(server);
    const [row, ...others] = await rows(server);
    assert.equal(others.length, 0);
    assert.equal(await calculateJwkThumbprint(JSON.parse(row.public_jwk)), row.kid);
    assert.equal((await jwks(server))[0].kid, row.kid);
    const key = unseal(server.folder, row);
    assert.equal(createPublicKey(key).export({ format: 'jwk' }).x, JSON.parse(row.public_jwk).x);
    assert.throws(() => unseal(server.folder, { ...row, algorithm: 'RS256' }), 'the seal is bound to its row');
    assert.equal(statSync(path.join(server.folder, 'postern-master-key')).mode & 0o777, 0o600);
    const [told] = await server.query("SELECT * FROM audit_log WHERE event = 'postern_key_made'");
    assert.deepEqual([told.actor, JSON.parse(told.detail).kid], ['postern', row.kid]);
    const master = readFileSync(path.join(server.folder, 'postern-master-key'), 'utf8').trim();
    server.canaries.remember(master);
    server.canaries.remember(key.export({ format: 'jwk' }).d);
    await endWell(server);
    const again = await startServer({ folder: server.folder });
    assert.deepEqual((await rows(again)).map(({ kid }) => kid), [row.kid]);
    assert.equal(await again.stop(), 0);
  });

  it('takes the master key from a file, from a credential of systemd or from the environment', async () => {
    const key = masterKey();
    const elsewhere = newFolder();
    writeFileSync(path.join(elsewhere, 'postern-master-key'), `${key}\n`, { mode: 0o600 });
    let folder;
    for (const env of [
      { POSTERN_MASTER_KEY_FILE: path.join(elsewhere, 'postern-master-key') },
      { POSTERN_MASTER_KEY: key },
      { POSTERN_MASTER_KEY: Buffer.from(key, 'hex').toString('base64url') },
      { CREDENTIALS_DIRECTORY: elsewhere },
    ]) {
      // Each start finds the keys of the one before, so each has found the same master key.
      const server = await startServer({ env, folder });
      ({ folder } = server);
      assert.equal((await jwks(server)).length, 1);
      assert.equal(await server.stop(), 0);
      assert.ok(!existsSync(path.join(folder, 'postern-master-key')));
    }
  });

  for (const [what, text] of [['too short', 'abc'], ['a passphrase', 'correct horse battery staple'], ['all zeros', '0'.repeat(64)]])
    it(`refuses a master key that is ${what}, and does not repeat it`, async () => {
      const folder = newFolder();
      const stderr = await fails(folder, { POSTERN_MASTER_KEY: text });
      assert.match(stderr, /^postern: POSTERN_MASTER_KEY: .*master key.*\n$/);
      assert.ok(!stderr.includes(text));
      writeFileSync(path.join(folder, 'key'), text, { mode: 0o600 });
      assert.match(await fails(folder, { POSTERN_MASTER_KEY_FILE: path.join(folder, 'key') }), /^postern: \S+\/key holds no master key.*\n$/);
    });

  it('refuses a file of the master key that is missing or open to others', async () => {
    const folder = newFolder();
    const file = path.join(folder, 'key');
    assert.match(await fails(folder, { POSTERN_MASTER_KEY_FILE: file }), /key file \S+\/key: No such file/);
    writeFileSync(file, masterKey());
    for (const mode of [0o644, 0o620]) {
      chmodSync(file, mode);
      assert.match(await fails(folder, { POSTERN_MASTER_KEY_FILE: file }), /open to others/);
    }
  });

  it('refuses another master key, or none, for a database that has keys', async () => {
    const server = await startServer({ env: { POSTERN_MASTER_KEY: masterKey() } });
    assert.equal(await server.stop(), 0);
    const stderr = await fails(server.folder, { POSTERN_MASTER_KEY: masterKey() });
    assert.match(stderr, /^postern: this is not the master key that the database's signing keys are sealed with\n$/);
    assert.match(await fails(server.folder, {}), /^postern: there is no master key in \S+\n?/);
    assert.ok(!existsSync(path.join(server.folder, 'postern-master-key')), 'none is made for a database that has another');
    assert.equal((await rows(server)).length, 1);
  });

  it('in production refuses a master key in the data folder', async () => {
    const folder = newFolder();
    writeFileSync(path.join(folder, 'key'), masterKey(), { mode: 0o600 });
    const stderr = await fails(folder, { POSTERN_PROFILE: 'production', POSTERN_MASTER_KEY_FILE: path.join(folder, 'key') });
    assert.match(stderr, /refused in production: POSTERN_MASTER_KEY_FILE lies in the data folder/);
  });

  it('refuses rows that were changed, and names the key', async () => {
    const server = await startServer();
    assert.equal(await server.stop(), 0);
    const [{ kid, sealed }] = await rows(server);
    const turned = (sealed[20] === 'A' ? 'B' : 'A');
    await server.query(`UPDATE signing_keys SET sealed = '${sealed.slice(0, 20)}${turned}${sealed.slice(21)}'`, { write: true });
    assert.match(await fails(server.folder, {}), new RegExp(`^postern: signing key ${kid}: the seal does not match\n$`));
  });
});

describe('keys of an earlier release, in files', () => {
  // As releases before the keys were in the database left them.
  async function oldFolder(count) {
    const folder = newFolder();
    const keys = path.join(folder, 'postern-keys');
    mkdirSync(keys, { mode: 0o700 });
    const made = [];
    for (let i = 0; i < count; i += 1) {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const kid = await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }));
      const file = path.join(keys, `${kid}.pem`);
      writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
      const age = Date.now() / 1000 - (count - i);
      utimesSync(file, age, age);
      made.push({ kid, key: privateKey });
    }
    return { folder, keys, made };
  }

  it('are taken in once: the youngest signs on, the others check, and the files are gone', async () => {
    const { folder, keys, made } = await oldFolder(3);
    const server = await startServer({ folder });
    const there = await rows(server);
    assert.deepEqual(there.map(({ kid }) => kid).sort(), made.map(({ kid }) => kid).sort());
    assert.deepEqual(there.filter((row) => row.retired_at === 0).map(({ kid }) => kid), [made[2].kid]);
    assert.equal((await jwks(server)).length, 3);
    assert.ok(!existsSync(keys));
    const ada = await member(server);
    assert.equal(JSON.parse(Buffer.from(ada.token.split('.')[0], 'base64url')).kid, made[2].kid);
    assert.equal(await server.stop(), 0);
    const again = await startServer({ folder });
    assert.equal((await rows(again)).length, 3);
    assert.equal((await me(again, ada.token)).status, 200, 'an old token is still good');
    assert.equal(await again.stop(), 0);
  });

  it('that a start left behind after its commit are removed by the next', async () => {
    const { folder, keys, made: [{ kid, key }] } = await oldFolder(1);
    const server = await startServer({ folder });
    assert.equal(await server.stop(), 0);
    mkdirSync(keys, { mode: 0o700 });
    writeFileSync(path.join(keys, `${kid}.pem`), key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    const again = await startServer({ folder });
    assert.deepEqual((await rows(again)).map((row) => row.kid), [kid]);
    assert.ok(!existsSync(keys));
    assert.equal(await again.stop(), 0);
  });

  for (const [what, spoil] of [
    ['open to others', (keys, name) => chmodSync(path.join(keys, name), 0o644)],
    ['in an open folder', (keys) => chmodSync(keys, 0o755)],
    ['under another name', (keys, name) => writeFileSync(path.join(keys, `${'A'.repeat(43)}.pem`), readFileSync(path.join(keys, name)), { mode: 0o600 })],
    ['no key', (keys, name) => writeFileSync(path.join(keys, name), 'hello')],
  ])
    it(`are refused when one is ${what}, and nothing is taken or removed`, async () => {
      const { folder, keys } = await oldFolder(2);
      spoil(keys, readdirSync(keys)[0]);
      const before = readdirSync(keys);
      assert.match(await fails(folder, {}), /^postern: \S.*postern-keys.*\n$/);
      assert.deepEqual(readdirSync(keys), before);
    });
});

describe('several servers on one database', () => {
  const ROUNDS = store === 'postgres' ? 12 : 6;

  it(`make one key, ${ROUNDS} times, when all start at once`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const folder = newFolder();
      const env = { POSTERN_MASTER_KEY: masterKey(), DATABASE_URL: databaseUrl(folder) };
      const servers = await Promise.all([0, 1, 2].map(() => startServer({ folder, env })));
      const kids = await Promise.all(servers.map(async (server) => (await jwks(server)).map(({ kid }) => kid).join()));
      assert.equal(new Set(kids).size, 1, `round ${round}: ${kids}`);
      assert.equal((await rows(servers[0])).length, 1);
      const ada = await member(servers[0]);
      assert.equal((await me(servers[1], ada.token)).status, 200, 'a token of one is good at the other');
      assert.deepEqual(await Promise.all(servers.map((server) => server.stop())), [0, 0, 0]);
    }
  });

  it('make one master key in development, when all start at once in one folder', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const folder = newFolder();
      const servers = await Promise.all([0, 1].map(() => startServer({ folder })));
      assert.equal((await rows(servers[0])).length, 1);
      assert.deepEqual(await Promise.all(servers.map((server) => server.stop())), [0, 0]);
    }
  });

  it('with folders of their own: the second needs the master key of the first', onlyOn('postgres'), async () => {
    const first = await startServer();
    const folder = newFolder();
    const env = { DATABASE_URL: databaseUrl(first.folder) };
    assert.match(await fails(folder, env), /^postern: there is no master key in \S+\/postern-master-key, and POSTERN_MASTER_KEY_FILE is not set/);
    const second = await startServer({ folder, env: { ...env, POSTERN_MASTER_KEY_FILE: path.join(first.folder, 'postern-master-key') } });
    const ada = await signUp(first);
    const { access_token: token } = await signIn(second, ada);
    assert.equal((await me(first, token)).status, 200);
    assert.deepEqual(await Promise.all([first.stop(), second.stop()]), [0, 0]);
  });
});
