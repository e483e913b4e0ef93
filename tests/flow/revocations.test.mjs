// Stories of the revocation feed: what is in it, who may read it, how it waits; and the checkers of examples/, run against it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { ALGORITHMS, basic, issuerOf, revoke, serviceClient, tokenOf } from '../support/client.mjs';
import { signerOf } from '../support/forge.mjs';
import { children, run } from '../support/run.mjs';
import { startServer, top } from '../support/server.mjs';
import { alter, assertFaults, assertProblem, figures, member, signIn, withServer } from '../support/story.mjs';

let reader;
const at = withServer({}, async (server) => (reader = await serviceClient(server)));

const feed = (query = '', headers = {}, from = at.server) => from.call('GET', `/revocations${query}`, { headers: { ...reader.headers, ...headers } });

async function read(answer, from = at.server) {
  assert.equal(answer.status, 200, answer.text);
  const keys = createRemoteJWKSet(new URL(`${from.url}/.well-known/jwks.json`));
  return (await jwtVerify(answer.text, keys, { typ: 'revocations+jwt', issuer: issuerOf(from) })).payload;
}

// Until the set holds what is looked for: it may be half a second old.
async function until(fits, from) {
  for (;;) {
    const answer = await feed('', {}, from);
    const set = await read(answer, from);
    if (fits(set)) return { set, etag: answer.headers.etag };
    await feed('?wait=5', { 'If-None-Match': answer.headers.etag }, from);
  }
}
const logout = ({ token }) => at.server.call('POST', '/logout', { token });

describe('the feed', () => {
  it('is signed, has a tag and a form', async () => {
    const answer = await feed();
    assert.equal(answer.headers['content-type'], 'application/jwt');
    assert.equal(answer.headers['cache-control'], 'private, no-cache');
    assert.match(answer.headers.etag, /^W\/"[A-Za-z0-9_-]{22}"$/);
    const set = await read(answer);
    assert.deepEqual(Object.keys(set), ['iss', 'iat', 'exp', 'version', 'life', 'not_before', 'sessions', 'users', 'clients']);
    assert.deepEqual([set.life, set.exp - set.iat], [900, 300]);
  });

  it('holds ended sessions, by logout, by revocation and of all at once', async () => {
    const [one, two, three] = [await member(at.server), await member(at.server), await member(at.server)];
    const more = await signIn(at.server, three);
    const alive = await member(at.server);
    await logout(one);
    await revoke(at.server, reader, two.token);
    await at.server.call('POST', '/logout/all', { token: three.token });
    const ids = [one.tokens, two.tokens, three.tokens, more].map(({ session_id }) => session_id);
    const { set } = await until(({ sessions }) => ids.every((id) => sessions.includes(id)));
    assert.ok(!set.sessions.includes(alive.tokens.session_id));
    assert.ok(Math.abs(set.version / 1e6 - Date.now() / 1e3) < 60);
  });

  it('holds accounts whose tokens were voided, and disabled clients', async () => {
    const [user, admin] = [await member(at.server), await member(at.server, { roles: ['admin', 'user'] })];
    const gone = await serviceClient(at.server, 'a');
    assert.equal((await at.server.call('PATCH', `/users/${user.id}`, { token: admin.token, body: { roles: ['auditor'] } })).status, 200);
    assert.equal((await at.server.cli('client', 'disable', gone.id)).code, 0);
    const { set } = await until(({ clients }) => clients.includes(gone.id));
    assert.deepEqual(set.users.find(({ sub }) => sub === user.id), { sub: user.id, tv: decodeJwt(user.token).tv + 1 });
  });

  it('forgets what no living token can belong to', async () => {
    const user = await member(at.server);
    const id = user.tokens.session_id;
    await logout(user);
    await until(({ sessions }) => sessions.includes(id));
    await alter(at.server, `UPDATE sessions SET ended_at = ended_at - 961 * 1000000 WHERE id = '${id}'`);
    await until(({ sessions }) => !sessions.includes(id));
  });

  it('is for clients with its scope, by secret or by token', async () => {
    const without = await serviceClient(at.server, 'introspect');
    const missing = await feed('', without.headers);
    assert.deepEqual([missing.status, missing.json.code], [403, 'insufficient_scope']);
    assert.match(missing.headers['www-authenticate'], /error="insufficient_scope", scope="revocations", DPoP realm="[^"]*", algs="ES256 EdDSA Ed25519"$/);
    const token = (await tokenOf(at.server, reader, { scope: 'revocations' })).json.access_token;
    assert.equal((await feed('', { Authorization: `Bearer ${token}` })).status, 200);
    const user = await member(at.server);
    for (const Authorization of [undefined, basic(reader.id, 'wrong'), `Bearer ${user.token}`])
      assertProblem(await feed('', { Authorization }), { status: 401, code: 'invalid_client', detail: 'Client authentication failed' });
  });

  it('bounds the wait', async () => {
    for (const wait of ['61', '-1', 'x', '']) assertFaults(await feed(`?wait=${wait}`), { wait: 'out_of_range' });
    assert.equal((await feed('?waits=1')).status, 400);
  });
});

