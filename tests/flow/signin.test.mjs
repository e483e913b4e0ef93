// Stories of signing in with a password, of what the tokens say, and of their end.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import {
  PASSWORD, UUID, alter, assertFaults, assertProblem, auditOf, badCredentials, malformedJson, member, sessionEnded, signIn, signUp,
  withServer, wrongType,
} from '../support/story.mjs';

const at = withServer();
const login = (body, options = {}) => at.server.call('POST', '/login', { body, ...options });
const refresh = (refresh_token) => at.server.call('POST', '/token/refresh', { body: { refresh_token } });
const me = (token) => at.server.call('GET', '/users/me', { token });
const hashOf = async ({ id }) => (await at.server.query(`SELECT hashed_password AS is_now FROM users WHERE public_id = '${id}'`))[0].is_now;
const refreshInvalid = { status: 401, code: 'refresh_token_invalid', detail: 'The refresh token is not valid' };
const secretInQuery = { status: 400, code: 'secret_in_query' };

// The answer without what names the one request.
const withoutRequest = ({ text, headers }) => text.replaceAll(headers['x-request-id'], 'ID');

describe('signing in', () => {
  it('by address answers tokens in the exact form', async () => {
    const account = await signUp(at.server);
    const answer = await login({ email: account.email, password: account.password });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.deepEqual(Object.keys(answer.json), [
      'message', 'access_token', 'token_type', 'expires_in', 'refresh_token', 'refresh_expires_in', 'session_id', 'user_id',
    ]);
    const { message, token_type, expires_in, refresh_token, refresh_expires_in, session_id, user_id } = answer.json;
    assert.deepEqual({ message, token_type, expires_in, refresh_expires_in, user_id }, {
      message: 'Login successful', token_type: 'Bearer', expires_in: 900, refresh_expires_in: 1209600, user_id: account.id,
    });
    assert.match(session_id, UUID);
    assert.match(refresh_token, /^[A-Za-z0-9_-]{70}$/); // 256 bits of it nobody can guess
  });

  it('works by user name, in any case and width of it', async () => {
    const account = await signUp(at.server, { username: 'Grace.Hopper' });
    for (const username of ['Grace.Hopper', 'grace.hopper', 'ＧＲＡＣＥ.hopper'])
      assert.equal((await signIn(at.server, { username, password: PASSWORD })).user_id, account.id);
  });

  it('works by every form of the address', async () => {
    const account = await signUp(at.server, { email: 'grace@bücher.example' });
    for (const email of ['GRACE@bücher.example', 'grace@xn--bcher-kva.example', 'grace@bu\u0308cher.example'])
      assert.equal((await signIn(at.server, { email, password: PASSWORD })).user_id, account.id);
  });

  for (const [made, typed] of [
    ['\u00c5ngstr\u00f6m-77', 'A\u030angstro\u0308m-77'], ['A\u030angstro\u0308m-78', '\u00c5ngstr\u00f6m-78'],
    ['\u212bngstr\u00f6m-79', '\u00c5ngstr\u00f6m-79'],
  ])
    it(`takes a password in another normal form: ${escape(made)} as ${escape(typed)}`, async () => {
      const account = await signUp(at.server, { password: made });
      await signIn(at.server, { ...account, password: typed });
    });

  for (const [made, typed] of [
    ['SecurePass123', 'securepass123'], ['SecurePass123', 'SecurePass123 '], ['SecurePass123', ' SecurePass123'],
    ['ﬁne-Words-77', 'fine-Words-77'], ['Straße-Words-77', 'Strasse-Words-77'], ['SecurePass①', 'SecurePass1'],
  ])
    it(`does not take "${typed}" for "${made}"`, async () => {
      const account = await signUp(at.server, { password: made });
      assertProblem(await login({ email: account.email, password: typed }), badCredentials);
    });

  it('does not cut a long password', async () => {
    const password = `${'x7-'.repeat(33)}A`;
    const account = await signUp(at.server, { password });
    assert.equal(password.length, 100);
    await signIn(at.server, account);
    assertProblem(await login({ email: account.email, password: password.slice(0, 99) }), badCredentials);
    assertProblem(await login({ email: account.email, password: `${password}A` }), badCredentials);
  });

  it('opens a session of its own each time', async () => {
    const account = await signUp(at.server);
    const [one, two] = [await signIn(at.server, account), await signIn(at.server, account)];
    assert.notEqual(one.session_id, two.session_id);
    assert.notEqual(one.refresh_token, two.refresh_token);
    assert.equal((await me(one.access_token)).status, 200);
    assert.equal((await me(two.access_token)).status, 200);
  });
});

