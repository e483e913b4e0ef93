// The document and the program say the same: every route, status, header and body, in both directions.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { lint, loadConfig } from '@redocly/openapi-core';
import { compactVerify, createLocalJWKSet } from 'jose';
import { Authenticator } from '../support/authenticator.mjs';
import { Client } from '../support/dpop.mjs';
import { introspect, keyClient, post, revoke, serviceClient, tokenOf } from '../support/client.mjs';
import { giveFactors, leaveNotice } from '../support/factors.mjs';
import { Contract, bodyOf, document, isForm, operations, schemasWithExamples } from '../support/openapi.mjs';
import { beginAdding, credentialsOf, pageOf, renew, tryAdding, trySigning } from '../support/passkeys.mjs';
import { routes } from '../support/routes.mjs';
import { startServer, top } from '../support/server.mjs';
import { signUp } from '../support/story.mjs';
import { codeNow, enrolled, rewind, wrongCode } from '../support/totp.mjs';

const PASSWORD = 'correct horse battery';
const NOBODY = '00000000-0000-7000-8000-000000000000';
const contract = new Contract();
let server, call, admin, ada, eve;

async function signedIn(email) {
  const { json } = await call('POST', '/login', { body: { email, password: PASSWORD } });
  return { email, id: json.user_id, token: json.access_token, refresh: json.refresh_token, notices: json.notices };
}

async function newcomer(email) {
  await call('POST', '/users/signup', { body: { email, password: PASSWORD } });
  return signedIn(email);
}

before(async () => {
  server = await startServer();
  call = contract.over(server);
  server.canaries.remember(PASSWORD);
  const made = await server.cliWith({ input: PASSWORD }, 'user', 'create', '--email', 'root@example.com', '--role', 'admin', '--password-stdin');
  assert.equal(made.code, 0, made.stderr);
  admin = await signedIn('root@example.com');
  ada = await newcomer('ada.l@example.com');
  eve = await newcomer('eve@example.com');
});

after(async () => assert.equal(await server?.stop(), 0));

const source = (file) => readFileSync(`${top}/${file}`, 'utf8');

test('the document is clean under the linter', async () => {
  const config = await loadConfig({ configPath: `${top}/redocly.yaml` });
  const problems = await lint({ ref: `${top}/openapi.yaml`, config });
  assert.deepEqual(problems.map((p) => `${p.ruleId}: ${p.message} ${p.location[0].pointer}`), []);
});

test('routes.c and the document have the same routes, guards, limits and summaries', () => {
  const inCode = routes.map(({ method, path, guard, limit, does }) => ({
    method, path, does, open: guard === 'ANYONE', permission: guard.startsWith('MAY'), limited: limit !== 'LIMIT_NONE' || guard === 'A_CLIENT',
  }));
  const inDocument = operations.map(({ method, path, says }) => ({
    method,
    path,
    does: says.summary,
    open: says.security.length === 0,
    permission: /^Needs the permission/.test(says.description ?? ''),
    limited: says.responses['429'] !== undefined,
  }));
  const sorted = (list) => list.map((r) => JSON.stringify(r)).sort();
  assert.deepEqual(sorted(inDocument), sorted(inCode));
});

test('every path of the document takes its methods and no others', async () => {
  for (const [path, item] of Object.entries(document.paths)) {
    const { status, headers } = await server.call('OPTIONS', path.replace('{id}', NOBODY).replace('{file}', 'docs.js'));
    const methods = Object.keys(item).filter((name) => name !== 'parameters').map((name) => name.toUpperCase());
    if (methods.includes('GET')) methods.push('HEAD');
    assert.equal(status, 204);
    assert.deepEqual(headers.allow.split(', ').sort(), [...methods, 'OPTIONS'].sort(), path);
  }
});

test('a known path with another method is 405 and names the right ones, an unknown path is 404', async () => {
  const other = await server.call('DELETE', '/login');
  assert.deepEqual([other.status, other.json.code, other.headers.allow], [405, 'method_not_allowed', 'POST, OPTIONS']);
  const nowhere = await server.call('GET', '/nowhere');
  assert.deepEqual([nowhere.status, nowhere.json.code], [404, 'not_found']);
});

test('/openapi.json is openapi.yaml', async () => {
  assert.deepEqual((await call('GET', '/openapi.json')).json, document);
});

