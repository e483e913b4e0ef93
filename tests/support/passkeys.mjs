// Ceremonies as a page has them: begin at the service, ask the authenticator, complete.
import assert from 'node:assert/strict';
import { Authenticator } from './authenticator.mjs';
import { signIn, signUp } from './story.mjs';

// The page of a server under development: browsers know passkeys of localhost, and of no address.
export const pageOf = (server) => server.env.POSTERN_ORIGINS?.split(',')[0] ?? `http://localhost:${server.port}`;

export const post = (server, path, body, options) => server.call('POST', path, { body, ...options });

export async function beginAdding(server, token) {
  const answer = await post(server, '/webauthn/register/begin', {}, { token });
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

// The answer of the second half; knobs: see authenticator.mjs. at: the server of the second half; begun: what its begin answered.
export async function tryAdding(server, token, key, { name, at = server, begun, ...knobs } = {}) {
  const { ceremony, publicKey } = begun ?? (await beginAdding(server, token));
  const credential = key.register(publicKey, { origin: pageOf(server), ...knobs });
  return post(at, '/webauthn/register/complete', { ceremony, credential, name }, { token });
}

// Its next access token says what the session is worth by now.
export async function renew(server, account) {
  const answer = await post(server, '/token/refresh', { refresh_token: account.tokens.refresh_token });
  assert.equal(answer.status, 200, answer.text);
  return Object.assign(account, { tokens: answer.json, token: answer.json.access_token });
}

// account: { tokens, token }, renewed by this.
export async function add(server, account, key, options) {
  const answer = await tryAdding(server, account.token, key, options);
  assert.equal(answer.status, 201, answer.text);
  await renew(server, account);
  return answer.json;
}

// An account that has signed in with its password and then added an authenticator.
export async function keyHolder(server, { key = new Authenticator(), ...knobs } = {}) {
  const account = await signUp(server);
  const tokens = await signIn(server, account);
  const holder = { ...account, tokens, token: tokens.access_token, key };
  return Object.assign(holder, { record: await add(server, holder, key, knobs) });
}

export const credentialsOf = async (server, token) => (await server.call('GET', '/webauthn/credentials', { token })).json;

// Signing in. whom: {}, { email }, { username } or { mfa_token }.
export async function beginSigning(server, whom = {}, options) {
  const answer = await post(server, '/webauthn/login/begin', whom, options);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

// The answer of the second half; at: the server of the second half; options: of both calls (headers).
export async function trySigning(server, key, { whom, at = server, options, ...knobs } = {}) {
  const { ceremony, publicKey } = await beginSigning(server, whom, options);
  const credential = key.sign(publicKey, { origin: pageOf(at), ...knobs });
  return post(at, '/webauthn/login/complete', { ceremony, credential }, options);
}

// { tokens, token } of a sign-in, for what wants an account.
export async function comeIn(server, key, knobs) {
  const tokens = await signInBy(server, key, knobs);
  return { tokens, token: tokens.access_token };
}

export async function signInBy(server, key, knobs) {
  const answer = await trySigning(server, key, knobs);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

// The password was right, and a factor is due.
export async function passwordStep(server, { email, password }, options) {
  const answer = await post(server, '/login', { email, password }, options);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.mfa_required, true, answer.text);
  return answer.json;
}