describe('a sign-in that fails says one thing only', () => {
  it('byte for byte: for an unknown account, a wrong password, an inactive account and an account without a password', async () => {
    const account = await signUp(at.server, { username: 'known.name' });
    const inactive = await signUp(at.server);
    const without = await signUp(at.server);
    await alter(at.server, `UPDATE users SET is_active = FALSE WHERE public_id = '${inactive.id}'`);
    await alter(at.server, `UPDATE users SET hashed_password = NULL WHERE public_id = '${without.id}'`);
    const answers = [
      await login({ email: account.email, password: 'wrong-Password-1' }),
      await login({ username: 'known.name', password: 'wrong-Password-2' }),
      await login({ email: 'nobody@example.com', password: PASSWORD }),
      await login({ username: 'nobody.at.all', password: PASSWORD }),
      await login({ email: inactive.email, password: PASSWORD }),
      await login({ email: inactive.email, password: 'wrong-Password-3' }),
      await login({ email: without.email, password: PASSWORD }),
      await login({ email: 'no address', password: PASSWORD }),
      await login({ username: '..', password: PASSWORD }),
      await login({ username: account.email, password: PASSWORD }),
      await login({ email: 'known.name', password: PASSWORD }),
      await login({ email: account.email, password: 'control\u0001-character' }),
      await login({ email: account.email, password: 'x'.repeat(1200) }),
    ];
    for (const answer of answers) {
      assertProblem(answer, badCredentials);
      assert.equal(withoutRequest(answer), withoutRequest(answers[0]));
      const { date, 'x-request-id': _, ...headers } = answer.headers;
      const { date: _d, 'x-request-id': _x, ...first } = answers[0].headers;
      assert.deepEqual(headers, first);
      assert.equal(headers['www-authenticate'], 'Bearer realm="Postern", DPoP realm="Postern", algs="ES256 EdDSA Ed25519"');
    }
  });

  for (const [why, reason, make] of [
    ['a wrong password', 'password', async () => ({ account: await signUp(at.server), password: 'wrong-Password-4' })],
    ['an inactive account', 'inactive', async () => {
      const account = await signUp(at.server);
      await alter(at.server, `UPDATE users SET is_active = FALSE WHERE public_id = '${account.id}'`);
      return { account, password: account.password };
    }],
  ])
    it(`while the audit trail knows of ${why}`, async () => {
      const { account, password } = await make();
      const answer = await login({ email: account.email, password });
      const rows = await auditOf(at.server, answer);
      assert.deepEqual(rows.map(({ event, outcome, reason, actor, target }) => ({ event, outcome, reason, actor, target })),
        [{ event: 'authn_login_fail', outcome: 'failure', reason, actor: null, target: account.id }]);
    });

  it('while the audit trail counts unknown names, and shows none', async () => {
    const targets = [];
    for (const email of ['ghost.one@example.com', 'GHOST.ONE@example.com', 'ghost.two@example.com']) {
      const [row] = await auditOf(at.server, await login({ email, password: PASSWORD }));
      assert.equal(row.reason, 'unknown_user');
      assert.match(row.target, /^unknown:[0-9a-f]{16}$/);
      targets.push(row.target);
    }
    assert.equal(targets[0], targets[1]);
    assert.notEqual(targets[0], targets[2]);
    assert.ok(!at.server.said().toLowerCase().includes('ghost.one'));
  });
});

