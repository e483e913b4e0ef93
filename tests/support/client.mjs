// Services that ask about tokens: made at the console, with a secret or a key pair, and the forms that they send.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { SignJWT } from 'jose';

export const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const encoded = (text) => encodeURIComponent(text).replace(/[-_.!~*'()]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
export const basic = (id, secret) => `Basic ${Buffer.from(`${encoded(id)}:${encoded(secret)}`).toString('base64')}`;

// What its tokens name; the port that it listens on is another.
export const issuerOf = (server) => server.env.POSTERN_ISSUER ?? `http://${server.env.POSTERN_LISTEN}`;

let made = 0;

// { id, secret, basic }: what it shows is its header.
export async function serviceClient(server, scope = 'introspect revoke revocations', id = `service-${(made += 1)}`) {
  const { code, stdout, stderr } = await server.cli('client', 'create', id, '--scope', scope, '--json');
  assert.equal(code, 0, stderr);
  const { client_id, client_secret: secret } = JSON.parse(stdout);
  server.canaries.remember(secret);
  return { id: client_id, secret, headers: { Authorization: basic(id, secret) } };
}

const pairs = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
};
export const ALGORITHMS = Object.keys(pairs);

// { id, key, jwk, members(claims, header) }: a client that signs; members() makes the form members of one call.
export async function keyClient(server, scope = 'introspect', alg = 'ES256', id = `signer-${(made += 1)}`) {
  const { privateKey: key, publicKey } = pairs[alg]();
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg };
  const file = path.join(server.folder, `${id}.json`);
  writeFileSync(file, JSON.stringify({ keys: [jwk] }));
  const { code, stdout, stderr } = await server.cli('client', 'create', id, '--scope', scope, '--public-keys', file, '--json');
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { client_id: id });
  const now = () => Math.floor(Date.now() / 1000);
  async function members(claims = {}, header = {}, by = key) {
    const all = { iss: id, sub: id, aud: issuerOf(server), jti: randomUUID(), iat: now(), exp: now() + 60, ...claims };
    const token = await new SignJWT(all).setProtectedHeader({ alg, kid: 'one', ...header }).sign(by);
    return { client_assertion_type: ASSERTION, client_assertion: server.canaries.remember(token) };
  }
  return { id, key, jwk, members, now };
}

export function post(server, target, form, { headers = {}, from } = {}) {
  for (const name of ['token', 'client_assertion', 'client_secret']) server.canaries.remember(form?.[name]);
  const body = typeof form === 'string' ? form : new URLSearchParams(form).toString();
  return server.call('POST', target, { body, from, headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers } });
}

export const introspect = (server, client, token, more = {}) => post(server, '/oauth/introspect', { token, ...more }, client);
export const revoke = (server, client, token, more = {}) => post(server, '/oauth/revoke', { token, ...more }, client);
export const tokenOf = (server, client, more = {}) => post(server, '/oauth/token', { grant_type: 'client_credentials', ...more }, client);

// A refusal in the form of RFC 6749 5.2.
export function assertOauthError(answer, status, error) {
  assert.deepEqual([answer.status, answer.json?.error], [status, error], answer.text);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.deepEqual(Object.keys(answer.json), ['error', 'error_description']);
  assert.match(answer.json.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  assert.equal('www-authenticate' in answer.headers, status === 401);
}

export function assertInactive(answer) {
  assert.deepEqual([answer.status, answer.text], [200, '{"active":false}']);
}