describe('a call that knows the set', () => {
  const waiting = async () => (await figures(at.server)).postern_waiting_calls;
  const seen = async (count) => {
    while ((await waiting()) !== count) await feed('?wait=0');
  };

  it('is told at once that nothing is new, when it does not want to wait', async () => {
    const { etag } = await until(() => true);
    for (const tag of [etag, `"other", ${etag}`]) {
      const answer = await feed('', { 'If-None-Match': tag });
      assert.deepEqual([answer.status, answer.text, answer.headers.etag], [304, '', etag]);
    }
    assert.equal((await feed('?wait=60', { 'If-None-Match': '"other"' })).status, 200);
  });

  it('waits for news, and holds no worker meanwhile', async () => {
    const { etag } = await until(() => true);
    const calls = Array.from({ length: 40 }, () => feed('?wait=60', { 'If-None-Match': etag })); // more than there are workers
    await seen(40);
    const user = await member(at.server);
    await logout(user);
    for (const answer of await Promise.all(calls)) assert.ok((await read(answer)).sessions.includes(user.tokens.session_id));
    assert.equal(await waiting(), 0);
  });

  it('is told after its time that nothing is new', async () => {
    const { etag } = await until(() => true);
    assert.equal((await feed('?wait=1', { 'If-None-Match': etag })).status, 304);
  });

  it('does not keep the server from ending', async () => {
    const other = await startServer();
    const own = await serviceClient(other);
    const first = await other.call('GET', '/revocations', { headers: own.headers });
    const call = fetch(`${other.url}/revocations?wait=60`, { headers: { ...own.headers, 'If-None-Match': first.headers.etag } });
    while ((await figures(other)).postern_waiting_calls !== 1);
    const from = performance.now();
    const ended = other.stop();
    assert.equal((await call).status, 304);
    assert.equal(await ended, 0);
    assert.ok(performance.now() - from < 30_000, 'it waited for the call');
  });
});

describe('a set that is too large', () => {
  it('is cut at its oldest entry, and all tokens that are older are void', async () => {
    const other = await startServer();
    reader = await serviceClient(other);
    const user = await member(other);
    const now = Date.now() * 1000;
    const rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5002)";
    const digest = process.env.POSTERN_STORE === 'postgres' ? "decode(lpad(to_hex(i), 64, '0'), 'hex')" : "unhex_(i)";
    const id = process.env.POSTERN_STORE === 'postgres' ? "'01940000-0000-7000-8000-' || lpad(CAST(i AS TEXT), 12, '0')" : "printf('01940000-0000-7000-8000-%012d', i)";
    const bytes = digest === 'unhex_(i)' ? "CAST(printf('%032d', i) AS BLOB)" : digest;
    const columns = await other.query('SELECT * FROM sessions');
    const names = Object.keys(columns[0]);
    const value = { id, refresh: bytes, ended_at: `${now} - i * 1000`, end_reason: "'logout'" };
    await alter(other, `INSERT INTO sessions (${names.join(', ')}) ${rows} SELECT ${names.map((name) => value[name] ?? name).join(', ')}
      FROM n, sessions WHERE sessions.id = '${user.tokens.session_id}'`);
    const { set } = await until(({ sessions }) => sessions.length === 5000, other);
    assert.equal(set.not_before, Math.floor((now - 5001 * 1000) / 1e6) + 1);
    assert.equal(await other.stop(), 0);
    reader = await serviceClient(at.server);
  });
});

const settings = (server, client) => ({
  PATH: process.env.PATH, POSTERN: server.url, ISSUER: issuerOf(server), AUDIENCE: issuerOf(server), CLIENT: client.id, SECRET: client.secret,
});

