// Stories of keys that follow each other while servers run: by hand, by age, by another algorithm, and the drill for a stolen one.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { databaseUrl, onlyOn } from '../support/database.mjs';
import { honest, openProxy } from '../support/proxy.mjs';
import { newFolder, startServer } from '../support/server.mjs';
import { alter, assertProblem, endWell, member, signIn, signUp, tokenInvalid } from '../support/story.mjs';

const DAY_US = 86_400_000_000;
const HEARD_MS = 1000; // what docs/storage.md promises
const jwks = async (server) => (await server.call('GET', '/.well-known/jwks.json')).json;
const kids = async (server) => (await jwks(server)).keys.map(({ kid }) => kid);
const kidOf = (token) => decodeProtectedHeader(token).kid;
const me = (server, token) => server.call('GET', '/users/me', { token });

async function keys(server) {
  const { code, stdout, stderr } = await server.cli('key', 'list', '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout).items;
}

async function command(server, ...args) {
  const { code, stdout, stderr } = await server.cli('key', ...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

// Asks again until it is so, and says how long that took; 20 s are for a machine that is very busy.
async function until(what, question) {
  const since = performance.now();
  while (performance.now() - since < 20_000) if (await question()) return performance.now() - since;
  throw new Error(`never: ${what}`);
}

async function two(env = {}) {
  const folder = newFolder();
  const all = { POSTERN_MASTER_KEY: randomBytes(32).toString('hex'), DATABASE_URL: databaseUrl(folder), ...env };
  return Promise.all([0, 1].map(() => startServer({ folder, env: all })));
}

describe('each algorithm', () => {
  for (const [algorithm, kty] of [['ES256', 'EC'], ['EdDSA', 'OKP'], ['RS256', 'RSA'], ['PS256', 'RSA']])
    it(`${algorithm}: another service checks a token with the key set alone`, async () => {
      const server = await startServer({ env: { POSTERN_TOKEN_ALG: algorithm, POSTERN_ISSUER: 'http://id.example' } });
      const ada = await member(server);
      const [key, ...others] = (await jwks(server)).keys;
      assert.equal(others.length, 0);
      assert.deepEqual([key.kty, key.alg, key.use], [kty, algorithm, 'sig']);
      for (const secret of ['d', 'p', 'q', 'k']) assert.ok(!(secret in key));
      const rules = { typ: 'at+jwt', algorithms: [algorithm], issuer: 'http://id.example', audience: 'http://id.example' };
      const { payload } = await jwtVerify(ada.token, createLocalJWKSet(await jwks(server)), rules);
      assert.equal(payload.sub, ada.id);
      assert.equal((await me(server, ada.token)).status, 200);
      const [head, claims, signature] = ada.token.split('.');
      const other = Buffer.from(JSON.stringify({ ...decodeProtectedHeader(ada.token), alg: algorithm === 'RS256' ? 'PS256' : 'RS256' }));
      assertProblem(await me(server, [other.toString('base64url'), claims, signature].join('.')), tokenInvalid);
      assertProblem(await me(server, [head, claims, signature.slice(0, -4)].join('.')), tokenInvalid);
      assertProblem(await me(server, [head, `${claims.slice(0, -2)}AA`, signature].join('.')), tokenInvalid);
      await endWell(server);
    });

  it('a server that starts with another one publishes a key of it, and the tokens of before stay good', async () => {
    const first = await startServer();
    const ada = await member(first);
    assert.equal(await first.stop(), 0);
    const second = await startServer({ folder: first.folder, env: { POSTERN_TOKEN_ALG: 'EdDSA', POSTERN_KEY_LEAD: '1' } });
    const [next, before] = await keys(second);
    assert.deepEqual([next.algorithm, before.algorithm], ['EdDSA', 'ES256']);
    await until('the key of the other algorithm signs', async () => {
      const { access_token: token } = await signIn(second, ada);
      return decodeProtectedHeader(token).alg === 'EdDSA';
    });
    assert.equal((await me(second, ada.token)).status, 200);
    assert.equal(await second.stop(), 0);
    const third = await startServer({ folder: first.folder, env: { POSTERN_TOKEN_ALG: 'EdDSA' } });
    assert.equal((await keys(third)).length, 2, 'nothing to do the second time');
    assert.equal(await third.stop(), 0);
  });
});

describe('a rotation by hand', () => {
  it('is published before it signs, signs after the lead, and the one before goes on checking', async () => {
    const [a, b] = await two({ POSTERN_KEY_LEAD: '2' });
    const ada = await member(a);
    const made = await command(a, 'rotate');
    assert.equal(made.state, 'next');
    const waits = await Promise.all([a, b].map((server) => until('both publish it', async () => (await kids(server)).includes(made.kid))));
    for (const ms of waits) assert.ok(ms < 20_000);
    assert.ok(Date.parse(made.active_at) - Date.parse(made.made_at) === 2000);
    for (const server of [a, b])
      await until('it signs', async () => kidOf((await signIn(server, ada)).access_token) === made.kid);
    assert.ok(Date.now() >= Date.parse(made.active_at));
    for (const server of [a, b]) assert.equal((await me(server, ada.token)).status, 200, 'a token of the key before');
    const [now, before] = await keys(a);
    assert.deepEqual([now.kid, now.state, before.kid, before.state], [made.kid, 'current', kidOf(ada.token), 'previous']);
    assert.equal(Date.parse(before.expires_at) - Date.parse(before.retired_at), DAY_US / 1000, 'as long as a token can live');
    const told = await a.query("SELECT actor, detail FROM audit_log WHERE event = 'postern_key_rotated'");
    assert.deepEqual(told.map(({ actor, detail }) => [actor, JSON.parse(detail).kid]), [['cli', made.kid]]);
    assert.deepEqual(await Promise.all([a.stop(), b.stop()]), [0, 0]);
  });

  it('is refused while there is a next key, but for --now, which makes that one sign', async () => {
    const server = await startServer();
    const ada = await signUp(server);
    const next = await command(server, 'rotate', '--algorithm', 'EdDSA');
    const refused = await server.cli('key', 'rotate');
    assert.deepEqual([refused.code, refused.stdout], [1, '']);
    assert.ok(refused.stderr.includes(next.kid), refused.stderr);
    const hastened = await command(server, 'rotate', '--now');
    assert.deepEqual([hastened.kid, hastened.state], [next.kid, 'current']);
    await until('it signs', async () => kidOf((await signIn(server, ada)).access_token) === next.kid);
    const again = await command(server, 'rotate', '--now');
    assert.notEqual(again.kid, next.kid);
    assert.deepEqual((await keys(server)).map(({ state }) => state), ['current', 'previous', 'previous']);
    assert.equal((await server.cli('key', 'rotate', '--algorithm', 'ES384')).code, 2);
    assert.equal(await server.stop(), 0);
  });

  it('of many consoles at once makes one next key', async () => {
    const server = await startServer();
    const answers = await Promise.all(Array.from({ length: 6 }, () => server.cli('key', 'rotate')));
    assert.deepEqual(answers.map(({ code }) => code).sort(), [0, 1, 1, 1, 1, 1], answers.map(({ stderr }) => stderr).join());
    assert.deepEqual((await keys(server)).map(({ state }) => state), ['next', 'current']);
    assert.equal(await server.stop(), 0);
  });

  it('needs the master key, and leaves all as it was without', async () => {
    const server = await startServer({ env: { POSTERN_MASTER_KEY: randomBytes(32).toString('hex') } });
    const before = await keys(server);
    for (const args of [['rotate'], ['revoke', before[0].kid]]) {
      const other = await server.cliWith({ env: { POSTERN_MASTER_KEY: randomBytes(32).toString('hex') } }, 'key', ...args);
      assert.equal(other.code, 1);
      assert.match(other.stderr, /^postern: this is not the master key/);
      assert.equal((await server.cliWith({ env: { POSTERN_MASTER_KEY: '' } }, 'key', ...args)).code, 1);
    }
    assert.deepEqual(await keys(server), before);
    assert.equal(await server.stop(), 0);
  });
});

describe('a rotation by age', () => {
  it('is done by one of two servers, once', async () => {
    const [a, b] = await two({ POSTERN_KEY_ROTATION: '3600', POSTERN_KEY_LEAD: '600' });
    const [first] = await keys(a);
    await alter(a, `UPDATE signing_keys SET active_at = active_at - 3001000000, made_at = made_at - 3001000000`);
    await until('there is a next key', async () => (await keys(a)).length === 2);
    await until('both publish it', async () => (await kids(a)).length === 2 && (await kids(b)).length === 2);
    const now = await keys(a);
    assert.deepEqual(now.map(({ state }) => state), ['next', 'current']);
    assert.equal(now[1].kid, first.kid);
    const told = await a.query("SELECT actor FROM audit_log WHERE event = 'postern_key_rotated'");
    assert.deepEqual(told, [{ actor: 'postern' }]);
    assert.deepEqual(await Promise.all([a.stop(), b.stop()]), [0, 0]);
  });

  it('does not come before its time, nor at all when it is switched off', async () => {
    const young = await startServer({ env: { POSTERN_KEY_ROTATION: '3600', POSTERN_KEY_LEAD: '600' } });
    const never = await startServer({ env: { POSTERN_KEY_ROTATION: '0' } });
    await alter(young, 'UPDATE signing_keys SET active_at = active_at - 2900000000');
    await alter(never, 'UPDATE signing_keys SET active_at = 1');
    for (const server of [young, never]) {
      assert.equal(await server.stop(), 0);
      const again = await startServer({ folder: server.folder, env: { POSTERN_KEY_ROTATION: server === young ? '3600' : '0', POSTERN_KEY_LEAD: '600' } });
      await until('it serves', async () => (await again.call('GET', '/readyz')).status === 200);
      assert.equal((await keys(again)).length, 1);
      assert.equal(await again.stop(), 0);
    }
  });

  it('forgets a key when it has expired', async () => {
    const server = await startServer();
    const ada = await member(server);
    await command(server, 'rotate', '--now');
    assert.equal((await me(server, ada.token)).status, 200);
    await alter(server, `UPDATE signing_keys SET retired_at = retired_at - ${DAY_US}, expires_at = expires_at - ${DAY_US} WHERE kid = '${kidOf(ada.token)}'`);
    await until('it is not published any more', async () => !(await kids(server)).includes(kidOf(ada.token)));
    assertProblem(await me(server, ada.token), tokenInvalid);
    assert.deepEqual((await keys(server)).map(({ state }) => state), ['current', 'expired']);
    assert.equal(await server.stop(), 0);
  });
});

describe('the drill for a stolen key', () => {
  it('revoke: every old token is refused everywhere within a second, and another key signs', async (t) => {
    const [a, b] = await two();
    const people = await Promise.all([0, 1, 2].map(() => member(a)));
    const [{ kid: stolen }] = await keys(a);
    const by = await command(a, 'revoke', stolen);
    const since = performance.now();
    assert.notEqual(by.kid, stolen);
    assert.equal(by.state, 'current');
    for (const server of [a, b]) await until('the old key is gone', async () => (await me(server, people[0].token)).status === 401);
    const took = performance.now() - since;
    for (const server of [a, b])
      for (const { token } of people) assertProblem(await me(server, token), tokenInvalid);
    for (const server of [a, b]) assert.deepEqual(await kids(server), [by.kid]);
    for (const { tokens } of people) {
      const renewed = await b.call('POST', '/token/refresh', { body: { refresh_token: tokens.refresh_token } });
      assert.equal(renewed.status, 200, 'nobody is signed out');
      assert.equal(kidOf(renewed.json.access_token), by.kid);
      assert.equal((await me(a, renewed.json.access_token)).status, 200);
    }
    t.diagnostic(`two servers refused it ${took.toFixed(0)} ms after the console (promised: ${HEARD_MS})`);
    const [{ sealed }] = await a.query(`SELECT sealed FROM signing_keys WHERE kid = '${stolen}'`);
    assert.equal(sealed, null, 'its private half is gone');
    const told = await a.query("SELECT actor, reason, severity FROM audit_log WHERE event = 'postern_key_revoked'");
    assert.deepEqual(told, [{ actor: 'cli', reason: 'current', severity: 'CRITICAL' }]);
    assert.deepEqual(await Promise.all([a.stop(), b.stop()]), [0, 0]);
  });

  it('with a next key published: that one takes over', async () => {
    const server = await startServer();
    const [{ kid: stolen }] = await keys(server);
    const next = await command(server, 'rotate');
    const by = await command(server, 'revoke', stolen);
    assert.equal(by.kid, next.kid);
    assert.deepEqual((await keys(server)).map(({ kid, state }) => [kid, state]), [[next.kid, 'current'], [stolen, 'revoked']]);
    const ada = await signUp(server);
    await until('it signs', async () => kidOf((await signIn(server, ada)).access_token) === next.kid);
    assert.equal(await server.stop(), 0);
  });

  it('of the next or a previous key: the one that signs goes on', async () => {
    const server = await startServer();
    const [{ kid: first }] = await keys(server);
    const next = await command(server, 'rotate');
    assert.equal((await command(server, 'revoke', next.kid)).kid, first);
    const second = await command(server, 'rotate', '--now');
    assert.equal((await command(server, 'revoke', first)).kid, second.kid);
    const states = Object.fromEntries((await keys(server)).map(({ kid, state }) => [kid, state]));
    assert.deepEqual(states, { [second.kid]: 'current', [next.kid]: 'revoked', [first]: 'revoked' });
    await until('one is published', async () => (await kids(server)).join() === second.kid);
    assert.equal(await server.stop(), 0);
  });

  it('refuses a key that is none, or was revoked before', async () => {
    const server = await startServer();
    const [{ kid }] = await keys(server);
    await command(server, 'revoke', kid);
    for (const [what, says] of [[kid, /is revoked already/], ['x', /no signing key x/], ["' OR 1=1 --", /no signing key/], [`-${'A'.repeat(42)}`, /no signing key -A/], [`--${'A'.repeat(41)}`, /no signing key --A/]]) {
      const { code, stdout, stderr } = await server.cli('key', 'revoke', what);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, says);
    }
    assert.equal((await keys(server)).length, 2);
    assert.equal(await server.stop(), 0);
  });

  it('prints the public keys for who can not fetch them', async () => {
    const server = await startServer();
    const { code, stdout } = await server.cli('key', 'export-public');
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), await jwks(server));
    assert.equal(await server.stop(), 0);
  });
});

