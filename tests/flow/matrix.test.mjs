// Every route with every credential that is not for it: refused everywhere but where it belongs. Rows come from the routes table itself.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serviceClient, tokenOf } from '../support/client.mjs';
import { Client } from '../support/dpop.mjs';
import { giveFactors } from '../support/factors.mjs';
import { signerOf } from '../support/forge.mjs';
import { routes } from '../support/routes.mjs';
import {
  NOBODY, alter, forbidden, member, sessionEnded, setRoles, signIn, signUp, tokenExpired, tokenInvalid, tokenMissing, withServer,
} from '../support/story.mjs';

// What a token that can only add a factor may reach. A route that is added here opens a way around the second factor: think first.
const OPEN_TO_ENROLMENT = [
  'POST /logout', 'GET /step-up', 'POST /step-up/password', 'POST /step-up/totp',
  'POST /mfa/totp/enroll', 'POST /mfa/totp/confirm', 'POST /webauthn/register/begin', 'POST /webauthn/register/complete',
  'POST /step-up/webauthn/begin', 'POST /step-up/webauthn/complete',
];
// One's own only, whatever the permissions.
const OWN = ['POST /users/{id}/password', 'GET /users/{id}/notices', 'DELETE /users/{id}/notices/{notice}'];
// Another's with a permission.
const OTHERS = ['GET /users/{id}', 'PATCH /users/{id}', 'DELETE /users/{id}', 'GET /users/{id}/sessions', 'DELETE /users/{id}/sessions/{session}'];
// Acts that demand a fresh sign-in, and of those the ones that want the strongest factor that there is.
const STRONGEST = [
  'POST /mfa/totp/enroll', 'DELETE /mfa/totp', 'POST /mfa/recovery-codes', 'POST /webauthn/register/begin', 'DELETE /webauthn/credentials/{id}',
];
const FRESH = ['DELETE /users/me', 'DELETE /users/{id}', ...STRONGEST];

const enrolOnly = { status: 403, code: 'mfa_enrolment_required' };
const notRecent = { status: 401, code: 'recent_signin_required' };
const tooWeak = { status: 401, code: 'insufficient_user_authentication' };
const noClient = { status: 401, code: 'invalid_client' };

const nameOf = ({ method, path }) => `${method} ${path}`;
const isOpen = ({ guard }) => guard === 'ANYONE';
const isOf = (list) => (route) => list.includes(nameOf(route));
const takesUsers = (route) => !isOpen(route) && route.guard !== 'A_CLIENT';
const sessionRow = ({ tokens }, what) => `UPDATE sessions SET ${what} WHERE id = '${tokens.session_id}'`;

const bodies = {
  'POST /users/{id}/password': { current_password: 'not-my-Password-9', password: 'staple correct horse' },
  'POST /mfa/totp/confirm': { code: '000000' },
  'PATCH /users/me': { job_title: 'Captain' },
  'PATCH /users/{id}': { job_title: 'Captain' },
};
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

function call(server, route, { id = NOBODY, credential = NOBODY, headers = {} } = {}) {
  const target = route.path.replace('{id}', route.path.startsWith('/webauthn/') ? credential : id).replace('{file}', 'docs.js').replace(/\{\w+\}/, NOBODY);
  const isForm = route.path.startsWith('/oauth/');
  const form = route.path === '/oauth/token' ? 'grant_type=client_credentials' : 'token=x';
  const body = route.method === 'GET' || route.method === 'DELETE' ? undefined : isForm ? form : bodies[nameOf(route)] ?? {};
  return server.call(route.method, target, { body, headers: { ...(isForm && FORM), ...headers } });
}

// The session behind a token as it would be a while after a sign-in, in a token that says so.
async function renewed(server, one, what) {
  await alter(server, sessionRow(one, what));
  const { json } = await server.call('POST', '/token/refresh', { body: { refresh_token: one.tokens.refresh_token } });
  return { ...one, token: json.access_token };
}

// Somebody with an app and a passkey.
async function strong(server) {
  const one = await member(server);
  await giveFactors(server, one, 'totp', 'webauthn');
  const [{ id: credential }] = await server.query(`SELECT id FROM webauthn_credentials WHERE user_id = (SELECT id FROM users WHERE public_id = '${one.id}')`);
  return { ...one, credential };
}