test('the codes of the document are those of the program', () => {
  const reasons = [...source('src/base/why.h').matchAll(/^ {4}W\(WHY_\w+, +ERR_\w+, +"(\w+)"/gm)].map((m) => m[1]);
  const transport = ['src/http/exchange.c', 'src/api/docs.c'].flatMap((file) =>
    [...source(file).matchAll(/(?:problem_http|refuse_early|refuse_and_close)\(\w+, \d+, "(\w+)"/g)].map((m) => m[1]),
  );
  const documented = document.components.schemas.ProblemCode['x-extensible-enum'];
  assert.deepEqual([...documented].sort(), [...new Set([...reasons, ...transport])].sort());
});

test('examples hold against their own schemas', () => {
  for (const { name, examples, faults } of schemasWithExamples)
    for (const example of examples) assert.deepEqual(faults(example), [], name);
});

test('the example of an access token can be checked with the example of a key', async () => {
  const [tokens] = document.components.schemas.Tokens.examples;
  const keys = createLocalJWKSet(document.components.schemas.KeySet.examples[0]);
  const { payload, protectedHeader } = await compactVerify(tokens.access_token, keys);
  const claims = JSON.parse(new TextDecoder().decode(payload));
  assert.deepEqual([protectedHeader.alg, protectedHeader.typ], ['ES256', 'at+jwt']);
  assert.deepEqual([claims.sub, claims.sid, claims.exp - claims.iat], [tokens.user_id, tokens.session_id, tokens.expires_in]);
});

test('every example of a sign-up and a sign-in works as it stands', async () => {
  for (const operation of ['/users', '/register', '/users/signup', '/login'].map((path) => operations.find((o) => o.method === 'POST' && o.path === path))) {
    const { examples, faults } = bodyOf(operation);
    for (const body of examples) {
      assert.deepEqual(faults(body), [], operation.path);
      const { status } = await call('POST', operation.path, { body });
      // Two examples name the same person: then it is the second that finds the name taken.
      assert.ok(status === 201 || status === 200 || (status === 409 && operation.path === '/users/signup'), `${operation.path}: ${status}`);
    }
  }
});

test('the service routes answer as documented', async () => {
  for (const path of ['/ping', '/healthz', '/readyz', '/metrics', '/.well-known/jwks.json', '/openapi.json', '/docs'])
    assert.equal((await call('GET', path)).status, 200, path);
  for (const path of ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server', '/.well-known/webauthn', '/.well-known/passkey-endpoints']) {
    const { status, headers } = await call('GET', path);
    assert.equal(status, 200);
    assert.equal((await call('GET', path, { headers: { 'If-None-Match': headers.etag } })).status, 304);
  }
  for (const file of ['docs.html', 'docs.css', 'docs.js', 'swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt',
    'swagger-ui.NOTICE.txt', 'favicon.png', 'openapi.json'])
    assert.equal((await call('GET', `/docs/${file}`)).status, 200, file);
  assert.equal((await call('GET', '/docs/none')).status, 404);
  assert.equal((await call('GET', '/.well-known/change-password')).status, 302);
});

test('HEAD is GET without a body', async () => {
  for (const path of ['/ping', '/openapi.json', '/docs']) {
    const whole = await server.call('GET', path);
    const head = await server.call('HEAD', path);
    assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', String(whole.bytes.length)], path);
  }
});

test('one reads, changes and lists as documented', async () => {
  assert.equal((await call('GET', '/users/me', ada)).json.id, ada.id);
  assert.equal((await call('GET', `/users/${ada.id}`, ada)).status, 200);
  assert.equal((await call('GET', `/users/${ada.id}`, admin)).status, 200);
  assert.equal((await call('PATCH', '/users/me', { ...ada, body: { name: 'Ada', username: 'ada_l' } })).json.username, 'ada_l');
  assert.equal((await call('PATCH', `/users/${ada.id}`, { ...ada, body: { name: null, date_of_birth: '1985-12-10T23:59:59Z' } })).json.name, null);
  assert.equal((await call('PATCH', `/users/${eve.id}`, { ...admin, body: { job_title: 'Listener' } })).json.job_title, 'Listener');
  const page = await call('GET', '/users?limit=1&role=user&active=true', admin);
  assert.equal(page.json.items.length, 1);
  assert.equal((await call('GET', `/users?limit=200&cursor=${page.json.next}`, admin)).json.next, null);
  assert.equal((await call('GET', '/users?email=eve@example.com', admin)).json.items[0].id, eve.id);
});

test('what is not allowed is 403 with one and the same answer', async () => {
  const known = await call('GET', `/users/${eve.id}`, ada);
  const unknown = await call('GET', `/users/${NOBODY}`, ada);
  const same = ({ instance, ...rest }) => rest;
  assert.deepEqual(same(known.json), same(unknown.json));
  assert.equal((await call('GET', '/users', ada)).status, 403);
  assert.equal((await call('PATCH', '/users/me', { ...ada, body: { roles: ['admin'] } })).status, 403);
  assert.equal((await call('PATCH', `/users/${eve.id}`, { ...ada, body: { name: 'E' } })).status, 403);
  assert.equal((await call('DELETE', `/users/${eve.id}`, ada)).status, 403);
});

test('who may read all is told that an account is missing', async () => {
  for (const method of ['GET', 'DELETE']) assert.equal((await call(method, `/users/${NOBODY}`, admin)).status, 404);
  assert.equal((await call('PATCH', `/users/${NOBODY}`, { ...admin, body: { name: 'N' } })).status, 404);
});

test('what is taken, and the last administrator, are 409', async () => {
  for (const [path, body] of [
    ['/users', { name: 'A', email: 'EVE@example.com', date_of_birth: '1990-01-01', job_title: 'B', password: PASSWORD }],
    ['/register', { email: 'eve@example.com', password: PASSWORD }],
    ['/register', { username: 'Ada_L', password: PASSWORD }],
    ['/users/signup', { email: 'eve@example.com', password: PASSWORD }],
  ])
    assert.equal((await call('POST', path, { body })).status, 409, path);
  assert.equal((await call('PATCH', '/users/me', { ...eve, body: { username: 'ADA_L' } })).json.code, 'username_taken');
  assert.equal((await call('PATCH', `/users/${eve.id}`, { ...eve, body: { username: 'ada_l' } })).json.code, 'username_taken');
  assert.equal((await call('PATCH', '/users/me', { ...admin, body: { roles: ['user'] } })).json.code, 'last_admin');
  assert.equal((await call('PATCH', `/users/${admin.id}`, { ...admin, body: { is_active: false } })).json.code, 'last_admin');
  for (const path of ['/users/me', `/users/${admin.id}`]) assert.equal((await call('DELETE', path, admin)).json.code, 'last_admin');
});

test('every guarded route wants a token that is good, and says how', async () => {
  for (const { method, path, says } of operations.filter((o) => o.says.security.some((way) => way.bearer))) {
    const target = path.replace('{id}', NOBODY);
    const body = says.requestBody ? { name: 'N' } : undefined;
    for (const [token, code] of [[undefined, 'token_missing'], ['not.a.token', 'token_invalid'], [`${ada.token}A`, 'token_invalid']]) {
      const answer = await call(method, target, { token, body });
      assert.deepEqual([answer.status, answer.json.code], [401, code], `${method} ${path}`);
      const error = token === undefined ? '' : ', error="invalid_token"';
      assert.equal(answer.headers['www-authenticate'], `Bearer realm="Postern"${error}, DPoP realm="Postern", algs="ES256 EdDSA Ed25519"`);
    }
  }
});

test('every route refuses query parameters that it does not know, and secrets in the address', async () => {
  const secret = server.canaries.remember('hunter-two-three');
  for (const operation of operations) {
    const { method, path } = operation;
    const target = path.replace('{id}', ada.id).replace('{file}', 'docs.js');
    for (const [query, code] of [['surprise=1', 'invalid_query'], [`password=${secret}`, 'secret_in_query']]) {
      const answer = await call(method, `${target}?${query}`, { token: ada.token });
      const said = answer.json.error === 'invalid_request' ? [answer.status, isForm(operation) ? code : 'no form'] : [answer.status, answer.json.code];
      assert.deepEqual(said, [400, code], `${method} ${path}`);
    }
  }
});

// Ceremonies over the contract: each half is held against the document.
const kay = { call: (...args) => call(...args), get env() { return server.env; }, get port() { return server.port; } };

test('passkeys are added, named and removed as documented', async () => {
  const pat = await newcomer('pat@example.com');
  pat.tokens = { refresh_token: pat.refresh };
  const key = new Authenticator();
  const made = await tryAdding(kay, pat.token, key, { name: 'Key' });
  assert.equal(made.status, 201);
  const path = `/webauthn/credentials/${made.json.id}`;
  assert.equal((await credentialsOf(kay, pat.token)).items.length, 1);
  assert.equal((await call('PATCH', path, { ...pat, body: { name: 'Office' } })).json.name, 'Office');
  await renew(kay, pat);
  for (const [method, body] of [['PATCH', { name: 'x' }], ['DELETE']])
    assert.equal((await call(method, '/webauthn/credentials/AAAA', { ...pat, body })).json.code, 'passkey_not_found');
  await server.query(`UPDATE users SET hashed_password = NULL WHERE public_id = '${pat.id}'`, { write: true });
  assert.equal((await call('DELETE', path, pat)).json.code, 'last_passkey');
  await renew(kay, pat);
  const second = await tryAdding(kay, pat.token, new Authenticator());
  assert.equal((await call('DELETE', `/webauthn/credentials/${second.json.id}`, pat)).status, 204);
  const columns = 'user_id, public_key, algorithm, sign_count, aaguid, transports, backup_eligible, backup_state, user_verified, format, trusted, created_at, last_used_at';
  const begun = await beginAdding(kay, pat.token);
  for (let i = 0; i < 31; i++)
    await server.query(`INSERT INTO webauthn_credentials (id, name, ${columns}) SELECT 'copy${i}-' || id, 'Copy', ${columns} FROM webauthn_credentials WHERE id = '${made.json.id}'`, { write: true });
  const credential = new Authenticator().register(begun.publicKey, { origin: pageOf(server) });
  assert.equal((await call('POST', '/webauthn/register/complete', { ...pat, body: { ceremony: begun.ceremony, credential } })).json.code, 'too_many_passkeys');
  assert.equal((await call('POST', '/webauthn/register/begin', { ...pat, body: {} })).json.code, 'too_many_passkeys');
  await server.query(`UPDATE sessions SET auth_time_s = auth_time_s - 86400 WHERE user_id = (SELECT id FROM users WHERE public_id = '${pat.id}')`, { write: true });
  assert.equal((await call('POST', '/webauthn/register/begin', { ...pat, body: {} })).status, 401);
  assert.equal((await call('DELETE', path, pat)).status, 401);
});

test('a passkey signs in, and again, as documented', async () => {
  const quinn = await newcomer('quinn@example.com');
  const key = new Authenticator();
  assert.equal((await tryAdding(kay, quinn.token, key)).status, 201);
  for (const whom of [{}, { email: quinn.email }]) assert.equal((await trySigning(kay, key, { whom })).status, 200);
  assert.equal((await trySigning(kay, key, { flags: { uv: false } })).json.code, 'invalid_credentials');
  const { json } = await call('POST', '/login', { body: { email: quinn.email, password: PASSWORD } });
  const { json: { access_token: token } } = await trySigning(kay, key, { whom: { mfa_token: json.mfa_token } });
  assert.equal((await call('POST', '/webauthn/login/begin', { body: { mfa_token: json.mfa_token } })).status, 200);
  assert.equal((await call('POST', '/webauthn/login/begin', { body: { mfa_token: 'x' } })).json.code, 'mfa_token_invalid');
  const begun = await call('POST', '/step-up/webauthn/begin', { token, body: {} });
  const credential = key.sign(begun.json.publicKey, { origin: pageOf(server) });
  const body = { ceremony: begun.json.ceremony, credential };
  const again = await call('POST', '/step-up/webauthn/complete', { token, body });
  assert.equal(again.status, 200, again.text);
  const used = await call('POST', '/step-up/webauthn/complete', { token: again.json.access_token, body });
  assert.equal(used.json.code, 'ceremony_invalid', used.text);
  assert.equal((await call('POST', '/step-up/webauthn/begin', { token: ada.token, body: {} })).status, 404);
});

test('an account is made with a passkey as documented', async () => {
  const begin = (username) => call('POST', '/api/register/begin', { body: { username } });
  const [one, two] = [await begin('pass_one'), await begin('pass_one')];
  const complete = ({ json: { user_id, session_data, ...options } }) => call('POST', '/api/register/complete', {
    body: { user_id, session_data, credential: new Authenticator().register(options, { origin: pageOf(server) }) } });
  assert.equal((await complete(one)).json.username, 'pass_one');
  assert.equal((await complete(two)).json.code, 'username_taken');
  assert.equal((await begin('Pass_One')).json.code, 'username_taken');
});

test('a body where none is taken is refused and does no harm', async () => {
  for (const { method, path } of operations.filter((o) => o.says.requestBody === undefined)) {
    const target = path.replace('{id}', ada.id).replace('{file}', 'docs.js');
    assert.equal((await call(method, target, { token: admin.token, body: { surprise: 1 } })).status, 422, `${method} ${path}`);
    assert.equal((await call(method, target, { token: admin.token, body: 'a=1', headers: { 'Content-Type': 'text/plain' } })).status, 415);
  }
});

const withBodies = operations.filter((o) => o.says.requestBody !== undefined && !isForm(o));
const targetOf = ({ path }) => path.replace('{id}', ada.id);

test('bodies are strict JSON of a bounded size', async () => {
  for (const operation of withBodies) {
    const send = (body, headers) => call(operation.method, targetOf(operation), { token: ada.token, body, headers });
    for (const broken of ['', '{', '[]', '"text"', '{"a":1,"a":2}', '{"a":"\\u0000"}', `{"a":${'['.repeat(17)}${']'.repeat(17)}}`])
      assert.deepEqual([(await send(broken)).status, operation.path, broken], [400, operation.path, broken]);
    assert.equal((await send('{}', { 'Content-Type': 'text/plain' })).status, 415);
    assert.equal((await send('{}', { 'Content-Type': undefined })).status, 415);
    assert.equal((await send(`{"a":"${'x'.repeat(65536)}"}`)).status, 413);
  }
});

// What a schema forbids, each as one change of a body that is good otherwise: [field, body].
function spoiled({ examples: [good], schema, properties }) {
  const cases = [['surprise', { ...good, surprise: true }], ['id', { ...good, id: 1 }], ['hashed_password', { ...good, hashed_password: 'x' }]];
  for (const name of schema.required ?? []) cases.push([name, Object.fromEntries(Object.entries(good).filter(([key]) => key !== name))]);
  for (const [name, rule] of Object.entries(properties)) {
    if (schema.oneOf && name === 'username') continue; // beside the e-mail address of the example it is another fault
    const text = rule.oneOf?.[0].$ref ? document.components.schemas[rule.oneOf[0].$ref.split('/').pop()] : rule;
    cases.push([name, { ...good, [name]: 7 }], [name, { ...good, [name]: {} }]);
    if (text.minLength) cases.push([name, { ...good, [name]: 'x'.repeat(text.minLength - 1) }]);
    if (text.maxLength) cases.push([name, { ...good, [name]: 'x'.repeat(text.maxLength + 1) }]);
    if (rule.type === 'array') cases.push([name, { ...good, [name]: [] }], [name, { ...good, [name]: ['root'] }]);
  }
  return cases;
}

test('what a schema forbids is refused by the field', async () => {
  for (const operation of withBodies) {
    const body = bodyOf(operation);
    for (const [field, bad] of spoiled(body)) {
      const told = `${operation.method} ${operation.path} ${JSON.stringify(bad).slice(0, 200)}`;
      assert.notDeepEqual(body.faults(bad), [], `the schema takes it: ${told}`);
      const answer = await call(operation.method, targetOf(operation), { token: admin.token, body: bad });
      assert.equal(answer.status, 422, told);
      assert.ok(answer.json.errors.some((e) => e.field.replace(/\[\d+\]$/, '') === field), `${told}: ${answer.text}`);
    }
  }
});

test('both names or none are refused where one is wanted', async () => {
  for (const path of ['/login', '/register'])
    for (const names of [{}, { email: 'x@example.com', username: 'xavier' }]) {
      const { status, json } = await call('POST', path, { body: { ...names, password: PASSWORD } });
      assert.deepEqual([status, json.errors[0].field], [422, 'email'], path);
    }
});

test('query parameters have the documented bounds', async () => {
  for (const query of ['limit=0', 'limit=201', 'limit=x', 'active=yes', 'role=root', 'cursor=1', `q=${'x'.repeat(101)}`, 'q='])
    assert.equal((await call('GET', `/users?${query}`, admin)).status, 422, query);
  for (const query of ['limit=1&limit=2', 'q=%ff', 'q=%', '&', 'limit=1&'])
    assert.equal((await call('GET', `/users?${query}`, admin)).status, 400, query);
});

test('what can meet any request is documented as the default answer', async () => {
  for (const { method, path } of operations) {
    const target = path.replace('{id}', ada.id).replace('{file}', 'docs.js');
    assert.equal((await call(method, `${target}?q=${'x'.repeat(4100)}`)).status, 414, path);
    assert.equal((await call(method, target, { headers: { 'X-Filler': 'x'.repeat(8200) } })).status, 431, path);
  }
});

test('tokens are renewed once, and an ended session is told', async () => {
  const zoe = await newcomer('zoe@example.com');
  assert.equal((await call('POST', '/token/refresh', { body: { refresh_token: 'x'.repeat(70) } })).status, 401);
  const fresh = await call('POST', '/token/refresh', { body: { refresh_token: zoe.refresh } });
  assert.equal(fresh.json.message, 'Token refreshed');
  assert.equal((await call('POST', '/token/refresh', { body: { refresh_token: zoe.refresh } })).json.refresh_token, fresh.json.refresh_token);
  const thief = await call('POST', '/token/refresh', { body: { refresh_token: zoe.refresh }, headers: { 'User-Agent': 'thief/1' } });
  assert.equal(thief.json.code, 'refresh_token_invalid');
  const again = await signedIn(zoe.email);
  assert.equal((await call('POST', '/logout', again)).status, 204);
  assert.equal((await call('GET', '/users/me', again)).json.code, 'session_ended');
  const last = await signedIn(zoe.email);
  assert.equal((await call('POST', '/logout/all', last)).status, 204);
  assert.equal((await call('GET', '/users/me', last)).json.code, 'session_ended');
});

test('a page of another origin neither signs in nor renews', async () => {
  const headers = { 'X-Postern-Client': 'web', Origin: 'https://evil.example' };
  assert.equal((await call('POST', '/login', { body: { email: ada.email, password: PASSWORD }, headers })).json.code, 'cross_site_request');
  assert.equal((await call('POST', '/token/refresh', { body: {}, headers })).json.code, 'cross_site_request');
  const answer = { ceremony: 'x', credential: { id: 'x' } };
  for (const [path, body] of [['begin', {}], ['complete', answer]])
    assert.equal((await call('POST', `/webauthn/login/${path}`, { body, headers })).json.code, 'cross_site_request');
});

test('signed-in devices are listed and signed out, and a new password ends the others', async () => {
  const uma = await newcomer('uma@example.com');
  const other = await signedIn(uma.email);
  const { json: { items: [first] } } = await call('GET', '/users/me/sessions?limit=1', other);
  assert.equal((await call('GET', `/users/${uma.id}/sessions?cursor=${first.id}`, admin)).json.items.length, 1);
  assert.equal((await call('GET', `/users/${eve.id}/sessions`, uma)).status, 403);
  assert.equal((await call('GET', `/users/${NOBODY}/sessions`, admin)).status, 404);
  assert.equal((await call('GET', '/users/me/sessions?limit=0', uma)).status, 422);
  assert.equal((await call('DELETE', `/users/${eve.id}/sessions/${first.id}`, uma)).status, 403);
  assert.equal((await call('DELETE', `/users/me/sessions/${NOBODY}`, uma)).json.code, 'session_not_found');
  assert.equal((await call('DELETE', `/users/me/sessions/${first.id}`, other)).status, 204);
  const body = { current_password: PASSWORD, password: 'staple correct horse' };
  assert.equal((await call('POST', '/users/me/password', { ...other, body: { ...body, current_password: 'not my password' } })).status, 403);
  assert.equal((await call('POST', '/users/me/password', { ...other, body })).status, 204);
});

test('a wrong password and an unknown account are the same 401', async () => {
  for (const body of [{ email: ada.email, password: 'not my password' }, { email: 'nobody@example.com', password: PASSWORD }, { username: '!', password: 'x' }])
    assert.equal((await call('POST', '/login', { body })).json.detail, 'Invalid credentials');
});

test('an account is removed after a recent sign-in only', async () => {
  const max = await newcomer('max@example.com');
  await server.query(`UPDATE sessions SET auth_time_s = auth_time_s - 86400 WHERE user_id = (SELECT id FROM users WHERE public_id = '${max.id}')`, { write: true });
  for (const path of ['/users/me', `/users/${max.id}`]) assert.equal((await call('DELETE', path, max)).json.code, 'recent_signin_required');
  assert.equal((await call('DELETE', '/users/me', await signedIn(max.email))).status, 204);
  assert.equal((await call('DELETE', `/users/${eve.id}`, admin)).status, 204);
  assert.equal((await call('POST', '/login', { body: { email: eve.email, password: PASSWORD } })).status, 401);
});

test('a session is stepped up, and what one should hear of is read, as documented', async () => {
  const sue = await newcomer('sue@example.com');
  assert.deepEqual((await call('GET', '/step-up', sue)).json.methods, ['password']);
  assert.equal((await call('POST', '/step-up/password', { ...sue, body: { password: 'not my password' } })).status, 403);
  assert.equal((await call('POST', '/step-up/password', { ...sue, body: { password: PASSWORD } })).status, 200);
  const notice = await leaveNotice(server, sue);
  assert.equal((await call('GET', '/users/me/notices', sue)).json.items.length, 1);
  assert.equal((await signedIn(sue.email)).notices, 1);
  for (const [id, one, status] of [[sue.id, ada, 403], ['me', ada, 404], ['me', sue, 204]])
    assert.equal((await call('DELETE', `/users/${id}/notices/${notice}`, one)).status, status);
  assert.equal((await call('GET', `/users/${sue.id}/notices`, ada)).status, 403);
  await giveFactors(server, sue, 'totp');
  assert.equal((await call('POST', '/step-up/password', { ...sue, body: { password: PASSWORD } })).json.code, 'step_up_method');
  assert.equal((await call('POST', '/login', { body: { email: sue.email, password: PASSWORD } })).json.mfa_required, true);
});

test('who can only add a factor is refused as documented', async () => {
  const strict = await startServer({ env: { POSTERN_MFA: 'required' } });
  const told = contract.over(strict);
  const account = { email: 'new@example.com', password: PASSWORD };
  await told('POST', '/users/signup', { body: account });
  const { json } = await told('POST', '/login', { body: account });
  assert.equal(json.scope, 'enrol');
  const refusing = operations.filter((o) => o.says.security.some((way) => way.bearer) && !/^\/(step-up|mfa\/totp\/confirm)/.test(o.path));
  for (const { method, path, says } of refusing.filter((o) => o.says.responses['403'])) {
    const { json: { code } } = await told(method, path.replace(/\{\w+\}/g, NOBODY), { token: json.access_token });
    assert.equal(code, 'mfa_enrolment_required', says.operationId);
  }
  assert.equal(await strict.stop(), 0);
});

test('apps and recovery codes are made, used and removed as documented', async () => {
  const ida = await newcomer('ida@example.com');
  assert.equal((await call('DELETE', '/mfa/totp', ida)).json.code, 'factor_not_found');
  assert.equal((await call('POST', '/mfa/totp/confirm', { ...ida, body: { code: '123456' } })).json.code, 'enrolment_missing');
  const { secret } = (await call('POST', '/mfa/totp/enroll', ida)).json;
  assert.equal((await call('POST', '/mfa/totp/confirm', { ...ida, body: { code: wrongCode(secret) } })).json.code, 'code_wrong');
  assert.equal((await call('POST', '/mfa/totp/confirm', { ...ida, body: { code: codeNow(secret) } })).status, 204);
  const { codes } = (await call('POST', '/mfa/recovery-codes', ida)).json;
  const finish = async (path, code, headers) => {
    const { mfa_token } = (await call('POST', '/login', { body: { email: ida.email, password: PASSWORD } })).json;
    await rewind(server, ida);
    return call('POST', path, { body: { mfa_token, code }, headers });
  };
  const evil = { 'X-Postern-Client': 'web', Origin: 'https://evil.example' };
  assert.equal((await finish('/login/totp', wrongCode(secret))).json.code, 'code_wrong');
  assert.equal((await finish('/login/totp', codeNow(secret), evil)).json.code, 'cross_site_request');
  assert.equal((await finish('/login/recovery-code', codes[0], evil)).json.code, 'cross_site_request');
  assert.equal((await finish('/login/recovery-code', codes[0])).json.scope, 'enrol');
  assert.equal((await finish('/login/recovery-code', codes[0])).json.code, 'code_wrong');
  const { access_token: token } = (await finish('/login/totp', codeNow(secret))).json;
  assert.equal((await call('POST', '/step-up/totp', { token, body: { code: wrongCode(secret) } })).json.code, 'code_wrong');
  await rewind(server, ida);
  assert.equal((await call('POST', '/step-up/totp', { token, body: { code: codeNow(secret) } })).status, 200);
  assert.equal((await call('DELETE', '/mfa/totp', { token })).status, 204);
});

test('the last factor is kept where one is demanded, as documented', async () => {
  const strict = await startServer({ env: { POSTERN_MFA: 'required' } });
  const told = contract.over(strict);
  const account = { email: 'new@example.com', password: PASSWORD };
  const { id } = await signUp(strict, account);
  const first = (await told('POST', '/login', { body: account })).json;
  const secret = await enrolled(strict, { id, tokens: first, token: first.access_token });
  const { mfa_token } = (await told('POST', '/login', { body: account })).json;
  const { access_token: token } = (await told('POST', '/login/totp', { body: { mfa_token, code: codeNow(secret) } })).json;
  assert.equal((await told('DELETE', '/mfa/totp', { token })).json.code, 'last_factor');
  assert.equal(await strict.stop(), 0);
});

test('a proxy asks who it is as documented', async () => {
  const tom = await newcomer('tom.v@example.com');
  assert.equal((await call('GET', '/verify?role=user&acr=aal1', tom)).status, 200);
  for (const [query, status] of [['role=admin', 403], ['scope=users:read', 403], ['acr=aal3', 401], ['acr=aal9', 422]])
    assert.equal((await call('GET', `/verify?${query}`, tom)).status, status, query);
});

test('services read what was taken back as documented', async () => {
  const checked = { canaries: server.canaries, cli: (...args) => server.cli(...args) };
  const [client, without] = [await serviceClient(checked), await serviceClient(checked, 'introspect')];
  const first = await call('GET', '/revocations?wait=0', client);
  assert.equal(first.status, 200);
  const again = { headers: { ...client.headers, 'If-None-Match': first.headers.etag } };
  while ((await call('GET', '/revocations', again)).status !== 304) again.headers['If-None-Match'] = (await call('GET', '/revocations', client)).headers.etag;
  assert.equal((await call('GET', '/revocations', without)).status, 403);
  assert.equal((await call('GET', '/revocations')).status, 401);
  assert.equal((await call('GET', '/revocations?wait=61', client)).status, 422);
  const other = await startServer({ limits: true });
  let answer = { status: 401 };
  for (let tries = 0; answer.status === 401 && tries < 100; tries++) answer = contract.check('GET', '/revocations', await other.call('GET', '/revocations'));
  assert.equal(answer.status, 429);
  assert.equal(await other.stop(), 0);
});

test('services get tokens, ask about tokens and end sessions as documented', async () => {
  const checked = { ...server, canaries: server.canaries, call, cli: (...args) => server.cli(...args), folder: server.folder, env: server.env };
  const client = await serviceClient(checked);
  const signer = await keyClient(checked);
  const max = await newcomer('max.p@example.com');
  const { access_token: own } = (await tokenOf(checked, client)).json;
  assert.equal((await tokenOf(checked, {}, await signer.members())).status, 200);
  for (const token of [max.token, max.refresh, own, 'x']) assert.equal((await introspect(checked, client, token)).status, 200);
  assert.equal((await revoke(checked, client, max.token)).status, 200);
  for (const path of operations.filter(isForm).map((o) => o.path)) {
    assert.equal((await post(checked, path, '', client)).status, 400);
    assert.equal((await post(checked, path, { token: 'x', grant_type: 'client_credentials' })).status, 401);
    assert.equal((await post(checked, path, 'x=1', { headers: { 'Content-Type': 'text/plain' } })).status, 415);
    assert.equal((await post(checked, path, `token=${'x'.repeat(65536)}`, client)).status, 413);
  }
  const other = await startServer({ limits: true });
  const limited = { call: contract.over(other), canaries: other.canaries };
  for (const path of operations.filter(isForm).map((o) => o.path)) {
    let answer = { status: 401 };
    for (let tries = 0; answer.status === 401 && tries < 100; tries++) answer = await post(limited, path, { token: 'x', grant_type: 'x' });
    assert.equal(answer.status, 429, path);
  }
  assert.equal(await other.stop(), 0);
});

test('a schema that is not current makes it unready', async () => {
  const other = await startServer();
  const newest = "SELECT max(number) FROM schema_migrations";
  await other.query(`DELETE FROM schema_migrations WHERE number = (${newest})`, { write: true });
  const { status, json } = contract.check('GET', '/readyz', await other.call('GET', '/readyz'));
  assert.deepEqual([status, json.schema], [503, 'not current']);
  assert.equal(await other.stop(), 0);
});

test('the page is 404 when it is switched off', async () => {
  const other = await startServer({ env: { POSTERN_DOCS: 'off' } });
  for (const path of ['/docs', '/docs/docs.js']) assert.equal(contract.check('GET', path, await other.call('GET', path)).status, 404);
  assert.equal(await other.stop(), 0);
});

test('too many tries are 429 with the seconds to wait', async () => {
  const other = await startServer({ limits: true });
  const limited = contract.over(other);
  for (const { path } of operations.filter((o) => o.says.responses['429'] && o.says.requestBody && !isForm(o))) {
    let answer = { status: 422 }; // or 401 where nobody is signed in: the limit of a network comes before both
    for (let tries = 0; [401, 422].includes(answer.status) && tries < 100; tries++) answer = await limited('POST', path, { body: {} });
    assert.deepEqual([answer.status, answer.json.code], [429, 'rate_limited'], path);
    assert.ok(Number(answer.headers['retry-after']) >= 1);
  }
  assert.equal(await other.stop(), 0);
});

// One worker, slow hashes: most of a flood has to go at once, and what was let in is answered.
test('a full hash lane is 503 before any work', async () => {
  const other = await startServer({ env: { POSTERN_HASH_WORKERS: '1', POSTERN_ARGON2_M_KIB: '65536', POSTERN_ARGON2_T: '6' } });
  const slow = contract.over(other);
  await slow('POST', '/users/signup', { body: { email: 'first@example.com', password: PASSWORD } });
  const { json: { access_token: token } } = await slow('POST', '/login', { body: { email: 'first@example.com', password: PASSWORD } });
  const routes = withBodies.filter((o) => o.says.responses['503']).map((o) => ({ path: o.path, example: bodyOf(o).examples[0] }));
  const flood = Array.from({ length: 30 }, (_, n) => routes.map(({ path, example }, r) => {
    const username = example.username && { username: `flood_${n}_${r}` };
    const email = example.email && { email: `flood.${n}.${r}@example.com` };
    return slow('POST', path, { token, body: { ...example, ...username, ...email } }).then((answer) => ({ path, answer }));
  }));
  const answers = await Promise.all(flood.flat());
  const shed = answers.filter(({ answer }) => answer.status === 503);
  assert.deepEqual([...new Set(shed.map(({ path }) => path))].sort(), routes.map(({ path }) => path).sort());
  for (const { answer } of shed) assert.deepEqual([answer.json.code, Number(answer.headers['retry-after']) >= 1], ['hash_lane_full', true]);
  assert.ok(shed.length < answers.length, 'all were shed');
  assert.equal(await other.stop(), 0);
});

test('tokens that are bound to a key are handed out, used and refused as documented', async () => {
  const strict = await startServer({ env: { POSTERN_DPOP_NONCE: 'on', POSTERN_DPOP: 'required' }, canaries: server.canaries });
  const told = { url: strict.url, canaries: strict.canaries, call: contract.over(strict) };
  const client = await Client.make(told);
  const account = { email: 'bound@example.com', password: PASSWORD };
  assert.equal((await told.call('POST', '/users/signup', { body: account })).status, 201);
  assert.equal((await told.call('POST', '/login', { body: account })).json.code, 'dpop_proof_missing');
  const due = await client.signIn(account);
  assert.deepEqual([due.status, due.json.code], [400, 'use_dpop_nonce']);
  const nonce = due.headers['dpop-nonce'];
  const { json } = await client.signIn(account, { nonce });
  assert.equal(json.token_type, 'DPoP');
  assert.equal((await client.me(json.access_token, { nonce })).status, 200);
  for (const [proof, code] of [[undefined, 'use_dpop_nonce'], [null, 'dpop_proof_invalid'], ['x', 'dpop_proof_invalid']])
    assert.equal((await client.me(json.access_token, { proof })).json.code, code);
  assert.equal((await client.refresh(json.refresh_token, { nonce })).status, 200);
  assert.equal(await strict.stop(), 0);
});

test('every documented status was seen', () => {
  assert.deepEqual(contract.unseen, []);
});

test('no password and no token is in logs, audit trail and database', async () => {
  await server.assertNoCanary();
});