describe('a server that no key is left for', () => {
  it('makes one by itself, which signs at once', async () => {
    const server = await startServer();
    const ada = await signUp(server);
    await alter(server, 'UPDATE signing_keys SET revoked_at = 1, sealed = NULL');
    await until('a new key is made by itself', async () => (await keys(server)).some(({ state }) => state === 'current'));
    await until('it is ready', async () => (await server.call('GET', '/readyz')).status === 200);
    assert.equal((await me(server, (await signIn(server, ada)).access_token)).status, 200);
    assert.equal(await server.stop(), 0);
  });
});

describe('news on PostgreSQL', onlyOn('postgres'), () => {
  it('is heard again after every connection was cut', async () => {
    const folder = newFolder();
    const proxy = await openProxy(databaseUrl(folder));
    const server = await startServer({ folder, env: { DATABASE_URL: proxy.url } });
    const ada = await signUp(server);
    for (let round = 0; round < 3; round += 1) {
      const { access_token: token } = await signIn(server, ada);
      proxy.does({ closes: true }); // every connection, once
      proxy.does(honest());
      await command(server, 'revoke', kidOf(token));
      await until('the key is gone', async () => (await me(server, token)).json?.code === 'token_invalid');
    }
    assert.equal(await server.stop(), 0);
    proxy.close();
  });

  it('is made up for by reading all again, where it can not be heard: behind pgBouncer', async (t) => {
    const bouncer = process.env.POSTERN_TEST_PGBOUNCER;
    if (bouncer === undefined) return t.skip('no pgbouncer here');
    const folder = newFolder();
    const url = new URL(bouncer);
    url.pathname = new URL(databaseUrl(folder)).pathname;
    const server = await startServer({ folder, env: { DATABASE_URL: url.href } });
    const ada = await member(server);
    await command(server, 'revoke', kidOf(ada.token));
    const took = await until('the key is gone', async () => (await me(server, ada.token)).status === 401);
    t.diagnostic(`behind pgBouncer refused after ${took.toFixed(0)} ms`);
    assert.equal(await server.stop(), 0);
  });

  it('that is lost is made up for within 10 s', async (t) => {
    const server = await startServer();
    const ada = await member(server);
    await alter(server, `UPDATE signing_keys SET revoked_at = 1, sealed = NULL WHERE kid = '${kidOf(ada.token)}'`); // told to nobody
    const took = await until('the key is gone', async () => (await me(server, ada.token)).status === 401);
    t.diagnostic(`without news refused after ${took.toFixed(0)} ms`);
    assert.equal(await server.stop(), 0);
  });
});
