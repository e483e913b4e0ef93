// Stories of accounts with a second factor: what their password alone gets, and what a policy demands of those that have none.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import { assertInactive, introspect, issuerOf, serviceClient } from '../support/client.mjs';
import { Client } from '../support/dpop.mjs';
import { giveFactors } from '../support/factors.mjs';
import { openTicket, sealTicket } from '../support/tickets.mjs';
import { codeNow, enrolled, rewind, wrongCode } from '../support/totp.mjs';
import {
  alter, assertProblem, auditOf, badCredentials, figures, member, setRoles, signIn, signUp, tokenInvalid, withServer, wrong,
} from '../support/story.mjs';

const enrolOnly = { status: 403, code: 'mfa_enrolment_required', detail: 'This sign-in can only add a second factor or be stepped up' };
const off = process.env.POSTERN_STORE === 'postgres' ? 'false' : '0';
const login = (server, { email, password }, options = {}) => server.call('POST', '/login', { body: { email, password }, ...options });
const sessionsOf = (server, { id }) =>
  server.query(`SELECT amr, acr FROM sessions WHERE user_id = (SELECT id FROM users WHERE public_id = '${id}') ORDER BY id`);

async function withFactors(server, ...factors) {
  const account = await signUp(server);
  await giveFactors(server, account, ...factors);
  return account;
}

describe('a password alone', () => {
  const at = withServer();

  for (const [factors, methods] of [
    [['webauthn'], ['webauthn']], [['totp'], ['totp']], [['totp', 'webauthn'], ['webauthn', 'totp']],
    [['recovery_code', 'totp'], ['totp', 'recovery_code']],
    [['recovery_code', 'webauthn', 'totp'], ['webauthn', 'totp', 'recovery_code']],
  ])
    it(`gets an account with ${factors.join(', ')} an mfa_token in the exact form, and no session`, async () => {
      const account = await withFactors(at.server, ...factors);
      const answer = await login(at.server, account);
      assert.deepEqual([answer.status, answer.headers['cache-control']], [200, 'no-store']);
      assert.deepEqual(Object.keys(answer.json), ['mfa_required', 'mfa_token', 'methods', 'expires_in']);
      assert.deepEqual({ ...answer.json, mfa_token: '' }, { mfa_required: true, mfa_token: '', methods, expires_in: 300 });
      assert.match(answer.json.mfa_token, /^[A-Za-z0-9_-]{100,256}$/);
      assert.deepEqual(await sessionsOf(at.server, account), []);
      const rows = await auditOf(at.server, answer);
      assert.deepEqual(rows.map((r) => [r.event, r.actor, r.target, r.outcome]), [['postern_mfa_challenge', null, account.id, 'success']]);
    });

  it('is counted when it asks for a second step', async () => {
    const asked = 'postern_second_steps_total{result="asked"}';
    const before = (await figures(at.server))[asked];
    await login(at.server, await withFactors(at.server, 'totp'));
    await login(at.server, await signUp(at.server));
    assert.equal((await figures(at.server))[asked], before + 1);
  });

  it('is enough where there are recovery codes and no factor', async () => {
    const account = await withFactors(at.server, 'recovery_code');
    const { access_token: token } = await signIn(at.server, account);
    assert.deepEqual([decodeJwt(token).acr, decodeJwt(token).amr], ['aal1', ['pwd']]);
  });

  it('that is wrong tells nothing of the factor', async () => {
    const [plain, strong] = [await signUp(at.server), await withFactors(at.server, 'totp')];
    const answers = [];
    for (const { email } of [plain, strong, { email: 'nobody@example.org' }]) {
      answers.push(await at.server.call('POST', '/login', { body: wrong({ email }) }));
      assertProblem(answers.at(-1), badCredentials);
    }
    const same = answers.map(({ text, headers }) => text.replaceAll(headers['x-request-id'], 'ID'));
    assert.equal(new Set(same).size, 1);
  });

  it('gets an inactive account nothing', async () => {
    const account = await withFactors(at.server, 'totp');
    await alter(at.server, `UPDATE users SET is_active = ${off} WHERE public_id = '${account.id}'`);
    assertProblem(await login(at.server, account), badCredentials);
  });

  it('sets no cookie for a page', async () => {
    const account = await withFactors(at.server, 'totp');
    const headers = { 'X-Postern-Client': 'web', Origin: issuerOf(at.server), 'Sec-Fetch-Site': 'same-origin' };
    const answer = await login(at.server, account, { headers });
    assert.deepEqual([answer.status, answer.json.mfa_required, 'set-cookie' in answer.headers], [200, true, false]);
  });

  it('spends the DPoP proof that it came with', async () => {
    const [account, client] = [await withFactors(at.server, 'totp'), await Client.make(at.server)];
    const proof = await client.proof('POST', '/login');
    assert.equal((await client.signIn(account, { proof })).json.mfa_required, true);
    assertProblem(await client.signIn(account, { proof }), { status: 400, code: 'dpop_proof_invalid' });
  });

  it('still brings a hash of other costs up to date', async () => {
    const account = await withFactors(at.server, 'totp');
    const old = '$2b$05$CCCCCCCCCCCCCCCCCCCCC.LZrfN0lz4CULfFuRjqXiVMP49yNOHKi';
    await alter(at.server, `UPDATE users SET hashed_password = '${old}' WHERE public_id = '${account.id}'`);
    const answer = await login(at.server, { ...account, password: 'dragon' });
    assert.equal(answer.json.mfa_required, true);
    const rows = await auditOf(at.server, answer);
    assert.deepEqual(rows.map(({ event }) => event), ['postern_password_rehashed', 'postern_mfa_challenge']);
  });

  it('gets a token that is neither a bearer nor a refresh token', async () => {
    const { json: { mfa_token: token } } = await login(at.server, await withFactors(at.server, 'totp'));
    at.server.canaries.remember(token);
    assertProblem(await at.server.call('GET', '/users/me', { token }), tokenInvalid);
    assertProblem(await at.server.call('POST', '/token/refresh', { body: { refresh_token: token } }), { status: 401, code: 'refresh_token_invalid' });
    assertInactive(await introspect(at.server, await serviceClient(at.server), token));
  });
});