async function pythonWithJwt() {
  for (const python of ['/usr/bin/python3', 'python3']) {
    const found = await run(python, ['-c', 'import jwt, cryptography; jwt.PyJWKClient']).catch(() => ({ code: 1 }));
    if (found.code === 0) return python;
  }
  return assert.fail('python3-jwt is not installed: script/bootstrap test');
}

for (const [file, interpreter] of [['checker.mjs', () => process.execPath], ['checker.py', pythonWithJwt]])
  describe(`examples/${file}`, () => {
    let child, verdicts;

    before(async () => {
      child = spawn(await interpreter(), [path.join(top, 'examples', file)], { env: settings(at.server, reader), stdio: ['pipe', 'pipe', 'inherit'] });
      children.add(child);
      verdicts = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    });

    after(async () => {
      const ended = child.exitCode !== null ? Promise.resolve() : new Promise((resolve) => child.on('close', resolve));
      child.kill('SIGKILL');
      await ended;
      children.delete(child);
    });

    async function check(token) {
      child.stdin.write(`${token}\n`);
      return (await verdicts.next()).value;
    }

    it('has less than 60 lines', () => {
      assert.ok(readFileSync(path.join(top, 'examples', file), 'utf8').split('\n').length <= 60);
    });

    it('takes good tokens of users and of clients', async () => {
      const user = await member(at.server);
      assert.equal(await check(user.token), `good ${user.id}`);
      const client = await serviceClient(at.server, 'a');
      assert.equal(await check((await tokenOf(at.server, client)).json.access_token), `good ${client.id}`);
    });

    it('refuses expired, foreign and forged ones', async () => {
      const user = await member(at.server);
      const signer = await signerOf(at.server, user.token);
      const now = Math.floor(Date.now() / 1000);
      for (const token of [
        signer.token({ exp: now - 10 }), signer.token({ aud: 'other' }), signer.token({ iss: 'other' }), signer.token({}, { typ: 'JWT' }),
        signer.token({ exp: undefined }), signer.token({}, { alg: 'none' }), `${user.token.slice(0, -4)}AAAA`, 'x', 'a.b.c', (await feed()).text, user.tokens.refresh_token,
      ])
        assert.match(await check(token), /^refused: /);
      assert.equal(await check(user.token), `good ${user.id}`);
    });

    for (const alg of ALGORITHMS.filter((name) => name !== 'ES256'))
      it(`takes the algorithm that the key set names: ${alg}`, async () => {
        const [other, stranger] = [await startServer({ env: { POSTERN_TOKEN_ALG: alg } }), await startServer({ env: { POSTERN_TOKEN_ALG: alg } })];
        const [user, ended, foreign] = [await member(other), await member(other), await member(stranger)];
        await other.call('POST', '/logout', { token: ended.token });
        const [header, ...rest] = user.token.split('.');
        const says = (name) => Buffer.from(JSON.stringify({ ...decodeProtectedHeader(user.token), alg: name })).toString('base64url');
        assert.equal(says(alg), header);
        const bad = [ended.token, foreign.token, `${user.token.slice(0, -8)}AAAAAAAA`];
        for (const name of ['HS256', 'none', ...ALGORITHMS.filter((one) => one !== alg)]) bad.push([says(name), ...rest].join('.'));
        const input = [user.token, ...bad].map((token) => `${token}\n`).join('');
        const { stdout, stderr } = await run(await interpreter(), [path.join(top, 'examples', file)], { env: settings(other, await serviceClient(other)), input });
        const [first, ...others] = stdout.trim().split('\n');
        assert.deepEqual([first, others.length], [`good ${user.id}`, bad.length], stderr);
        for (const line of others) assert.match(line, /^refused: /);
        for (const server of [other, stranger]) assert.equal(await server.stop(), 0);
      });

    it('refuses an ended session and a raised token version soon after', async () => {
      const [ended, raised, other] = [await member(at.server), await member(at.server), await member(at.server)];
      for (const { token } of [ended, raised]) assert.match(await check(token), /^good /);
      await logout(ended);
      const admin = await member(at.server, { roles: ['admin', 'user'] });
      await at.server.call('PATCH', `/users/${raised.id}`, { token: admin.token, body: { roles: ['auditor'] } });
      for (const { token } of [ended, raised]) while (/^good/.test(await check(token))) await feed('?wait=0');
      assert.match(await check(ended.token), /^refused: the token was taken back$/);
      assert.equal(await check(other.token), `good ${other.id}`);
    });
  });