describe('a sign-in that is not well formed is refused', () => {
  for (const [why, body, faults] of [
    ['both names', { email: 'a@example.com', username: 'ada', password: PASSWORD }, { email: 'missing' }],
    ['no name', { password: PASSWORD }, { email: 'missing' }],
    ['no password', { email: 'a@example.com' }, { password: 'missing' }],
    ['an empty password', { email: 'a@example.com', password: '' }, { password: 'too_short' }],
    ['a password past every bound', { email: 'a@example.com', password: 'x'.repeat(1201) }, { password: 'too_long' }],
    ['a number as password', { email: 'a@example.com', password: 12345678 }, { password: 'wrong_type' }],
    ['a list as password', { email: 'a@example.com', password: [PASSWORD] }, { password: 'wrong_type' }],
    ['null as name', { email: null, password: PASSWORD }, { email: 'wrong_type' }],
    ['an empty name', { username: '', password: PASSWORD }, { username: 'too_short' }],
    ['an object as name', { email: { $ne: null }, password: PASSWORD }, { email: 'wrong_type' }],
    ['an address of 255 bytes', { email: `${'a'.repeat(243)}@example.com`, password: PASSWORD }, { email: 'too_long' }],
    ['an unknown field', { email: 'a@example.com', password: PASSWORD, remember: true }, { remember: 'unknown_field' }],
    ['a role', { email: 'a@example.com', password: PASSWORD, role: 'admin' }, { role: 'unknown_field' }],
  ])
    it(`with ${why}`, async () => assertFaults(await login(body), faults));

  it('as a form', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    assertProblem(await login(`username=ada&password=${PASSWORD}`, { headers }), wrongType);
  });

  it('as a form that says it is JSON', async () => assertProblem(await login(`username=ada&password=${PASSWORD}`), malformedJson));

  for (const name of ['password', 'PASSWORD', 'pass%77ord', 'token', 'access_token', 'refresh_token', 'secret', 'code'])
    it(`with ${name} in the address, and the address is not logged`, async () => {
      const canary = at.server.canaries.remember(`In-The-Query-${name.length}-${name.charCodeAt(4)}`);
      const account = await signUp(at.server);
      for (const [method, route, token] of [['POST', '/login'], ['POST', '/users'], ['GET', '/ping'], ['GET', '/users/me', 'x.y.z']]) {
        const answer = await at.server.call(method, `${route}?a=b&${name}=${canary}`, {
          token, body: method === 'POST' ? { email: account.email, password: account.password } : undefined,
        });
        assertProblem(answer, secretInQuery);
        assert.ok(!answer.text.includes(canary));
      }
    });

  it('with any other thing in the address', async () => {
    const account = await signUp(at.server);
    const body = { email: account.email, password: account.password };
    for (const query of ['email=x', 'next=/', 'x', '&', '='])
      assertProblem(await at.server.call('POST', `/login?${query}`, { body }), { status: 400, code: 'invalid_query' });
  });

  it('with GET', async () => assertProblem(await at.server.call('GET', '/login'), { status: 405, code: 'method_not_allowed' }));
});