describe('an mfa_token', () => {
  const at = withServer();
  const invalid = { status: 401, code: 'mfa_token_invalid', detail: 'The second step is over or was never begun; sign in again' };
  const finish = (mfa_token, code, headers = {}) =>
    at.server.call('POST', '/login/totp', { body: { mfa_token: at.server.canaries.remember(mfa_token), code }, headers });
  const page = () => ({ 'X-Postern-Client': 'web', Origin: issuerOf(at.server), 'Sec-Fetch-Site': 'same-origin' });
  const set = (account, what) => alter(at.server, `UPDATE users SET ${what} WHERE public_id = '${account.id}'`);

  // Somebody with an app whose password was right: { account, secret, token }.
  async function begun(options = {}) {
    const account = await member(at.server);
    const secret = await enrolled(at.server, account);
    const { json } = await login(at.server, account, options);
    return { account, secret, token: json.mfa_token };
  }

  it('and a code are a sign-in whose tokens say so', async () => {
    const { account, secret, token } = await begun();
    const passed = 'postern_second_steps_total{result="passed"}';
    const before = (await figures(at.server))[passed];
    const answer = await finish(token, codeNow(secret));
    assert.equal(answer.status, 200, answer.text);
    const claims = decodeJwt(answer.json.access_token);
    assert.deepEqual([claims.sub, claims.acr, claims.amr], [account.id, 'aal2', ['pwd', 'otp']]);
    const rows = await auditOf(at.server, answer);
    assert.deepEqual(rows.map(({ event }) => event), ['postern_mfa_success', 'authn_login_success', 'session_created']);
    assert.deepEqual(JSON.parse(rows[1].detail), { amr: 'pwd,otp', acr: 'aal2' });
    assert.equal((await figures(at.server))[passed], before + 1);
  });

  const spoiled = {
    'that has served': async ({ account, secret, token }) => {
      assert.equal((await finish(token, codeNow(secret))).status, 200);
      await rewind(at.server, account);
    },
    'from before a new password': async ({ account }) => {
      const body = { current_password: account.password, password: 'staple correct horse' };
      assert.equal((await at.server.call('POST', '/users/me/password', { token: account.token, body })).status, 204);
    },
    'of an account that was disabled since': async ({ account }) => set(account, `is_active = ${off}`),
    'of an older token version': async ({ account }) => set(account, 'token_version = token_version + 1'),
    'whose time is over': async ({ token }) => sealTicket(at.server.folder, { ...openTicket(at.server.folder, token), expires: BigInt(Date.now() - 1) * 1000n }),
    'from before the database was restored': async ({ token }) => {
      const ticket = openTicket(at.server.folder, token);
      return sealTicket(at.server.folder, { ...ticket, epoch: ticket.epoch - 1n });
    },
    'of an account that is not there': async ({ token }) => sealTicket(at.server.folder, { ...openTicket(at.server.folder, token), user: 999999999n }),
    'that was made for something else': async ({ token }) => sealTicket(at.server.folder, openTicket(at.server.folder, token), 'step_up'),
    'that says more than it did': async ({ token }) => {
      const ticket = openTicket(at.server.folder, token);
      return sealTicket(at.server.folder, { ...ticket, data: Buffer.concat([ticket.data, Buffer.from('x')]) });
    },
    'with a letter changed': async ({ token }) => token.slice(0, -2) + (token.at(-2) === 'A' ? 'B' : 'A') + token.at(-1),
    'that is none': async () => 'x',
  };
  for (const [what, spoil] of Object.entries(spoiled))
    it(`${what} opens nothing, and leaves a row`, async () => {
      const one = await begun();
      const token = (await spoil(one)) ?? one.token;
      const answer = await finish(typeof token === 'string' ? token : one.token, codeNow(one.secret));
      assertProblem(answer, invalid);
      const [row] = await auditOf(at.server, answer);
      assert.deepEqual([row.event, row.severity, /^mfa_token_(unknown|changed|expired|spent)$/.test(row.reason)], ['sequence_fail', 'WARN', true]);
    });

  it('as it was handed out does open it, sealed again by hand', async () => {
    const { secret, token } = await begun();
    const again = sealTicket(at.server.folder, openTicket(at.server.folder, token));
    assert.equal((await finish(again, codeNow(secret))).status, 200);
  });

  it('is good for the kind of client alone that asked for it', async () => {
    const [plain, web] = [await begun(), await begun({ headers: page() })];
    assertProblem(await finish(plain.token, codeNow(plain.secret), page()), invalid);
    assertProblem(await finish(web.token, codeNow(web.secret)), invalid);
    const answer = await finish(web.token, codeNow(web.secret), page());
    assert.equal(answer.status, 200);
    assert.equal('refresh_token' in answer.json, false);
    assert.match([answer.headers['set-cookie']].flat()[0], /^__Host-postern-refresh=[A-Za-z0-9_-]{70};/);
  });

  it('is good for the key alone that was proved when it was asked for', async () => {
    const account = await member(at.server);
    const secret = await enrolled(at.server, account);
    const [client, other] = [await Client.make(at.server), await Client.make(at.server)];
    const { json: { mfa_token } } = await client.signIn(account);
    const by = (one, options = {}) => one.call('POST', '/login/totp', { body: { mfa_token, code: codeNow(secret) }, ...options });
    assertProblem(await by(other), invalid);
    assertProblem(await by(client, { proof: null }), invalid);
    const proof = await client.proof('POST', '/login/totp');
    const answer = await by(client, { proof });
    assert.deepEqual([answer.status, answer.json.token_type, decodeJwt(answer.json.access_token).cnf], [200, 'DPoP', { jkt: client.jkt }]);
    const unbound = await login(at.server, account);
    await rewind(at.server, account);
    assertProblem(await client.call('POST', '/login/totp', { body: { mfa_token: unbound.json.mfa_token, code: codeNow(secret) } }), invalid);
  });

  it('that a wrong factor follows leaves a notice, one for all of them', async () => {
    const { account, secret, token } = await begun();
    for (let tries = 0; tries < 3; tries++) assert.equal((await finish(token, wrongCode(secret))).status, 401);
    assert.equal((await finish(token, codeNow(secret))).json.notices, 2);
    const { json } = await at.server.call('GET', '/users/me/notices', { token: account.token });
    assert.deepEqual(json.items.map(({ kind, factor }) => [kind, factor]), [['second_step_failed', 'totp'], ['factor_added', 'totp']]);
  });

  it('that a weaker factor follows than there is leaves a notice', async () => {
    const { account, secret } = await begun();
    await giveFactors(at.server, account, 'webauthn');
    const { json: due } = await login(at.server, account);
    assert.deepEqual(due.methods, ['webauthn', 'totp']);
    const { json } = await finish(due.mfa_token, codeNow(secret));
    assert.equal(decodeJwt(json.access_token).acr, 'aal2');
    const { json: { items } } = await at.server.call('GET', '/users/me/notices', { token: json.access_token });
    assert.equal(items[0].kind, 'weaker_factor_used');
  });
});

