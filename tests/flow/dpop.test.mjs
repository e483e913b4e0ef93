// Stories of tokens that are bound to a key (DPoP, RFC 9449): sign-in, use and refresh with the package `dpop`, and every other proof refused.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLocalJWKSet, exportJWK, jwtVerify, UnsecuredJWT } from 'jose';
import { introspect, serviceClient } from '../support/client.mjs';
import { onlyOn } from '../support/database.mjs';
import { Client, hashOf, keyPairOf, rsaPublicJwk } from '../support/dpop.mjs';
import { startServer } from '../support/server.mjs';
import {
  assertProblem, auditOf, badCredentials, endWell, figures, member, person, sessionEnded, signIn, signUp, tokenInvalid, withServer,
} from '../support/story.mjs';

const at = withServer();
const invalid = { code: 'dpop_proof_invalid', detail: 'The DPoP proof is not valid for this request' };
const invalidAtSignIn = { status: 400, ...invalid };
const invalidAtUse = { status: 401, ...invalid };
const nonceDue = { code: 'use_dpop_nonce', detail: 'The DPoP proof needs the nonce of the DPoP-Nonce header' };
const refreshInvalid = { status: 401, code: 'refresh_token_invalid', detail: 'The refresh token is not valid' };
const challenge = (answer) => answer.headers['www-authenticate'];
const now = () => Math.floor(Date.now() / 1000);

// An account whose client holds a key and has signed in with it.
async function bound(server = at.server, client) {
  const holder = client ?? (await Client.make(server));
  const account = await signUp(server);
  const answer = await holder.signIn(account);
  assert.equal(answer.status, 200, answer.text);
  return { ...account, client: holder, tokens: answer.json, token: answer.json.access_token };
}

async function assertAudit(answer, event, reason, server = at.server) {
  const rows = await auditOf(server, answer);
  assert.deepEqual(rows.map((row) => [row.event, row.outcome, row.reason]), [[event, 'failure', reason]]);
  return rows[0];
}

describe('a sign-in with a proof', () => {
  it('binds both tokens to its key', async () => {
    const { client, tokens, id } = await bound();
    assert.equal(tokens.token_type, 'DPoP');
    const { json } = await at.server.call('GET', '/.well-known/jwks.json');
    const { payload } = await jwtVerify(tokens.access_token, createLocalJWKSet(json), { typ: 'at+jwt' });
    assert.deepEqual(payload.cnf, { jkt: client.jkt });
    assert.equal(payload.sub, id);
    const [row] = await at.server.query(`SELECT jkt FROM sessions WHERE id = '${tokens.session_id}'`);
    assert.equal(row.jkt, client.jkt);
  });

  it('opens the profile with a proof for each request', async () => {
    const { client, token, id } = await bound();
    for (let i = 0; i < 3; i++) {
      const answer = await client.me(token);
      assert.deepEqual([answer.status, answer.json.id], [200, id]);
      assert.equal(answer.headers['dpop-nonce'], undefined);
    }
  });

  it('is renewed with a proof by the same key, and stays bound', async () => {
    const { client, tokens } = await bound();
    const answer = await client.refresh(tokens.refresh_token);
    assert.deepEqual([answer.status, answer.json.token_type], [200, 'DPoP']);
    assert.equal((await client.me(answer.json.access_token)).status, 200);
    const again = await client.refresh(tokens.refresh_token); // an honest retry, with a proof of its own
    assert.deepEqual([again.status, again.json.refresh_token], [200, answer.json.refresh_token]);
  });

  it('signs out with a proof', async () => {
    const { client, token } = await bound();
    assert.equal((await client.call('POST', '/logout', { token })).status, 204);
    const answer = await client.me(token);
    assertProblem(answer, sessionEnded);
    assert.match(challenge(answer), /^Bearer realm="Postern", DPoP realm="Postern", error="invalid_token", algs="ES256 EdDSA Ed25519"$/);
  });

  it('takes the address in another spelling, the method of HEAD, and a scheme in any case', async () => {
    const { client, token } = await bound();
    const port = at.server.port;
    for (const htu of [`HTTP://LOCALHOST:${port}/users/me?x=1#y`, `http://127.0.0.1:${port}/users/%6de`, `http://[::1]:${port}/a/../users/me`]) {
      const proof = await client.forged('GET', '/users/me', { token, claims: { htu } });
      assert.equal((await client.me(token, { proof })).status, 200, htu);
    }
    assert.equal((await client.call('HEAD', '/users/me', { token })).status, 200);
    assert.equal((await client.me(token, { scheme: 'dpop' })).status, 200);
  });

  it('stays a plain one without a proof', async () => {
    const { tokens, token } = await member(at.server);
    assert.equal(tokens.token_type, 'Bearer');
    assert.equal((await at.server.call('GET', '/users/me', { token })).status, 200);
  });

  it('that has the wrong password spends nothing', async () => {
    const account = await signUp(at.server);
    const client = await Client.make(at.server);
    const proof = await client.proof('POST', '/login');
    assertProblem(await client.signIn({ ...account, password: 'wrong-Password-1' }, { proof }), badCredentials);
    assert.equal((await client.signIn(account, { proof })).status, 200);
  });
});