// What somebody may hold: { state: async (server) => { headers, id } }; id: whose path it is tried on.
const bearer = (one) => ({ headers: { Authorization: `Bearer ${one.token}` }, id: one.id, credential: one.credential });
const off = process.env.POSTERN_STORE === 'postgres' ? 'false' : '0';
const states = {
  nothing: async () => ({}),
  'an mfa_token': async (server) => {
    const one = await signUp(server);
    await giveFactors(server, one, 'totp', 'webauthn');
    const { json } = await server.call('POST', '/login', { body: { email: one.email, password: one.password } });
    return bearer({ ...one, token: server.canaries.remember(json.mfa_token) });
  },
  'a refresh token': async (server) => {
    const one = await member(server);
    return bearer({ ...one, token: one.tokens.refresh_token });
  },
  'the token of a service': async (server) => {
    const { json } = await tokenOf(server, await serviceClient(server));
    return bearer({ token: server.canaries.remember(json.access_token) });
  },
  'a bound token without its proof': async (server) => {
    const one = await signUp(server);
    const { json } = await (await Client.make(server)).signIn(one);
    return bearer({ ...one, token: json.access_token });
  },
  'the token of a session that was signed out': async (server) => {
    const one = await member(server);
    assert.equal((await server.call('POST', '/logout', { token: one.token })).status, 204);
    return bearer(one);
  },
  'the token of a disabled account': async (server) => {
    const one = await member(server);
    await alter(server, `UPDATE users SET is_active = ${off} WHERE public_id = '${one.id}'`);
    return bearer(one);
  },
  'a token of an older version': async (server) => {
    const one = await member(server);
    await alter(server, `UPDATE users SET token_version = token_version + 1 WHERE public_id = '${one.id}'`);
    return bearer(one);
  },
  'a token past its time': async (server) => {
    const one = await member(server);
    const times = { exp: Math.floor(Date.now() / 1000) - 1, iat: 1700000000, nbf: 1700000000 };
    return bearer({ ...one, token: (await signerOf(server, one.token)).token(times) });
  },
  'a token that can only add a factor': async (server) => {
    const one = await signUp(server);
    await setRoles(server, one, ['admin', 'user']); // POSTERN_MFA=admins
    return bearer({ ...one, token: (await signIn(server, one)).access_token });
  },
  'the token of before somebody became an administrator': async (server) => {
    const one = await member(server);
    await setRoles(server, one, ['admin', 'user']);
    return bearer(one);
  },
  'a sign-in by recovery code': async (server) => bearer(await renewed(server, await member(server), "amr = 'pwd,recovery'")),
  "another user's token": async (server) => ({ ...bearer(await member(server)), id: (await signUp(server)).id }),
  'a sign-in of a while ago': async (server) => {
    const one = await strong(server);
    return bearer(await renewed(server, one, "auth_time_s = auth_time_s - 1000, acr = 'aal2-phr', amr = 'pwd,hwk'"));
  },
  'a sign-in weaker than the factor': async (server) => {
    const one = await strong(server);
    return bearer(await renewed(server, one, "acr = 'aal2', amr = 'pwd,otp'"));
  },
};

// What a route answers; undefined: it is for this credential, so anything but a refusal of it.
const everywhere = (problem) => (route) => (takesUsers(route) ? problem : undefined);
const butEnrolment = (route) => (takesUsers(route) && !isOf(OPEN_TO_ENROLMENT)(route) ? enrolOnly : undefined);
const expected = {
  nothing: everywhere(tokenMissing),
  'an mfa_token': everywhere(tokenInvalid),
  'a refresh token': everywhere(tokenInvalid),
  'the token of a service': everywhere(tokenInvalid),
  'a bound token without its proof': everywhere(tokenInvalid),
  'the token of a session that was signed out': everywhere(sessionEnded),
  'the token of a disabled account': everywhere(sessionEnded),
  'a token of an older version': everywhere(sessionEnded),
  'a token past its time': everywhere(tokenExpired),
  'a token that can only add a factor': butEnrolment,
  'the token of before somebody became an administrator': butEnrolment,
  'a sign-in by recovery code': butEnrolment,
  "another user's token": (route) => (isOf([...OWN, ...OTHERS])(route) || route.guard.startsWith('MAY') ? forbidden : undefined),
  'a sign-in of a while ago': (route) => (isOf(FRESH)(route) ? notRecent : undefined),
  'a sign-in weaker than the factor': (route) => (isOf(STRONGEST)(route) ? tooWeak : undefined),
};
const REFUSING = new Set([tokenMissing, tokenInvalid, tokenExpired, sessionEnded, enrolOnly, notRecent, tooWeak].map(({ code }) => code));

describe('every route with every credential', () => {
  const at = withServer({ env: { POSTERN_MFA: 'admins' } });
  const plain = new Map(); // what an open route answers to nobody

  it('the table is the one that is thought of here', () => {
    assert.deepEqual(routes.filter(({ guard }) => guard === 'ENROLLING').map(nameOf).sort(), [...OPEN_TO_ENROLMENT].sort());
    for (const list of [OWN, OTHERS, FRESH, STRONGEST])
      assert.deepEqual(list.filter((name) => !routes.some((route) => nameOf(route) === name)), []);
    assert.deepEqual(Object.keys(states), Object.keys(expected));
  });

  for (const [state, make] of Object.entries(states))
    describe(state, () => {
      let shared; // where it is refused it stays what it is
      for (const route of routes)
        it(nameOf(route), async () => {
          shared ??= await make(at.server);
          const problem = route.guard === 'A_CLIENT' && state !== 'the token of a service' ? noClient : expected[state](route);
          const answer = await call(at.server, route, problem === undefined ? await make(at.server) : shared);
          const { status, json } = answer;
          if (isOpen(route)) {
            if (!plain.has(route)) plain.set(route, status);
            assert.equal(status, plain.get(route), `an open route looks at no token: ${answer.text}`);
            return;
          }
          if (problem !== undefined) assert.deepEqual([status, json?.code ?? json?.error], [problem.status, problem.code], answer.text);
          else assert.ok(!REFUSING.has(json?.code), answer.text);
        });
    });
});