describe('with POSTERN_MFA=required', () => {
  const at = withServer({ env: { POSTERN_MFA: 'required' } });

  it('an account without a factor gets tokens that can only add one, and say so', async () => {
    const account = await signUp(at.server);
    await setRoles(at.server, account, ['admin', 'user']);
    const tokens = await signIn(at.server, account);
    assert.equal(tokens.scope, 'enrol');
    assert.equal((await figures(at.server)).postern_enrol_only_signins_total, 1);
    const claims = decodeJwt(tokens.access_token);
    assert.deepEqual([claims.scope, claims.role, claims.roles, claims.acr, claims.amr], ['enrol', '', [], 'aal1', ['pwd']]);
    assert.equal(claims.aud, `${claims.iss}/enrolment`);
    for (const route of ['/users/me', '/users', `/users/${account.id}`, '/users/me/sessions', '/users/me/notices', '/verify'])
      assertProblem(await at.server.call('GET', route, { token: tokens.access_token }), enrolOnly);
    assert.equal((await at.server.call('GET', '/step-up', { token: tokens.access_token })).status, 200);
  });

  it('a refresh and a step-up by password bring no more', async () => {
    const account = await signUp(at.server);
    const first = await signIn(at.server, account);
    const { json: second } = await at.server.call('POST', '/token/refresh', { body: { refresh_token: first.refresh_token } });
    assert.equal(second.scope, 'enrol');
    const { json: third } = await at.server.call('POST', '/step-up/password', { token: second.access_token, body: { password: account.password } });
    assert.equal(third.scope, 'enrol');
    for (const { access_token: token } of [second, third]) assertProblem(await at.server.call('GET', '/users/me', { token }), enrolOnly);
  });

  it('no service sees a sign-in in such a token, and each may still end it', async () => {
    const { access_token: token, refresh_token } = await signIn(at.server, await signUp(at.server));
    const client = await serviceClient(at.server);
    for (const shown of [token, refresh_token]) assertInactive(await introspect(at.server, client, shown));
    const body = new URLSearchParams({ token }).toString();
    const headers = { ...client.headers, 'Content-Type': 'application/x-www-form-urlencoded' };
    assert.equal((await at.server.call('POST', '/oauth/revoke', { body, headers })).status, 200);
    assertProblem(await at.server.call('GET', '/step-up', { token }), { status: 401, code: 'session_ended' });
  });

  it('it can be signed out', async () => {
    const { access_token: token } = await signIn(at.server, await signUp(at.server));
    assert.equal((await at.server.call('POST', '/logout', { token })).status, 204);
  });

  it('a page that shows its cookie to a proxy is refused too', async () => {
    const account = await signUp(at.server);
    const headers = { 'X-Postern-Client': 'web', Origin: issuerOf(at.server), 'Sec-Fetch-Site': 'same-origin' };
    const answer = await login(at.server, account, { headers });
    const cookie = at.server.canaries.remember(/=([^;]*);/.exec([answer.headers['set-cookie']].flat()[0])[1]);
    assertProblem(await at.server.call('GET', '/verify', { headers: { Cookie: `__Host-postern-refresh=${cookie}` } }), enrolOnly);
  });

  it('who adds a factor has whole tokens from the next ones on', async () => {
    const one = await member(at.server);
    assertProblem(await at.server.call('GET', '/users/me', { token: one.token }), enrolOnly);
    await enrolled(at.server, one);
    assert.equal('scope' in one.tokens, false);
    const claims = decodeJwt(one.token);
    assert.deepEqual([claims.acr, claims.amr, claims.roles], ['aal2', ['pwd', 'otp'], ['user']]);
    assert.deepEqual((await at.server.call('GET', '/users/me', { token: one.token })).json.mfa.totp, true);
    assertProblem(await at.server.call('DELETE', '/mfa/totp', { token: one.token }), { status: 409, code: 'last_factor' });
  });

  it('a session at aal2 is a whole one', async () => {
    const account = await signUp(at.server);
    const { refresh_token } = await signIn(at.server, account);
    await alter(at.server, `UPDATE sessions SET acr = 'aal2', amr = 'pwd,otp' WHERE user_id = (SELECT id FROM users WHERE public_id = '${account.id}')`);
    const { json } = await at.server.call('POST', '/token/refresh', { body: { refresh_token } });
    assert.equal('scope' in json, false);
    assert.equal((await at.server.call('GET', '/users/me', { token: json.access_token })).status, 200);
  });
});

