// Stories of services: how they prove who they are, the tokens they get, what they may ask and end.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import {
  ALGORITHMS, ASSERTION, assertInactive, assertOauthError, basic, introspect, issuerOf, keyClient, post, revoke, serviceClient, tokenOf,
} from '../support/client.mjs';
import { signerOf } from '../support/forge.mjs';
import { alter, assertProblem, auditOf, figures, member, sessionEnded, signIn, signUp, tokenInvalid, withServer } from '../support/story.mjs';

const at = withServer();
const me = (token) => at.server.call('GET', '/users/me', { token });

describe('a client with a secret', () => {
  it('gets a token for itself, which other services can check', async () => {
    const client = await serviceClient(at.server, 'billing:write introspect');
    const answer = await tokenOf(at.server, client);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.deepEqual(Object.keys(answer.json), ['access_token', 'token_type', 'expires_in', 'scope']);
    assert.deepEqual([answer.json.token_type, answer.json.expires_in, answer.json.scope], ['Bearer', 900, 'billing:write introspect']);
    const keys = createRemoteJWKSet(new URL(`${at.server.url}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(answer.json.access_token, keys, { typ: 'at+jwt', issuer: issuerOf(at.server), audience: issuerOf(at.server) });
    assert.deepEqual(Object.keys(payload), ['iss', 'aud', 'sub', 'client_id', 'iat', 'nbf', 'exp', 'jti', 'scope']);
    assert.deepEqual([payload.sub, payload.client_id, payload.scope], [client.id, client.id, 'billing:write introspect']);
    const [row] = await auditOf(at.server, answer);
    assert.deepEqual([row.event, row.actor, row.target], ['authn_token_created', client.id, client.id]);
  });

  it('gets fewer scopes when it asks for fewer, and none that are not its own', async () => {
    const client = await serviceClient(at.server, 'a b introspect');
    assert.equal((await tokenOf(at.server, client, { scope: 'b a' })).json.scope, 'a b');
    for (const scope of ['c', 'a c', 'a  b', ' a', 'a"', 'revoke']) assertOauthError(await tokenOf(at.server, client, { scope }), 400, 'invalid_scope');
  });

  it('gets tokens for the one audience only, and by the one grant', async () => {
    const client = await serviceClient(at.server);
    assert.equal((await tokenOf(at.server, client, { resource: issuerOf(at.server) })).status, 200);
    assertOauthError(await tokenOf(at.server, client, { resource: 'https://other.example' }), 400, 'invalid_target');
    for (const grant_type of ['password', 'authorization_code', 'refresh_token', 'CLIENT_CREDENTIALS'])
      assertOauthError(await tokenOf(at.server, client, { grant_type }), 400, 'unsupported_grant_type');
    assertOauthError(await post(at.server, '/oauth/token', {}, client), 400, 'invalid_request');
  });

  it('is refused when anything about it is wrong, always alike', async () => {
    const client = await serviceClient(at.server);
    const gone = await serviceClient(at.server);
    assert.equal((await at.server.cli('client', 'disable', gone.id)).code, 0);
    const wrong = [
      {}, { Authorization: basic(client.id, `${client.secret}A`) }, { Authorization: basic(client.id, client.secret.slice(1)) },
      { Authorization: basic('nobody-here', client.secret) }, { Authorization: basic(client.id.toUpperCase(), client.secret) },
      { Authorization: basic(client.id, '') }, { Authorization: basic('', '') }, { Authorization: 'Basic' }, { Authorization: 'Basic !!' },
      { Authorization: 'Basic YWJj' }, { Authorization: `Digest ${client.secret}` }, gone.headers,
    ];
    const said = new Set();
    for (const headers of wrong) {
      for (const target of ['/oauth/token', '/oauth/introspect', '/oauth/revoke']) {
        const answer = await post(at.server, target, { grant_type: 'client_credentials', token: 'x' }, { headers });
        assertOauthError(answer, 401, 'invalid_client');
        assert.match(answer.headers['www-authenticate'], /^Basic realm="[^"]*", charset="UTF-8"$/);
        said.add(answer.text);
      }
    }
    assert.equal(said.size, 1);
  });

  it('leaves a row of each refusal, with the reason', async () => {
    const client = await serviceClient(at.server);
    for (const [headers, reason, target] of [
      [{ Authorization: basic(client.id, 'wrong-secret') }, 'secret', client.id], [{ Authorization: basic('nobody-here', 'x') }, 'unknown_client', null],
    ]) {
      const [row] = await auditOf(at.server, await tokenOf(at.server, { headers }));
      assert.deepEqual([row.event, row.outcome, row.reason, row.target], ['postern_client_auth_fail', 'failure', reason, target]);
    }
  });

  it('takes its former secret until the grace is over, and no longer', async () => {
    const client = await serviceClient(at.server);
    const rotate = async (...more) => {
      const { code, stdout } = await at.server.cli('client', 'rotate-secret', client.id, '--json', ...more);
      assert.equal(code, 0);
      return { headers: { Authorization: basic(client.id, at.server.canaries.remember(JSON.parse(stdout).client_secret)) } };
    };
    const second = await rotate();
    for (const one of [client, second]) assert.equal((await tokenOf(at.server, one)).status, 200);
    await alter(at.server, `UPDATE clients SET former_until = 1 WHERE id = '${client.id}'`);
    assertOauthError(await tokenOf(at.server, client), 401, 'invalid_client');
    const third = await rotate('--grace', '0');
    assertOauthError(await tokenOf(at.server, second), 401, 'invalid_client');
    assert.equal((await tokenOf(at.server, third)).status, 200);
  });

  it('is kept as a digest only', async () => {
    const client = await serviceClient(at.server);
    const [row] = await at.server.query(`SELECT hex(secret) AS secret FROM clients WHERE id = '${client.id}'`);
    assert.match(row.secret, /^[0-9A-F]{64}$/);
  });

  it('sends its secret in the header only, and one proof at a time', async () => {
    const client = await serviceClient(at.server);
    for (const more of [
      { client_id: client.id, client_secret: client.secret }, { client_id: 'another' }, { client_assertion_type: ASSERTION },
      { client_assertion: 'a.b.c' }, { client_assertion_type: ASSERTION, client_assertion: 'a.b.c' },
    ])
      assertOauthError(await tokenOf(at.server, client, more), 400, 'invalid_request');
    assert.equal((await tokenOf(at.server, client, { client_id: client.id })).status, 200);
  });
});

describe('a form', () => {
  it('is strict where RFC 6749 is, and ignores what it does not know', async () => {
    const client = await serviceClient(at.server);
    const send = (form, headers = {}) => post(at.server, '/oauth/introspect', form, { headers: { ...client.headers, ...headers } });
    for (const broken of ['', 'token=', 'token', 'token=a&token=b', 'x=1&token=a&x=2', 'token=%', 'token=%00', 'token=%ff', 'token=a&', '&token=a'])
      assertOauthError(await send(broken), 400, 'invalid_request');
    assertInactive(await send('token=a&surprise=1&token_type_hint=nonsense'));
    assertInactive(await send('token=a', { 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' }));
    for (const type of ['application/json', 'text/plain', undefined])
      assertProblem(await send('token=a', { 'Content-Type': type }), { status: 415, code: 'unsupported_media_type' });
    assertOauthError(await post(at.server, '/oauth/introspect?token=hunter-two-three', 'token=a', client), 400, 'invalid_request');
    assertOauthError(await post(at.server, '/oauth/introspect?surprise=1', 'token=a', client), 400, 'invalid_request');
  });
});

describe('a client with a key', () => {
  it('signs an assertion for each call', async () => {
    const client = await keyClient(at.server, 'introspect revoke');
    const token = await tokenOf(at.server, {}, await client.members());
    assert.equal(token.status, 200, token.text);
    assert.equal((await tokenOf(at.server, {}, { ...(await client.members({ aud: [`${issuerOf(at.server)}/oauth/token`] })), client_id: client.id })).status, 200);
    const user = await member(at.server);
    assert.equal((await introspect(at.server, {}, user.token, await client.members())).json.active, true);
    assert.equal((await introspect(at.server, { headers: { Authorization: `Bearer ${token.json.access_token}` } }, user.token)).json.active, true);
  });

  for (const alg of ALGORITHMS)
    it(`may sign by ${alg}, and by nothing else that its key could do`, async () => {
      const client = await keyClient(at.server, 'introspect', alg);
      assert.equal((await tokenOf(at.server, {}, await client.members())).status, 200);
      const others = { RS256: ['PS256', 'RS512'], PS256: ['RS256', 'PS384'] }[alg] ?? [];
      for (const other of others) {
        const answer = await tokenOf(at.server, {}, await client.members({}, { alg: other }));
        assertOauthError(answer, 401, 'invalid_client');
        assert.equal((await auditOf(at.server, answer))[0].reason, 'assertion_signature');
      }
      const { client_assertion: good } = await client.members();
      const [header, payload, signature] = good.split('.');
      const asHmac = Buffer.from(JSON.stringify({ alg: 'HS256', kid: 'one' })).toString('base64url');
      for (const client_assertion of [`${asHmac}.${payload}.${signature}`, `${header}.${payload}.${signature.slice(0, -8)}AAAAAAAA`, `${header}.${payload}.`])
        assertOauthError(await tokenOf(at.server, {}, { client_assertion_type: ASSERTION, client_assertion }), 401, 'invalid_client');
    });

  it('can not use one twice', async () => {
    const client = await keyClient(at.server);
    const members = await client.members();
    assert.equal((await tokenOf(at.server, {}, members)).status, 200);
    const again = await tokenOf(at.server, {}, members);
    assertOauthError(again, 401, 'invalid_client');
    assert.equal((await auditOf(at.server, again))[0].reason, 'assertion_replayed');
    const both = await client.members();
    const race = await Promise.all(Array.from({ length: 6 }, () => tokenOf(at.server, {}, both)));
    assert.deepEqual(race.map(({ status }) => status).sort(), [200, 401, 401, 401, 401, 401]);
  });

  it('is refused when the assertion is wrong in anything', async () => {
    const [client, other] = [await keyClient(at.server), await keyClient(at.server)];
    const secretive = await serviceClient(at.server);
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const now = client.now();
    for (const [claims, header, by, reason] of [
      [{ iss: other.id }, {}, undefined, 'assertion_iss'], [{ sub: other.id }, {}, undefined, 'assertion_signature'],
      [{ aud: 'https://other.example' }, {}, undefined, 'assertion_aud'], [{ aud: [issuerOf(at.server), 'https://other.example'] }, {}, undefined, 'assertion_malformed'],
      [{ aud: undefined }, {}, undefined, 'assertion_malformed'], [{ exp: now - 1 }, {}, undefined, 'assertion_exp'],
      [{ exp: now + 3600 }, {}, undefined, 'assertion_exp'], [{ exp: undefined }, {}, undefined, 'assertion_malformed'],
      [{ jti: undefined }, {}, undefined, 'assertion_malformed'], [{ jti: '' }, {}, undefined, 'assertion_jti'],
      [{ jti: 'x'.repeat(129) }, {}, undefined, 'assertion_jti'], [{ nbf: now + 60 }, {}, undefined, 'assertion_nbf'],
      [{ iat: now + 60 }, {}, undefined, 'assertion_nbf'], [{}, { kid: 'two' }, undefined, 'assertion_signature'],
      [{}, {}, stranger, 'assertion_signature'], [{ iss: 'nobody-here', sub: 'nobody-here' }, {}, undefined, 'unknown_client'],
      [{ iss: secretive.id, sub: secretive.id }, {}, undefined, 'no_key'],
    ]) {
      const answer = await tokenOf(at.server, {}, await client.members(claims, header, by));
      assertOauthError(answer, 401, 'invalid_client');
      assert.equal((await auditOf(at.server, answer))[0].reason, reason, JSON.stringify(claims));
    }
    for (const client_assertion of ['a.b.c', 'x', `${'a'.repeat(4096)}`])
      assertOauthError(await tokenOf(at.server, {}, { client_assertion_type: ASSERTION, client_assertion }), 401, 'invalid_client');
    assertOauthError(await tokenOf(at.server, {}, { ...(await client.members()), client_id: other.id }), 401, 'invalid_client');
    assertOauthError(await tokenOf(at.server, {}, { ...(await client.members()), client_assertion_type: 'saml' }), 400, 'invalid_request');
  });
});

describe('introspection', () => {
  it('tells what stands behind an access token', async () => {
    const client = await serviceClient(at.server, 'introspect');
    const user = await member(at.server, { username: 'turing' });
    const answer = await introspect(at.server, client, user.token, { token_type_hint: 'refresh_token' });
    const claims = decodeJwt(user.token);
    const { active, username, token_type, ...rest } = answer.json;
    const { email, name, ...told } = claims;
    assert.deepEqual([answer.status, active, username, token_type], [200, true, 'turing', 'Bearer']);
    assert.deepEqual(rest, told);
    assert.equal(answer.headers['cache-control'], 'no-store');
  });

  it('tells what stands behind a refresh token', async () => {
    const client = await serviceClient(at.server, 'introspect');
    const user = await member(at.server);
    const { json } = await introspect(at.server, client, user.tokens.refresh_token);
    assert.deepEqual(Object.keys(json), ['active', 'username', 'exp', 'iat', 'sub', 'iss', 'sid']);
    assert.deepEqual([json.active, json.sub, json.sid, json.iss], [true, user.id, user.tokens.session_id, issuerOf(at.server)]);
  });

  it('tells what stands behind a token of a client, until that is disabled', async () => {
    const [client, other] = [await serviceClient(at.server, 'introspect'), await serviceClient(at.server, 'a')];
    const token = (await tokenOf(at.server, other)).json.access_token;
    const { json } = await introspect(at.server, client, token);
    assert.deepEqual([json.active, json.client_id, json.sub, json.scope, json.sid], [true, other.id, other.id, 'a', undefined]);
    assert.equal((await at.server.cli('client', 'disable', other.id)).code, 0);
    assertInactive(await introspect(at.server, client, token));
  });

  it('says no more than that a token is not active, whatever the reason', async () => {
    const client = await serviceClient(at.server, 'introspect');
    const ended = await member(at.server), disabled = await member(at.server), raised = await member(at.server), spent = await member(at.server);
    const signer = await signerOf(at.server, ended.token);
    await at.server.call('POST', '/logout', { token: ended.token });
    await alter(at.server, `UPDATE users SET is_active = ${process.env.POSTERN_STORE === 'postgres' ? 'false' : 0} WHERE public_id = '${disabled.id}'`);
    await alter(at.server, `UPDATE users SET token_version = token_version + 1 WHERE public_id = '${raised.id}'`);
    await at.server.call('POST', '/token/refresh', { body: { refresh_token: spent.tokens.refresh_token } });
    const now = Math.floor(Date.now() / 1000);
    const alive = await member(at.server);
    const good = await signerOf(at.server, alive.token);
    const refresh = alive.tokens.refresh_token, other = spent.tokens.refresh_token;
    const forged = [refresh.slice(0, 60) + (refresh[60] === 'A' ? 'E' : 'A') + refresh.slice(61), other.slice(0, 22) + refresh.slice(22), refresh.slice(0, 27) + other.slice(27)];
    for (const token of [
      ended.token, ended.tokens.refresh_token, disabled.token, disabled.tokens.refresh_token, raised.token, spent.tokens.refresh_token, 'x', 'a.b.c',
      ...forged, 'x'.repeat(43), 'x'.repeat(70), `${refresh}A`, `${alive.token}A`,
      good.token({ exp: now - 1 }), good.token({ aud: 'other' }), good.token({ iss: 'other' }), good.token({}, { typ: 'JWT' }),
      good.token({ sid: undefined, client_id: alive.id }), good.token({ sub: ended.id }), signer.token({}, { alg: 'none' }),
    ])
      assertInactive(await introspect(at.server, client, token));
    assert.equal((await introspect(at.server, client, refresh)).json.active, true);
  });

  it('is for clients with its scope', async () => {
    const user = await member(at.server);
    const client = await serviceClient(at.server, 'revoke introspector');
    assertOauthError(await introspect(at.server, client, user.token), 400, 'unauthorized_client');
    const narrow = await serviceClient(at.server, 'a introspect');
    const token = (await tokenOf(at.server, narrow, { scope: 'a' })).json.access_token;
    assertOauthError(await introspect(at.server, { headers: { Authorization: `Bearer ${token}` } }, user.token), 400, 'unauthorized_client');
    const asUser = await introspect(at.server, { headers: { Authorization: `Bearer ${user.token}` } }, user.token);
    assertOauthError(asUser, 401, 'invalid_client');
    assert.match(asUser.headers['www-authenticate'], /^Bearer realm="[^"]*", error="invalid_token"$/);
  });

  it('is counted in the figures, and leaves no row', async () => {
    const client = await serviceClient(at.server, 'introspect');
    const name = 'http_requests_total{method="POST",route="/oauth/introspect",status="2xx"}';
    const before = (await figures(at.server))[name] ?? 0;
    const answer = await introspect(at.server, client, 'x');
    assert.equal((await figures(at.server))[name], before + 1);
    assert.deepEqual(await auditOf(at.server, answer), []);
  });
});

describe('revocation', () => {
  for (const kind of ['access_token', 'refresh_token'])
    it(`of an ${kind} ends the session behind it, at once and everywhere`, async () => {
      const client = await serviceClient(at.server);
      const user = await member(at.server);
      const other = await signIn(at.server, user);
      const answer = await revoke(at.server, client, user.tokens[kind]);
      assert.deepEqual([answer.status, answer.text], [200, '']);
      assertProblem(await me(user.token), sessionEnded);
      assertInactive(await introspect(at.server, client, user.tokens.refresh_token));
      assert.equal((await me(other.access_token)).status, 200);
      const [row] = await auditOf(at.server, answer);
      assert.deepEqual([row.event, row.actor, row.target, row.session], ['authn_token_revoked', client.id, user.id, user.tokens.session_id]);
    });

  it('of what is no token, or no longer one, is as good', async () => {
    const client = await serviceClient(at.server);
    const user = await member(at.server);
    for (const token of [user.token, user.token, 'x', 'a.b.c', `${user.token}A`]) {
      const answer = await revoke(at.server, client, token, { token_type_hint: 'nonsense' });
      assert.deepEqual([answer.status, answer.text], [200, '']);
    }
  });

  it('of a refresh token that is spent, or forged, leaves the session as it is', async () => {
    const client = await serviceClient(at.server);
    const user = await member(at.server);
    const spent = user.tokens.refresh_token;
    const { json } = await at.server.call('POST', '/token/refresh', { body: { refresh_token: spent } });
    for (const token of [spent, json.refresh_token.slice(0, 27) + spent.slice(27)])
      assert.deepEqual([(await revoke(at.server, client, token)).status, (await me(json.access_token)).status], [200, 200]);
    assert.equal((await introspect(at.server, client, json.refresh_token)).json.active, true);
  });

  it('is for clients with its scope, and not of their own tokens', async () => {
    const user = await member(at.server);
    const [client, without] = [await serviceClient(at.server), await serviceClient(at.server, 'introspect')];
    assertOauthError(await revoke(at.server, without, user.token), 400, 'unauthorized_client');
    assert.equal((await me(user.token)).status, 200);
    const token = (await tokenOf(at.server, client)).json.access_token;
    assertOauthError(await revoke(at.server, client, token), 400, 'unsupported_token_type');
  });
});

describe('the tokens of users and of clients', () => {
  it('are never taken for each other', async () => {
    const client = await serviceClient(at.server, 'users:read introspect');
    const token = (await tokenOf(at.server, client)).json.access_token;
    for (const target of ['/users/me', '/users', `/users/${client.id}`]) assertProblem(await at.server.call('GET', target, { token }), tokenInvalid);
    const user = await signUp(at.server);
    for (const id of [user.id, 'Ab', 'ab', 'a b', '-abc', 'x'.repeat(65)]) {
      const { code, stderr } = await at.server.cli('client', 'create', '--scope', 'a', '--', id);
      assert.ok(code > 0, `${id}: ${stderr}`);
    }
  });
});

describe('failures of one network', () => {
  it('are bounded, and what is right still comes in', async () => {
    const limited = withLimits.server;
    const client = await serviceClient(limited);
    let answer;
    for (let tries = 0; tries < 100 && answer?.status !== 429; tries++) answer = await tokenOf(limited, { headers: { Authorization: basic(client.id, 'wrong') } });
    assert.deepEqual([answer.status, answer.json.error], [429, 'temporarily_unavailable']);
    assert.ok(Number(answer.headers['retry-after']) >= 1);
    assert.equal((await tokenOf(limited, client)).status, 200);
    for (let tries = 0; tries < 100 && answer.status !== 200; tries++) answer = await tokenOf(limited, client);
    for (let tries = 0; tries < 200 && answer.status !== 429; tries++) answer = await tokenOf(limited, client);
    assert.deepEqual([answer.status, answer.json.error], [429, 'temporarily_unavailable']);
  });
});
const withLimits = withServer({ limits: true });
