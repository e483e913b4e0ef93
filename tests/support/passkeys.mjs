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

// The answer of the second half; knobs: see authenticator.mjs. at: the server of the second half.
export async function tryAdding(server, token, key, { name, at = server, ...knobs } = {}) {
  const { ceremony, publicKey } = await beginAdding(server, token);
  const credential = key.register(publicKey, { origin: pageOf(server), ...knobs });
  return post(at, '/webauthn/register/complete', { ceremony, credential, name }, { token });
}

export async function add(server, token, key, options) {
  const answer = await tryAdding(server, token, key, options);
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

// An account that has signed in with its password and then added an authenticator.
export async function keyHolder(server, { key = new Authenticator(), ...knobs } = {}) {
  const account = await signUp(server);
  const tokens = await signIn(server, account);
  const record = await add(server, tokens.access_token, key, knobs);
  return { ...account, tokens, token: tokens.access_token, key, record };
}

export const credentialsOf = async (server, token) => (await server.call('GET', '/webauthn/credentials', { token })).json;