describe('with POSTERN_MFA=admins', () => {
  const at = withServer({ env: { POSTERN_MFA: 'admins' } });

  it('administrators alone must have a factor', async () => {
    for (const [roles, status] of [[['user'], 200], [['auditor', 'user'], 200], [['admin'], 403], [['admin', 'auditor', 'user'], 403]]) {
      const one = await member(at.server, { roles });
      assert.equal((await at.server.call('GET', '/users/me', { token: one.token })).status, status, roles.join());
    }
  });

  it('who becomes one is held to it at once, with the tokens of before', async () => {
    const one = await member(at.server);
    assert.equal((await at.server.call('GET', '/users/me', { token: one.token })).status, 200);
    await setRoles(at.server, one, ['admin', 'user']);
    assertProblem(await at.server.call('GET', '/users/me', { token: one.token }), enrolOnly);
  });
});

describe('who came in by recovery code', () => {
  const at = withServer();

  it('can only add a factor, whatever the policy', async () => {
    const one = await member(at.server);
    await alter(at.server, `UPDATE sessions SET amr = 'pwd,recovery' WHERE id = '${one.tokens.session_id}'`);
    assertProblem(await at.server.call('GET', '/users/me', { token: one.token }), enrolOnly);
    const { json } = await at.server.call('POST', '/token/refresh', { body: { refresh_token: one.tokens.refresh_token } });
    assert.equal(json.scope, 'enrol');
    assertProblem(await at.server.call('GET', '/users/me', { token: json.access_token }), enrolOnly);
  });
});