// What is wrong with a proof, whatever it is for: [what, how it is made, the reason in the audit trail].
const WRONG = [
  ['for another method', (c, m, t, o) => c.forged(m, t, { ...o, claims: { htm: 'PUT' } }), 'dpop_htm'],
  ['for the method in small letters', (c, m, t, o) => c.forged(m, t, { ...o, claims: { htm: m.toLowerCase() } }), 'dpop_htm'],
  ['for another path', (c, m, t, o) => c.forged(m, t, { ...o, claims: { htu: c.htu('/users') } }), 'dpop_htu'],
  ['for another host', (c, m, t, o) => c.forged(m, t, { ...o, claims: { htu: `http://evil.example${t}` } }), 'dpop_htu'],
  ['for another scheme', (c, m, t, o) => c.forged(m, t, { ...o, claims: { htu: c.htu(t).replace('http:', 'https:') } }), 'dpop_htu'],
  ['for another port', (c, m, t, o) => c.forged(m, t, { ...o, claims: { htu: `http://127.0.0.1:1${t}` } }), 'dpop_htu'],
  ['for a path without a host', (c, m, t, o) => c.forged(m, t, { ...o, claims: { htu: t } }), 'dpop_htu'],
  ['of 61 seconds ago', (c, m, t, o) => c.forged(m, t, { ...o, claims: { iat: now() - 62 } }), 'dpop_iat'],
  ['of the next minutes', (c, m, t, o) => c.forged(m, t, { ...o, claims: { iat: now() + 90 } }), 'dpop_iat'],
  ['of a time in milliseconds', (c, m, t, o) => c.forged(m, t, { ...o, claims: { iat: Date.now() } }), 'dpop_iat'],
  ['that has expired by its own words', (c, m, t, o) => c.forged(m, t, { ...o, claims: { exp: now() - 1 } }), 'dpop_claims'],
  ['without iat', (c, m, t, o) => c.forged(m, t, { ...o, claims: { iat: undefined } }), 'dpop_claims'],
  ['without jti', (c, m, t, o) => c.forged(m, t, { ...o, claims: { jti: undefined } }), 'dpop_claims'],
  ['without htm', (c, m, t, o) => c.forged(m, t, { ...o, claims: { htm: undefined } }), 'dpop_claims'],
  ['without htu', (c, m, t, o) => c.forged(m, t, { ...o, claims: { htu: undefined } }), 'dpop_claims'],
  ['with an empty jti', (c, m, t, o) => c.forged(m, t, { ...o, claims: { jti: '' } }), 'dpop_claims'],
  ['with a jti of 65 bytes', (c, m, t, o) => c.forged(m, t, { ...o, claims: { jti: 'j'.repeat(65) } }), 'dpop_claims'],
  ['with the hash of another token', (c, m, t, o) => c.forged(m, t, { ...o, claims: { ath: hashOf('another') } }), 'dpop_ath'],
  ['of another type', (c, m, t, o) => c.forged(m, t, { ...o, header: { typ: 'JWT' } }), 'dpop_typ'],
  ['of no type', (c, m, t, o) => c.forged(m, t, { ...o, header: { typ: undefined } }), 'dpop_typ'],
  ['with the type of an access token', (c, m, t, o) => c.forged(m, t, { ...o, header: { typ: 'at+jwt' } }), 'dpop_typ'],
  ['without a signature (none)', (c, m, t, o) => c.unsigned(m, t, { ...o, header: { alg: 'none' } }), 'dpop_alg'],
  ['signed with a shared secret (HS256)', (c, m, t, o) => c.unsigned(m, t, { ...o, header: { alg: 'HS256' }, signature: 'AAAA' }), 'dpop_alg'],
  ['that names RS256 beside an RSA key', (c, m, t, o) => c.unsigned(m, t, { ...o, header: { alg: 'RS256', jwk: rsaPublicJwk() }, signature: 'AAAA' }), 'dpop_alg'],
  ['without its signature', (c, m, t, o) => c.unsigned(m, t, { ...o, header: { alg: 'ES256' } }), 'dpop_signature'],
  ['without a key', (c, m, t, o) => c.forged(m, t, { ...o, header: { jwk: undefined } }), 'dpop_jwk'],
  ['with the private key in it', async (c, m, t, o) => {
    const keys = await keyPairOf('ES256');
    return c.forged(m, t, { ...o, keys, header: { jwk: await exportJWK(keys.privateKey) } });
  }, 'dpop_jwk'],
  ['with a key of P-384', async (c, m, t, o) => {
    const keys = await keyPairOf('ES384');
    return c.forged(m, t, { ...o, keys, alg: 'ES384', header: { jwk: await exportJWK(keys.publicKey) } });
  }, 'dpop_alg'],
  ['signed by another key than it brings', async (c, m, t, o) => c.forged(m, t, { ...o, keys: await keyPairOf('ES256') }), 'dpop_signature'],
  ['that says crit', async (c, m, t, o) => {
    const [, payload, signature] = (await c.forged(m, t, o)).split('.');
    const header = { typ: 'dpop+jwt', alg: 'ES256', crit: ['exp'], jwk: await exportJWK(c.keys.publicKey) };
    return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`;
  }, 'dpop_malformed'],
  ['with another payload', async (c, m, t, o) => {
    const [header, , signature] = (await c.forged(m, t, o)).split('.');
    return `${header}.${(await c.forged(m, t, o)).split('.')[1]}.${signature}`;
  }, 'dpop_signature'],
  ['that is no JWT', () => 'proof', 'dpop_malformed'],
  ['that is an unsecured JWT', () => new UnsecuredJWT({ jti: 'x' }).encode(), 'dpop_typ'],
  ['of 5000 bytes', (c, m, t, o) => c.forged(m, t, { ...o, claims: { more: 'x'.repeat(4000) } }), 'dpop_malformed'],
  ['beside another', async (c, m, t, o) => [await c.forged(m, t, o), await c.forged(m, t, o)], 'dpop_repeated'],
  ['beside another in one field', async (c, m, t, o) => `${await c.forged(m, t, o)}, ${await c.forged(m, t, o)}`, 'dpop_repeated'],
  ['that is empty', () => '', 'dpop_malformed'],
];

describe('a proof', () => {
  for (const [what, make, reason] of WRONG) {
    it(`${what} signs nobody in`, async () => {
      const account = await signUp(at.server);
      const client = await Client.make(at.server);
      const answer = await client.signIn(account, { proof: await make(client, 'POST', '/login', {}) });
      assertProblem(answer, invalidAtSignIn);
      await assertAudit(answer, 'postern_dpop_refused', reason);
    });

    it(`${what} opens nothing`, async () => {
      const { client, token, id, tokens } = await bound();
      const answer = await client.me(token, { proof: await make(client, 'GET', '/users/me', { token }) });
      assertProblem(answer, invalidAtUse);
      assert.equal(challenge(answer), 'Bearer realm="Postern", DPoP realm="Postern", error="invalid_dpop_proof", algs="ES256 EdDSA Ed25519"');
      const row = await assertAudit(answer, 'postern_dpop_refused', reason);
      assert.deepEqual([row.actor, row.target, row.session], [null, id, tokens.session_id]);
      assert.equal((await client.me(token)).status, 200, 'the token is still good');
    });
  }
});

describe('a bound access token', () => {
  it('without a proof opens nothing', async () => {
    const { client, token } = await bound();
    const answer = await client.me(token, { proof: null });
    assertProblem(answer, invalidAtUse);
    await assertAudit(answer, 'postern_dpop_refused', 'dpop_missing');
  });

  for (const with_ of ['without', 'with'])
    it(`as Bearer, ${with_} a proof, opens nothing`, async () => {
      const { client, token, id } = await bound();
      const answer = await client.me(token, { scheme: 'Bearer', ...(with_ === 'without' && { proof: null }) });
      assertProblem(answer, tokenInvalid);
      assert.equal(challenge(answer), 'Bearer realm="Postern", error="invalid_token", DPoP realm="Postern", algs="ES256 EdDSA Ed25519"');
      const row = await assertAudit(answer, 'authz_fail', 'dpop_downgrade');
      assert.deepEqual([row.actor, row.target], [null, id]);
    });

  it('with a proof by another key opens nothing', async () => {
    const { token } = await bound();
    const thief = await Client.make(at.server);
    const answer = await thief.me(token);
    assertProblem(answer, invalidAtUse);
    await assertAudit(answer, 'postern_dpop_refused', 'dpop_key');
  });

  it('with a proof for another token of the same key opens nothing', async () => {
    const first = await bound();
    const second = await bound(at.server, first.client);
    const proof = await first.client.proof('GET', '/users/me', { token: first.token });
    const answer = await second.client.me(second.token, { proof });
    assertProblem(answer, invalidAtUse);
    await assertAudit(answer, 'postern_dpop_refused', 'dpop_ath');
  });

  it('with the proof of a sign-in opens nothing', async () => {
    const { client, token } = await bound();
    const answer = await client.me(token, { proof: await client.proof('GET', '/users/me') });
    assertProblem(answer, invalidAtUse);
    await assertAudit(answer, 'postern_dpop_refused', 'dpop_ath');
  });

  it('opens nothing for a proof that has been seen', async () => {
    const { client, token, tokens } = await bound();
    const proof = await client.proof('GET', '/users/me', { token });
    assert.equal((await client.me(token, { proof })).status, 200);
    const answer = await client.me(token, { proof });
    assertProblem(answer, invalidAtUse);
    const row = await assertAudit(answer, 'postern_dpop_replayed', 'dpop_replayed');
    assert.deepEqual([row.severity, row.session], ['CRITICAL', tokens.session_id]);
    assert.ok((await figures(at.server)).postern_dpop_replayed_total >= 1);
  });

  it('is opened once by fifty requests with the same proof at once', async () => {
    const { client, token } = await bound();
    const proof = await client.proof('GET', '/users/me', { token });
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.me(token, { proof })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(49).fill(401)]);
  });

  it('that is changed to say another key is no token', async () => {
    const { client, token } = await bound();
    const [header, payload, signature] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url'));
    delete claims.cnf;
    const stripped = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
    assertProblem(await client.me(stripped), tokenInvalid);
    assertProblem(await client.me(stripped, { scheme: 'Bearer', proof: null }), tokenInvalid);
  });
});

describe('a service that asks about a bound token', () => {
  it('is told the key that it is bound to', async () => {
    const service = await serviceClient(at.server);
    const { client, tokens } = await bound();
    const access = await introspect(at.server, service, tokens.access_token);
    assert.deepEqual([access.json.active, access.json.token_type, access.json.cnf], [true, 'DPoP', { jkt: client.jkt }]);
    assert.deepEqual((await introspect(at.server, service, tokens.refresh_token)).json.cnf, { jkt: client.jkt });
    const other = await member(at.server);
    const plain = await introspect(at.server, service, other.token);
    assert.deepEqual([plain.json.token_type, 'cnf' in plain.json], ['Bearer', false]);
  });
});

describe('a token that is not bound', () => {
  it('as DPoP opens nothing', async () => {
    const { token } = await member(at.server);
    const client = await Client.make(at.server);
    const answer = await client.me(token);
    assertProblem(answer, tokenInvalid);
    assert.match(challenge(answer), /DPoP realm="Postern", error="invalid_token", algs="ES256 EdDSA Ed25519"$/);
    await assertAudit(answer, 'authz_fail', 'dpop_unbound');
  });

  it('nor any other text is taken as DPoP', async () => {
    const client = await Client.make(at.server);
    for (const token of ['x', 'not.a.token']) assertProblem(await client.me(token), tokenInvalid);
  });

  it('is renewed as it is: a proof binds at sign-in', async () => {
    const { tokens } = await member(at.server);
    const client = await Client.make(at.server);
    const { status, json } = await client.refresh(tokens.refresh_token);
    assert.deepEqual([status, json.token_type], [200, 'Bearer']);
    assert.equal((await at.server.call('GET', '/users/me', { token: json.access_token })).status, 200);
  });
});

describe('a bound refresh token', () => {
  const renewal = async (make, expected, [event, reason]) => {
    const account = await bound();
    const answer = await make(account);
    assertProblem(answer, expected);
    await assertAudit(answer, event, reason);
    const good = await account.client.refresh(account.tokens.refresh_token);
    assert.equal(good.status, 200, 'the real one is still good');
  };

  it('without a proof is worth nothing', () =>
    renewal(({ client, tokens }) => client.refresh(tokens.refresh_token, { proof: null }), refreshInvalid, ['authn_login_fail', 'refresh_binding']));

  it('with a proof by another key is worth nothing', () =>
    renewal(async ({ tokens }) => (await Client.make(at.server)).refresh(tokens.refresh_token), refreshInvalid, ['authn_login_fail', 'refresh_binding']));

  it('with a proof for the sign-in is worth nothing', () =>
    renewal(async ({ client, tokens }) => client.refresh(tokens.refresh_token, { proof: await client.proof('POST', '/login') }), invalidAtSignIn, ['postern_dpop_refused', 'dpop_htu']));

  it('with a proof for the use of its access token is worth nothing', () =>
    renewal(async ({ client, tokens, token }) => client.refresh(tokens.refresh_token, { proof: await client.proof('POST', '/token/refresh', { token }) }), invalidAtSignIn, ['postern_dpop_refused', 'dpop_ath']));

  it('with a proof that has been seen is worth nothing', async () => {
    const { client, tokens } = await bound();
    const proof = await client.proof('POST', '/token/refresh');
    const { json } = await client.refresh(tokens.refresh_token, { proof });
    const answer = await client.refresh(json.refresh_token, { proof });
    assertProblem(answer, invalidAtSignIn);
    await assertAudit(answer, 'postern_dpop_replayed', 'dpop_replayed');
    assert.equal((await client.refresh(json.refresh_token)).status, 200);
  });

  it('that is spent and comes again by its own key ends the session', async () => {
    const { client, tokens } = await bound();
    const second = await client.refresh(tokens.refresh_token);
    await client.refresh(second.json.refresh_token);
    assertProblem(await client.refresh(tokens.refresh_token), refreshInvalid);
    assertProblem(await client.me(second.json.access_token), sessionEnded);
  });
});

describe('a sign-in', () => {
  it('with a proof that has been seen opens no second session', async () => {
    const account = await signUp(at.server);
    const client = await Client.make(at.server);
    const proof = await client.proof('POST', '/login');
    assert.equal((await client.signIn(account, { proof })).status, 200);
    const answer = await client.signIn(account, { proof });
    assertProblem(answer, invalidAtSignIn);
    await assertAudit(answer, 'postern_dpop_replayed', 'dpop_replayed');
    const [{ n }] = await at.server.query(`SELECT count(*) AS n FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.public_id = '${account.id}'`);
    assert.equal(n, 1);
  });
});

describe('with POSTERN_DPOP=required', () => {
  const strict = withServer({ env: { POSTERN_DPOP: 'required' } });
  const missing = { status: 400, code: 'dpop_proof_missing', detail: 'This service signs in only with a DPoP proof' };

  it('a sign-in and a refresh without a proof are refused', async () => {
    const account = await signUp(strict.server);
    assertProblem(await strict.server.call('POST', '/login', { body: { email: account.email, password: account.password } }), missing);
    const { tokens } = await bound(strict.server);
    assertProblem(await strict.server.call('POST', '/token/refresh', { body: { refresh_token: tokens.refresh_token } }), missing);
  });

  it('only DPoP is offered, and a bound token is taken', async () => {
    const answer = await strict.server.call('GET', '/users/me');
    assert.equal(challenge(answer), 'DPoP realm="Postern", algs="ES256 EdDSA Ed25519"');
    const { client, token } = await bound(strict.server);
    assert.equal((await client.me(token)).status, 200);
  });

  it('tokens of before are worth nothing', async () => {
    const before = await startServer();
    const { tokens, token } = await member(before);
    await before.stop();
    const server = await startServer({ folder: before.folder, canaries: before.canaries, env: { POSTERN_DPOP: 'required' } });
    const answer = await server.call('GET', '/users/me', { token });
    assertProblem(answer, tokenInvalid);
    assert.equal(challenge(answer), 'DPoP realm="Postern", error="invalid_token", algs="ES256 EdDSA Ed25519"');
    await assertAudit(answer, 'authz_fail', 'dpop_required', server);
    assertProblem(await (await Client.make(server)).refresh(tokens.refresh_token), refreshInvalid);
    await endWell(server);
  });
});

describe('with POSTERN_DPOP_NONCE=on', () => {
  const strict = withServer({ env: { POSTERN_DPOP_NONCE: 'on' } });

  it('a proof without a nonce gets one, and the next proof is taken', async () => {
    const account = await signUp(strict.server);
    const client = await Client.make(strict.server);
    const first = await client.signIn(account);
    assertProblem(first, { status: 400, ...nonceDue });
    const nonce = first.headers['dpop-nonce'];
    assert.match(nonce, /^[\w-]{22}$/);
    const { status, json, headers } = await client.signIn(account, { nonce });
    assert.deepEqual([status, json.token_type, headers['dpop-nonce']], [200, 'DPoP', undefined]);
    const use = await client.me(json.access_token);
    assertProblem(use, { status: 401, ...nonceDue });
    assert.equal(challenge(use), 'Bearer realm="Postern", DPoP realm="Postern", error="use_dpop_nonce", algs="ES256 EdDSA Ed25519"');
    assert.equal((await client.me(json.access_token, { nonce: use.headers['dpop-nonce'] })).status, 200);
    const renewal = await client.refresh(json.refresh_token);
    assertProblem(renewal, { status: 400, ...nonceDue });
    assert.equal((await client.refresh(json.refresh_token, { nonce })).status, 200);
    assert.deepEqual(await auditOf(strict.server, use), [], 'that is no attack');
  });

  for (const [what, nonce] of [['that nobody gave', 'AAAAAAAAAAAAAAAAAAAAAA'], ['that is empty', ''], ['of another shape', 'x'.repeat(500)]])
    it(`a nonce ${what} is answered with a good one`, async () => {
      const account = await signUp(strict.server);
      const client = await Client.make(strict.server);
      const proof = await client.forged('POST', '/login', { claims: { nonce } });
      const answer = await client.signIn(account, { proof });
      assertProblem(answer, { status: 400, ...nonceDue });
      assert.notEqual(answer.headers['dpop-nonce'], nonce);
    });

  it('a proof with a nonce is taken from a client whose clock is minutes off, and only once', async () => {
    const account = await signUp(strict.server);
    const client = await Client.make(strict.server);
    const nonce = (await client.signIn(account)).headers['dpop-nonce'];
    for (const iat of [now() - 300, now() + 300]) {
      const proof = await client.forged('POST', '/login', { claims: { iat, nonce } });
      assert.equal((await client.signIn(account, { proof })).status, 200);
      assertProblem(await client.signIn(account, { proof }), invalidAtSignIn);
    }
    for (const iat of [now() - 700, now() + 700, 0])
      assertProblem(await client.signIn(account, { proof: await client.forged('POST', '/login', { claims: { iat, nonce } }) }), invalidAtSignIn);
  });

  it('a client without DPoP notices nothing', async () => {
    const { token } = await member(strict.server);
    const answer = await strict.server.call('GET', '/users/me', { token });
    assert.deepEqual([answer.status, answer.headers['dpop-nonce']], [200, undefined]);
  });
});

describe('behind a proxy', () => {
  const inner = withServer({ env: { POSTERN_ISSUER: 'https://auth.example/base/', POSTERN_PROFILE: 'development' } });

  it('a proof names the address that clients call', async () => {
    const account = await signUp(inner.server);
    const client = (await Client.make(inner.server)).at(inner.server, 'https://auth.example/base');
    const { status, json } = await client.signIn(account);
    assert.equal(status, 200);
    assert.equal((await client.me(json.access_token)).status, 200);
    for (const place of ['https://auth.example', 'http://auth.example/base', 'https://evil.example/base']) {
      const other = client.at(inner.server, place);
      for (const headers of [{}, { Host: new URL(place).host }, { 'X-Forwarded-Host': new URL(place).host, 'X-Forwarded-Proto': 'https' }])
        assertProblem(await other.me(json.access_token, { headers }), invalidAtUse);
    }
  });
});

describe('the memory of spent proofs', () => {
  const small = withServer({ env: { POSTERN_DPOP_PROOFS: '16' } });

  it('refuses rather than forgets when it is full', async () => {
    const { client, token } = await bound(small.server);
    const proofs = await Promise.all(Array.from({ length: 16 }, () => client.proof('GET', '/users/me', { token })));
    const taken = [];
    for (const proof of proofs) taken.push((await client.me(token, { proof })).status);
    assert.deepEqual(taken, [...Array(15).fill(200), 503]);
    assertProblem(await client.me(token), { status: 503, code: 'dpop_proofs_full', detail: 'Too many DPoP proofs at once; try again shortly' });
    for (const proof of proofs.slice(0, 15)) assertProblem(await client.me(token, { proof }), invalidAtUse);
    const told = await figures(small.server);
    assert.deepEqual([told.postern_dpop_proofs, told.postern_dpop_full_total >= 2], [16, true]);
  });

  it('that was lost in a restart is made up for: older proofs need a nonce', onlyOn('sqlite'), async () => {
    const place = 'https://auth.example';
    const env = { POSTERN_ISSUER: place };
    const before = await startServer({ env });
    const { client, token } = await bound(before, (await Client.make(before)).at(before, place));
    const spent = await client.forged('GET', '/users/me', { token, claims: { iat: now() - 5 } });
    await before.kill9();
    const server = await startServer({ folder: before.folder, canaries: before.canaries, env });
    const again = client.at(server, place);
    const answer = await again.me(token, { proof: spent });
    assertProblem(answer, { status: 401, ...nonceDue });
    const slow = await again.forged('GET', '/users/me', { token, claims: { iat: now() - 5, nonce: answer.headers['dpop-nonce'] } });
    assert.equal((await again.me(token, { proof: slow })).status, 200, 'a slow clock is no reason to stay outside');
    await endWell(server);
  });
});

describe('two servers on one database', () => {
  it('take a proof once between them', onlyOn('postgres'), async () => {
    const env = { POSTERN_ISSUER: 'https://auth.example' };
    const one = await startServer({ env });
    const two = await startServer({ env, folder: one.folder, canaries: one.canaries });
    const client = (await Client.make(one)).at(one, env.POSTERN_ISSUER);
    const { token } = await bound(one, client);
    for (const [first, second] of [[one, two], [two, one]]) {
      const proof = await client.proof('GET', '/users/me', { token });
      assert.equal((await client.at(first, env.POSTERN_ISSUER).me(token, { proof })).status, 200);
      const answer = await client.at(second, env.POSTERN_ISSUER).me(token, { proof });
      assertProblem(answer, invalidAtUse);
      await assertAudit(answer, 'postern_dpop_replayed', 'dpop_replayed', one);
    }
    const account = await signUp(one);
    const proof = await client.proof('POST', '/login');
    assert.equal((await client.signIn(account, { proof })).status, 200);
    assertProblem(await client.at(two, env.POSTERN_ISSUER).signIn(account, { proof }), invalidAtSignIn);
    const race = await client.proof('GET', '/users/me', { token });
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => client.at(i % 2 ? one : two, env.POSTERN_ISSUER).me(token, { proof: race })));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    await two.stop();
    await endWell(one);
  });
});

describe('what has nothing to do with it', () => {
  it('takes no notice of a proof', async () => {
    for (const DPoP of ['nonsense', ['a', 'b']]) {
      assert.equal((await at.server.call('GET', '/ping', { headers: { DPoP } })).status, 200);
      assert.equal((await at.server.call('POST', '/users', { body: person(), headers: { DPoP } })).status, 201);
    }
    const account = await signUp(at.server);
    const { access_token } = await signIn(at.server, account);
    assert.equal((await at.server.call('GET', '/users/me', { token: access_token, headers: { DPoP: 'nonsense' } })).status, 200);
  });
});