describe('an access token', () => {
  const verify = (token, options = {}) =>
    jwtVerify(token, createRemoteJWKSet(new URL('/.well-known/jwks.json', at.server.url)), { typ: 'at+jwt', algorithms: ['ES256'], ...options });

  it('is checked by another service with the published keys alone, and says what the contract lists', async () => {
    const account = await member(at.server, { roles: ['admin', 'user'] });
    const before = Math.floor(Date.now() / 1000);
    const tokens = await signIn(at.server, account);
    const { payload, protectedHeader } = await verify(tokens.access_token);
    const { json: jwks } = await at.server.call('GET', '/.well-known/jwks.json');
    assert.deepEqual(protectedHeader, { alg: 'ES256', typ: 'at+jwt', kid: jwks.keys[0].kid });
    const { iat, jti, ...rest } = payload;
    assert.ok(iat >= before && iat <= Date.now() / 1000);
    assert.match(jti, UUID);
    assert.deepEqual(rest, {
      iss: payload.iss, aud: payload.iss, sub: account.id, nbf: iat, exp: iat + 900, sid: tokens.session_id, tv: 0, role: 'admin',
      roles: ['admin', 'user'], scope: 'users:read users:write sessions:write audit:read', amr: ['pwd'], acr: 'aal1', auth_time: iat,
      email: account.email, name: account.name,
    });
    assert.equal(typeof payload.iss, 'string');
    await verify(tokens.access_token, { issuer: payload.iss, audience: payload.iss });
    await assert.rejects(verify(tokens.access_token, { audience: 'another-service' }));
  });

  it('of an ordinary user carries no permission', async () => {
    const { payload } = await verify((await member(at.server)).token);
    assert.deepEqual([payload.role, payload.roles, payload.scope], ['user', ['user'], '']);
  });

  it('of an auditor may read', async () => {
    const { payload } = await verify((await member(at.server, { roles: ['auditor'] })).token);
    assert.deepEqual([payload.role, payload.roles, payload.scope], ['auditor', ['auditor'], 'users:read audit:read']);
  });

  it('has an id of its own', async () => {
    const account = await signUp(at.server);
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push((await verify((await signIn(at.server, account)).access_token)).payload.jti);
    assert.equal(new Set(ids).size, 3);
  });

  it('of an account without address and name leaves those two claims out', async () => {
    const body = { username: 'only.a.name', password: PASSWORD };
    await at.server.call('POST', '/register', { body });
    const { payload } = await verify((await signIn(at.server, body)).access_token);
    assert.ok(!('email' in payload) && !('name' in payload));
  });

  it('is not for another service, and the published keys hold nothing private', async () => {
    const { json, headers } = await at.server.call('GET', '/.well-known/jwks.json');
    assert.match(headers['content-type'], /^application\/json/);
    for (const key of json.keys) {
      assert.deepEqual(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
      assert.deepEqual([key.kty, key.crv, key.alg, key.use], ['EC', 'P-256', 'ES256', 'sig']);
    }
  });
});

describe('signing out', () => {
  it('ends the access token and the refresh token at once', async () => {
    const account = await member(at.server);
    const other = await signIn(at.server, account);
    const answer = await at.server.call('POST', '/logout', { token: account.token });
    assert.deepEqual([answer.status, answer.text], [204, '']);
    assertProblem(await me(account.token), sessionEnded);
    assertProblem(await refresh(account.tokens.refresh_token), refreshInvalid);
    assertProblem(await at.server.call('POST', '/logout', { token: account.token }), sessionEnded);
    assert.equal((await me(other.access_token)).status, 200, 'the other session goes on');
    assert.equal((await refresh(other.refresh_token)).status, 200);
  });

  it('ends what a refresh has made in the same session', async () => {
    const account = await member(at.server);
    const { json } = await refresh(account.tokens.refresh_token);
    await at.server.call('POST', '/logout', { token: account.token });
    assertProblem(await me(json.access_token), sessionEnded);
    assertProblem(await refresh(json.refresh_token), refreshInvalid);
  });

  it('everywhere ends every session of the account, and of nobody else', async () => {
    const account = await member(at.server);
    const sessions = [account.tokens, await signIn(at.server, account), await signIn(at.server, account)];
    const other = await member(at.server);
    assert.equal((await at.server.call('POST', '/logout/all', { token: account.token })).status, 204);
    for (const tokens of sessions) {
      assertProblem(await me(tokens.access_token), sessionEnded);
      assertProblem(await refresh(tokens.refresh_token), refreshInvalid);
    }
    assert.equal((await me(other.token)).status, 200);
    assert.equal((await me((await signIn(at.server, account)).access_token)).status, 200, 'and one can sign in again');
  });

  for (const route of ['/logout', '/logout/all']) {
    it(`${route} needs a token`, async () => assertProblem(await at.server.call('POST', route), { status: 401, code: 'token_missing' }));
    it(`${route} takes no body`, async () => {
      const { token } = await member(at.server);
      assertFaults(await at.server.call('POST', route, { token, body: { all: true } }), { all: 'unknown_field' });
      assert.equal((await me(token)).status, 200);
    });
  }
});

describe('tokens of an account that has changed', () => {
  it('are dead once it is inactive, and stay so when it is active again', async () => {
    const admin = await member(at.server, { roles: ['admin'] });
    const account = await member(at.server);
    const change = (is_active) => at.server.call('PATCH', `/users/${account.id}`, { token: admin.token, body: { is_active } });
    assert.equal((await change(false)).json.is_active, false);
    assertProblem(await me(account.token), sessionEnded);
    assertProblem(await refresh(account.tokens.refresh_token), refreshInvalid);
    assertProblem(await login({ email: account.email, password: account.password }), badCredentials);
    assert.equal((await change(true)).json.is_active, true);
    assertProblem(await me(account.token), sessionEnded);
    assertProblem(await refresh(account.tokens.refresh_token), refreshInvalid);
    assert.equal((await me((await signIn(at.server, account)).access_token)).status, 200);
  });

  it('are dead when its row says inactive, whoever wrote that', async () => {
    const account = await member(at.server);
    await alter(at.server, `UPDATE users SET is_active = FALSE WHERE public_id = '${account.id}'`);
    assertProblem(await me(account.token), sessionEnded);
    assertProblem(await refresh(account.tokens.refresh_token), refreshInvalid);
  });

  it('are void when its roles have changed, until it refreshes', async () => {
    const admin = await member(at.server, { roles: ['admin'] });
    const account = await member(at.server);
    const answer = await at.server.call('PATCH', `/users/${account.id}`, { token: admin.token, body: { roles: ['auditor', 'user'] } });
    assert.deepEqual(answer.json.roles, ['auditor', 'user']);
    assertProblem(await me(account.token), sessionEnded);
    const { json } = await refresh(account.tokens.refresh_token);
    assert.deepEqual((await me(json.access_token)).json.roles, ['auditor', 'user']);
  });

  it('are void when its token version was raised', async () => {
    const account = await member(at.server);
    await alter(at.server, `UPDATE users SET token_version = token_version + 1 WHERE public_id = '${account.id}'`);
    assertProblem(await me(account.token), sessionEnded);
  });

  it('are dead when their session belongs to somebody else', async () => {
    const [account, other] = [await member(at.server), await signUp(at.server)];
    await alter(
      at.server,
      `UPDATE sessions SET user_id = (SELECT id FROM users WHERE public_id = '${other.id}') WHERE id = '${account.tokens.session_id}'`
    );
    assertProblem(await me(account.token), sessionEnded);
  });

  it('stay good when its profile changes', async () => {
    const account = await member(at.server);
    const answer = await at.server.call('PATCH', '/users/me', { token: account.token, body: { name: 'Grace Hopper' } });
    assert.equal(answer.status, 200);
    assert.equal((await me(account.token)).json.name, 'Grace Hopper');
  });
});

describe('a hash that another program made is taken, and replaced at the first sign-in:', () => {
  const OURS = /^\$argon2id\$v=19\$m=1024,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/;
  const with_ = async (hash) => {
    const account = await signUp(at.server);
    await alter(at.server, `UPDATE users SET hashed_password = '${hash}' WHERE public_id = '${account.id}'`);
    return account;
  };

  for (const [kind, password, hash] of [
    [
      'argon2id with four lanes', 'correct horse battery staple',
      '$argon2id$v=19$m=65536,t=3,p=4$3JDPB96QfMxkY2zt2zjlUg$gvDxI7GFxNk9CfJ1TgtQsAcsjoi1qzEjB1pPBCgTjMk',
    ],
    ['argon2id with other costs', '密码密码密码', '$argon2id$v=19$m=19456,t=2,p=1$SvaXX5/+aoKb5iQ591ErIA$kjIgMGI/L7uwoKs2ia/C+cLE/8dAmmh7UVN+5f0nnos'],
    ['argon2i', 'password', '$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8'],
    ['bcrypt $2b$', 'dragon', '$2b$05$CCCCCCCCCCCCCCCCCCCCC.LZrfN0lz4CULfFuRjqXiVMP49yNOHKi'],
    ['sha512crypt', 'dragon', '$6$saltstring$T5Pvevzodw2yOMrxNC1VW2A2CkVUovvfCgmix9t.oPmrAFwOaX1dIyDo3AWgEXnKKludzNtDirvW9vxQhmomC0'],
    ['yescrypt', 'this is yescrypt', '$y$j9T$oZ1CpcJNi71CnQpOHlY9q.$7KlWq26Kv1pBblGfbg3HQn7j84oZv4dSYIAlZ2YzOh6'],
  ])
    it(kind, async () => {
      const account = await with_(hash);
      assertProblem(await login({ email: account.email, password: `${password}x` }), badCredentials);
      assert.equal(await hashOf(account), hash, 'a wrong password replaces nothing');
      const answer = await login({ email: account.email, password });
      assert.equal(answer.status, 200, answer.text);
      const fresh = await hashOf(account);
      assert.match(fresh, OURS);
      const events = (await auditOf(at.server, answer)).map((row) => row.event);
      assert.deepEqual(events, ['postern_password_rehashed', 'authn_login_success', 'session_created']);
      await signIn(at.server, { ...account, password });
      assert.equal(await hashOf(account), fresh, 'and only once');
    });

  it('by ten sign-ins at once, and all succeed', async () => {
    const account = await with_('$2b$05$CCCCCCCCCCCCCCCCCCCCC.LZrfN0lz4CULfFuRjqXiVMP49yNOHKi');
    const answers = await Promise.all(Array.from({ length: 10 }, () => login({ email: account.email, password: 'dragon' })));
    assert.deepEqual(answers.map((answer) => answer.status), Array(10).fill(200));
    assert.match(await hashOf(account), OURS);
  });

  for (const hash of [
    '', 'dragon', '$2b$05$', '$argon2id$v=19$m=1024,t=1,p=1$x$y',
    '$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8', '$1$salt$hash', '*', '!',
    '{SSHA}x',
  ])
    it(`what is no hash opens nothing: "${hash.slice(0, 30)}"`, async () => {
      const account = await with_(hash);
      for (const password of ['dragon', hash || 'x', PASSWORD]) // as text, so that the hash is no canary
        assertProblem(await login(JSON.stringify({ email: account.email, password })), badCredentials);
      assert.equal(await hashOf(account), hash);
    });
});

describe('with bcrypt as the scheme', () => {
  const own = withServer({ env: { POSTERN_PASSWORD_SCHEME: 'bcrypt', POSTERN_BCRYPT_COST: '10' } });
  const storedOf = async ({ id }) => (await own.server.query(`SELECT hashed_password AS hash FROM users WHERE public_id = '${id}'`))[0].hash;
  const long = (bytes) => `Ä${'x7-Quiet Horses! '.repeat(6)}`.slice(0, bytes - 1); // the first letter has two bytes

  it('a new hash is $2b$ at its cost', async () => {
    const account = await signUp(own.server);
    assert.match(await storedOf(account), /^\$2b\$10\$[./A-Za-z0-9]{53}$/);
    await signIn(own.server, account);
  });

  for (const bytes of [71, 72, 73, 95])
    it(`a password of ${bytes} bytes is not cut`, async () => {
      const password = long(bytes);
      assert.equal(Buffer.byteLength(password), bytes);
      const account = await signUp(own.server, { password });
      await signIn(own.server, account);
      for (const other of [`${password.slice(0, -1)}z`, password.slice(0, -1), `${password}z`])
        assertProblem(await own.server.call('POST', '/login', { body: { email: account.email, password: other } }), badCredentials);
    });

  for (const [kind, password, hash] of [
    [
      'argon2id', 'correct horse battery staple',
      '$argon2id$v=19$m=7168,t=5,p=1$B+IKab0Q/YSnKs1aX0yonQ$4uTTZNVYPoa9sc8yjz1MWONk1ErtHsE/dgJfcSmUNMk',
    ],
    ['bcrypt of another cost', 'dragon', '$2b$05$CCCCCCCCCCCCCCCCCCCCC.LZrfN0lz4CULfFuRjqXiVMP49yNOHKi'],
  ])
    it(`a stored hash of ${kind} is brought over`, async () => {
      const account = await signUp(own.server);
      await alter(own.server, `UPDATE users SET hashed_password = '${hash}' WHERE public_id = '${account.id}'`);
      await signIn(own.server, { ...account, password });
      assert.match(await storedOf(account), /^\$2b\$10\$/);
      await signIn(own.server, { ...account, password });
    });
});
