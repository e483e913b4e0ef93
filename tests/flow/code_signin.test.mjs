// Stories of signing in, and of signing in again, with a code of an authenticator app or with a recovery code.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { databaseUrl, store } from '../support/database.mjs';
import { newFolder, startServer } from '../support/server.mjs';
import { UUID, alter, assertFaults, assertProblem, auditOf, endWell, member, signUp, withServer } from '../support/story.mjs';
import { awayFromTheEdge, codeNow, confirm, enroll, enrolled, rewind, wrongCode } from '../support/totp.mjs';

const WRONG = 'The code is not right, or was used before';
const codeWrong = { status: 401, code: 'code_wrong', detail: WRONG };
const codeWrongInside = { status: 403, code: 'code_wrong', detail: WRONG };
const disabled = { status: 401, code: 'factor_disabled' };
const tokenSpent = { status: 401, code: 'mfa_token_invalid' };
const enrolOnly = { status: 403, code: 'mfa_enrolment_required' };

const CHEAP = { POSTERN_ARGON2_M_KIB: '8' };

const at = withServer({ env: CHEAP });
const times = (n, act) => Promise.all(Array.from({ length: n }, (_, i) => act(i)));
const claims = ({ access_token }) => JSON.parse(Buffer.from(access_token.split('.')[1], 'base64url'));
const password = (who, server = at.server, options = {}) =>
  server.call('POST', '/login', { ...options, body: { email: who.email, password: who.password } });
const withCode = (mfa_token, code, server = at.server, options = {}) => server.call('POST', '/login/totp', { ...options, body: { mfa_token, code } });
const withRecovery = (mfa_token, code, server = at.server) => server.call('POST', '/login/recovery-code', { body: { mfa_token, code } });
const stepUp = (token, code, server = at.server) => server.call('POST', '/step-up/totp', { token, body: { code } });
const makeCodes = async ({ token }, server = at.server) => (await server.call('POST', '/mfa/recovery-codes', { token })).json.codes;
const rowsOf = async (answer, server = at.server) =>
  (await auditOf(server, answer)).map(({ event, reason, detail }) => [event, reason, detail && JSON.parse(detail)]);
const failuresOf = async ({ id }, table = 'totp') =>
  (await at.server.query(`SELECT failures FROM ${table} t JOIN users u ON u.id = t.user_id WHERE u.public_id = '${id}'`))[0].failures;

// As many, one sign-in after the other: passwords take turns at being hashed.
async function mfaTokens(who, n, server) {
  const tokens = [];
  while (tokens.length < n) tokens.push(await mfaToken(who, server(tokens.length)));
  return tokens;
}

async function mfaToken(who, server = at.server) {
  const { status, json, text } = await password(who, server);
  assert.ok(status === 200 && json.mfa_required, text);
  return json.mfa_token;
}

// An account with an app and, when asked for, recovery codes.
async function guarded({ codes = false, server = at.server } = {}) {
  const who = await member(server);
  const secret = await enrolled(server, who);
  return { ...who, secret, codes: codes ? await makeCodes(who, server) : [] };
}

async function signedIn(who, server = at.server) {
  const { status, text, json } = await withCode(await mfaToken(who, server), codeNow(who.secret), server);
  assert.equal(status, 200, text);
  await rewind(server, who);
  return json;
}

describe('a sign-in with an app', () => {
  it('is a password, then a code, and its tokens tell the truth', async () => {
    const ada = await guarded();
    const first = await password(ada);
    assert.deepEqual([first.status, first.json.mfa_required, first.json.methods], [200, true, ['totp']]);
    assert.equal(first.json.access_token, undefined);
    const answer = await withCode(first.json.mfa_token, codeNow(ada.secret));
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.deepEqual([answer.json.user_id, answer.json.token_type], [ada.id, 'Bearer']);
    const { amr, acr, auth_time, iat } = claims(answer.json);
    assert.deepEqual([amr, acr, auth_time], [['pwd', 'otp'], 'aal2', iat]);
    assert.equal((await at.server.call('GET', '/users/me', { token: answer.json.access_token })).status, 200);
    assert.deepEqual((await rowsOf(answer)).map(([event]) => event), ['postern_mfa_success', 'authn_login_success', 'session_created']);
  });

  it('takes a page by its cookie as any sign-in does', async () => {
    const ada = await guarded();
    const headers = { 'X-Postern-Client': 'web', Origin: `http://${at.server.env.POSTERN_LISTEN}` };
    const { json } = await password(ada, at.server, { headers });
    assertProblem(await withCode(json.mfa_token, codeNow(ada.secret)), tokenSpent);
    const answer = await withCode(json.mfa_token, codeNow(ada.secret), at.server, { headers });
    assert.deepEqual([answer.status, answer.json.refresh_token], [200, undefined]);
    assert.match(answer.headers['set-cookie'][0], /^__Host-/);
  });

  it('refuses a wrong code and goes on with the same mfa_token', async () => {
    const ada = await guarded();
    const token = await mfaToken(ada);
    const refused = await withCode(token, wrongCode(ada.secret));
    assertProblem(refused, codeWrong);
    assert.deepEqual(await rowsOf(refused), [['postern_mfa_fail', 'code', { factor: 'totp' }]]);
    assert.equal(await failuresOf(ada), 1);
    assert.equal((await withCode(token, codeNow(ada.secret))).status, 200);
    assert.equal(await failuresOf(ada), 0);
  });

  it('refuses what is too early or too late', async () => {
    const ada = await guarded();
    const token = await mfaToken(ada);
    await awayFromTheEdge();
    for (const ahead of [1, 5, -2, -9]) {
      const refused = await withCode(token, codeNow(ada.secret, ahead));
      assertProblem(refused, codeWrong);
      assert.deepEqual(await rowsOf(refused), [['postern_mfa_fail', 'clock', { factor: 'totp' }]]);
    }
    assert.equal((await withCode(token, codeNow(ada.secret, -1))).status, 200);
  });

  it('refuses a code that has served, and all before it, and counts no failure', async () => {
    const ada = await guarded();
    await awayFromTheEdge();
    const [now, before] = [codeNow(ada.secret), codeNow(ada.secret, -1)];
    assert.equal((await withCode(await mfaToken(ada), now)).status, 200);
    const token = await mfaToken(ada);
    for (const code of [now, before]) {
      const refused = await withCode(token, code);
      assertProblem(refused, codeWrong);
      assert.deepEqual(await rowsOf(refused), [['postern_mfa_fail', 'replayed', { factor: 'totp' }]]);
    }
    assert.equal(await failuresOf(ada), 0);
  });

  it('refuses the code that confirmed the app', async () => {
    const ada = await member(at.server);
    const { secret } = (await enroll(at.server, ada.token)).json;
    const code = codeNow(secret);
    assert.equal((await confirm(at.server, ada.token, code)).status, 204);
    assertProblem(await withCode(await mfaToken(ada), code), codeWrong);
  });

  it('refuses the code of another account', async () => {
    const [ada, eve] = [await guarded(), await guarded()];
    assertProblem(await withCode(await mfaToken(ada), codeNow(eve.secret)), codeWrong);
    assertProblem(await withCode(await mfaToken(eve), codeNow(ada.secret)), codeWrong);
  });

  it('is over with the app that was replaced', async () => {
    const ada = await guarded();
    const token = (await signedIn(ada)).access_token;
    const old = ada.secret;
    ada.secret = (await enroll(at.server, token)).json.secret;
    assert.equal((await confirm(at.server, token, codeNow(ada.secret))).status, 204);
    await rewind(at.server, ada);
    assertProblem(await withCode(await mfaToken(ada), codeNow(old)), codeWrong);
    assert.equal((await withCode(await mfaToken(ada), codeNow(ada.secret))).status, 200);
  });

  it('needs no code any more when the app was removed, and the mfa_token of before opens nothing by code', async () => {
    const ada = await guarded();
    const token = await mfaToken(ada);
    const { access_token } = await signedIn(ada);
    assert.equal((await at.server.call('DELETE', '/mfa/totp', { token: access_token })).status, 204);
    const refused = await withCode(token, codeNow(ada.secret));
    assertProblem(refused, codeWrong);
    assert.deepEqual(await rowsOf(refused), [['postern_mfa_fail', 'missing', { factor: 'totp' }]]);
    assert.ok((await password(ada)).json.access_token);
  });

  for (const [what, body, faults] of [
    ['nothing', {}, { mfa_token: 'missing', code: 'missing' }],
    ['a recovery code', { mfa_token: 'x', code: '0000-0000-0000-0000-0000-0000' }, { code: 'too_long' }],
    ['letters', { mfa_token: 'x', code: 'abcdef' }, { code: 'invalid_code' }],
    ['a long token', { mfa_token: 'x'.repeat(257), code: '123456' }, { mfa_token: 'too_long' }],
    ['a field more', { mfa_token: 'x', code: '123456', user_id: 'x' }, { user_id: 'unknown_field' }],
  ])
    it(`refuses ${what}`, async () => {
      assertFaults(await at.server.call('POST', '/login/totp', { body }), faults);
    });

  it('refuses a token that is none', async () => {
    for (const token of ['x', 'A'.repeat(200), claims((await member(at.server)).tokens).jti]) assertProblem(await withCode(token, '123456'), tokenSpent);
  });
});

describe('a sign-in with a recovery code', () => {
  it('takes it as it is typed, once, and can only add a factor', async () => {
    const ada = await guarded({ codes: true });
    const { json } = await password(ada);
    assert.deepEqual(json.methods, ['totp', 'recovery_code']);
    const answer = await withRecovery(json.mfa_token, ` ${ada.codes[4].toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')}`);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual([claims(answer.json).acr, claims(answer.json).amr, answer.json.scope], ['aal1', ['pwd', 'recovery'], 'enrol']);
    const rows = await rowsOf(answer);
    assert.deepEqual(rows.find(([event]) => event === 'postern_recovery_code_used'), ['postern_recovery_code_used', null, { left: 9 }]);
    const token = answer.json.access_token;
    for (const [method, route, body] of [['POST', '/mfa/recovery-codes'], ['DELETE', '/mfa/totp'], ['GET', '/users'], ['PATCH', '/users/me', { name: 'Eve' }]])
      assertProblem(await at.server.call(method, route, { token, body }), enrolOnly);
    assertProblem(await withRecovery(await mfaToken(ada), ada.codes[4]), codeWrong);
    assert.equal((await at.server.call('GET', '/users/me', { token: (await signedIn(ada)).access_token })).json.mfa.recovery_codes, 9);
  });

  it('leads back to a full sign-in by a new app, and the lost one is out', async () => {
    const ada = await guarded({ codes: true });
    const lost = ada.secret;
    const { access_token: token } = (await withRecovery(await mfaToken(ada), ada.codes[0])).json;
    ada.secret = (await enroll(at.server, token)).json.secret;
    assert.equal((await confirm(at.server, token, codeNow(ada.secret))).status, 204);
    await rewind(at.server, ada);
    assertProblem(await at.server.call('POST', '/mfa/recovery-codes', { token }), enrolOnly);
    assertProblem(await withCode(await mfaToken(ada), codeNow(lost)), codeWrong);
    const { access_token: whole } = await signedIn(ada);
    assert.equal((await at.server.call('POST', '/mfa/recovery-codes', { token: whole })).status, 201);
  });

  it('refuses one of an old sheet, of another account, and one that never was', async () => {
    const [ada, eve] = [await guarded({ codes: true }), await guarded({ codes: true })];
    const fresh = await makeCodes({ token: (await signedIn(ada)).access_token });
    const token = await mfaToken(ada);
    for (const code of [ada.codes[0], eve.codes[0], '0123-4567-89AB-CDEF-GHJK-MNPQ']) {
      const refused = await withRecovery(token, code);
      assertProblem(refused, codeWrong);
      assert.deepEqual(await rowsOf(refused), [['postern_mfa_fail', 'code', { factor: 'recovery_code' }]]);
    }
    assert.equal(await failuresOf(ada, 'recovery_sheets'), 3);
    assert.equal((await withRecovery(token, fresh[0])).status, 200);
    assert.equal(await failuresOf(ada, 'recovery_sheets'), 0);
    assert.equal((await withRecovery(await mfaToken(eve), eve.codes[0])).status, 200);
  });

  it('finds no way in where there are none', async () => {
    const ada = await guarded();
    assertProblem(await withRecovery(await mfaToken(ada), '0123-4567-89AB-CDEF-GHJK-MNPQ'), codeWrong);
  });

  it('needs another factor to stand in for', async () => {
    const ada = await member(at.server);
    await makeCodes(ada);
    const { json } = await password(ada);
    assert.equal(json.mfa_required, undefined);
    assert.match(json.session_id, UUID);
  });

  for (const [what, code, fault] of [['digits of an app', '123456', 'invalid_code'], ['a letter too few', '0123-4567-89AB-CDEF-GHJK-MNP', 'invalid_code'],
    ['a letter that is none of ours', 'U123-4567-89AB-CDEF-GHJK-MNPQ', 'invalid_code'], ['a long text', '-'.repeat(65), 'too_long']])
    it(`refuses ${what}`, async () => {
      assertFaults(await withRecovery('x', code), { code: fault });
    });
});

describe('a hundred wrong codes in a row', () => {
  async function fail(who, n, token) {
    const wrong = wrongCode(who.secret);
    for (let i = 0; i < n; i += 20) await times(Math.min(20, n - i), async () => assertProblem(await withCode(token, wrong), codeWrong));
  }

  it('disable the app until another is confirmed, and nothing else', async () => {
    const ada = await guarded({ codes: true });
    const token = await mfaToken(ada);
    await fail(ada, 100, token);
    for (const code of [codeNow(ada.secret), wrongCode(ada.secret)]) {
      const refused = await withCode(token, code);
      assertProblem(refused, disabled);
      assert.deepEqual(await rowsOf(refused), [['postern_mfa_fail', 'disabled', { factor: 'totp' }]]);
    }
    const told = await at.server.query(`SELECT reason, detail FROM audit_log WHERE event = 'authn_login_lock' AND target = '${ada.id}'`);
    assert.deepEqual(told.map(({ reason, detail }) => [reason, JSON.parse(detail)]), [['failures', { factor: 'totp' }]]);
    assert.deepEqual((await password(ada)).json.methods, ['totp', 'recovery_code'], 'the password alone is still no way in');
    const recovered = await withRecovery(token, ada.codes[0]);
    assert.equal(recovered.status, 200, recovered.text);
    const lost = ada.secret;
    ada.secret = (await enroll(at.server, recovered.json.access_token)).json.secret;
    assert.equal((await confirm(at.server, recovered.json.access_token, codeNow(ada.secret))).status, 204);
    await rewind(at.server, ada);
    assertProblem(await withCode(await mfaToken(ada), codeNow(lost)), codeWrong);
    await signedIn(ada);
  });

  it('are no more than a hundred, however many come at once', async () => {
    const ada = await guarded();
    const token = await mfaToken(ada);
    const wrong = wrongCode(ada.secret);
    const answers = await times(150, () => withCode(token, wrong));
    assert.equal(answers.filter(({ json }) => json.code === 'code_wrong').length, 100);
    assert.equal(answers.filter(({ json }) => json.code === 'factor_disabled').length, 50);
    assert.equal(await failuresOf(ada), 100);
  });

  it('count from the start again after a right one', async () => {
    const ada = await guarded();
    const token = await mfaToken(ada);
    await fail(ada, 99, token);
    assert.equal((await withCode(token, codeNow(ada.secret))).status, 200);
    await rewind(at.server, ada);
    const again = await mfaToken(ada);
    await fail(ada, 99, again);
    assert.equal((await withCode(again, codeNow(ada.secret))).status, 200);
  });

  it('are not forgiven for a recovery code that was right', async () => {
    const ada = await guarded({ codes: true });
    const token = await mfaToken(ada);
    await fail(ada, 99, token);
    assert.equal((await withRecovery(token, ada.codes[0])).status, 200);
    const again = await mfaToken(ada);
    await fail(ada, 1, again);
    assertProblem(await withCode(again, codeNow(ada.secret)), disabled);
  });

  it('disable recovery codes too, until there are others', async () => {
    const ada = await guarded({ codes: true });
    const token = await mfaToken(ada);
    for (let i = 0; i < 5; i++) await times(20, async () => assertProblem(await withRecovery(token, '0123-4567-89AB-CDEF-GHJK-MNPQ'), codeWrong));
    assertProblem(await withRecovery(token, ada.codes[0]), disabled);
    const { access_token } = await signedIn(ada);
    const [fresh] = await makeCodes({ token: access_token });
    assert.equal((await withRecovery(await mfaToken(ada), fresh)).status, 200);
  });
});

describe('a session that is raised by a code', () => {
  // The same session an hour after its sign-in.
  async function longAgo({ session_id, refresh_token }) {
    await alter(at.server, `UPDATE sessions SET auth_time_s = auth_time_s - 3600 WHERE id = '${session_id}'`);
    return (await at.server.call('POST', '/token/refresh', { body: { refresh_token } })).json;
  }

  it('is fresh again, and may change factors', async () => {
    const ada = await guarded();
    const tokens = await longAgo(await signedIn(ada));
    assert.equal((await enroll(at.server, tokens.access_token)).status, 401);
    const answer = await stepUp(tokens.access_token, codeNow(ada.secret));
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual([answer.json.session_id, claims(answer.json).acr, claims(answer.json).amr], [tokens.session_id, 'aal2', ['pwd', 'otp']]);
    assert.ok(claims(answer.json).auth_time > claims(tokens).auth_time - 1);
    assert.equal((await enroll(at.server, answer.json.access_token)).status, 200);
  });

  it('is as strong as the code from then on', async () => {
    const ada = await member(at.server);
    const other = (await password(ada)).json; // signed in before there was an app
    const secret = await enrolled(at.server, ada);
    assert.equal(claims(other).acr, 'aal1');
    assert.equal((await at.server.call('POST', '/mfa/recovery-codes', { token: other.access_token })).status, 401);
    const { json } = await stepUp(other.access_token, codeNow(secret));
    assert.equal(claims(json).acr, 'aal2');
    assert.equal((await at.server.call('POST', '/mfa/recovery-codes', { token: json.access_token })).status, 201);
  });

  it('takes each code once, there and at the sign-in', async () => {
    const ada = await guarded();
    const tokens = await signedIn(ada);
    const code = codeNow(ada.secret);
    assert.equal((await withCode(await mfaToken(ada), code)).status, 200);
    assertProblem(await stepUp(tokens.access_token, code), codeWrongInside);
    await rewind(at.server, ada);
    assert.equal((await stepUp(tokens.access_token, codeNow(ada.secret))).status, 200);
  });

  it('stays as it is after a wrong code, of which a row is left', async () => {
    const ada = await guarded();
    const tokens = await longAgo(await signedIn(ada));
    const refused = await stepUp(tokens.access_token, wrongCode(ada.secret));
    assertProblem(refused, codeWrongInside);
    assert.deepEqual(await rowsOf(refused), [['postern_mfa_fail', 'code', { factor: 'totp' }]]);
    assert.equal(await failuresOf(ada), 1);
    assert.equal((await enroll(at.server, tokens.access_token)).status, 401);
  });

  it('counts with the sign-in, and is refused by a disabled app', async () => {
    const ada = await guarded();
    const tokens = await signedIn(ada);
    const wrong = wrongCode(ada.secret);
    for (let i = 0; i < 5; i++) await times(20, () => stepUp(tokens.access_token, wrong));
    assertProblem(await stepUp(tokens.access_token, codeNow(ada.secret)), { status: 403, code: 'factor_disabled' });
    assertProblem(await withCode(await mfaToken(ada), codeNow(ada.secret)), disabled);
  });

  it('has an app to be raised by', async () => {
    const ada = await member(at.server);
    assertProblem(await stepUp(ada.token, '123456'), codeWrongInside);
  });
});

describe('at once, on every node', () => {
  const nodes = [];
  const on = (i) => nodes[i % nodes.length];
  before(async () => {
    const folder = newFolder();
    databaseUrl(folder);
    nodes.push(await startServer({ folder, env: CHEAP }));
    if (store === 'postgres') nodes.push(await startServer({ folder, env: CHEAP, canaries: nodes[0].canaries }));
  });
  after(async () => {
    for (const node of nodes) await endWell(node);
  });

  it('one code of an app, brought fifty times, serves once', async () => {
    const ada = await guarded({ server: on(0) });
    for (let round = 0; round < 5; round++) {
      const tokens = await mfaTokens(ada, 50, on);
      await awayFromTheEdge();
      const code = codeNow(ada.secret);
      const answers = await times(50, (i) => withCode(tokens[i], code, on(i)));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      for (const answer of answers) if (answer.status !== 200) assertProblem(answer, codeWrong);
      await rewind(on(0), ada);
    }
  });

  it('one recovery code, brought fifty times, serves once', async () => {
    const ada = await guarded({ server: on(0), codes: true });
    for (const code of ada.codes.slice(0, 5)) {
      const tokens = await mfaTokens(ada, 50, on);
      const answers = await times(50, (i) => withRecovery(tokens[i], code, on(i)));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      for (const answer of answers) if (answer.status !== 200) assertProblem(answer, codeWrong);
    }
  });

  it('one mfa_token with ten recovery codes opens one session and spends one code', async () => {
    const ada = await guarded({ server: on(0), codes: true });
    const token = await mfaToken(ada, on(0));
    const answers = await times(10, (i) => withRecovery(token, ada.codes[i], on(i)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    for (const answer of answers) if (answer.status !== 200) assertProblem(answer, tokenSpent);
    const [{ n }] = await on(0).query(`SELECT count(*) AS n FROM recovery_codes r JOIN users u ON u.id = r.user_id WHERE u.public_id = '${ada.id}'`);
    assert.equal(n, 9);
  });

  it('one code for a sign-in and for a session that is raised serves one of them', async () => {
    const ada = await guarded({ server: on(0) });
    const { access_token } = await signedIn(ada, on(0));
    const tokens = await mfaTokens(ada, 25, on);
    await awayFromTheEdge();
    const code = codeNow(ada.secret);
    const answers = (await times(25, (i) => Promise.all([withCode(tokens[i], code, on(i)), stepUp(access_token, code, on(i + 1))]))).flat();
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  });
});

describe('tries at codes, counted together', () => {
  const nodes = [];
  const on = (i) => nodes[i % nodes.length];
  before(async () => {
    const folder = newFolder();
    databaseUrl(folder);
    nodes.push(await startServer({ folder, limits: true }));
    if (store === 'postgres') nodes.push(await startServer({ folder, limits: true, canaries: nodes[0].canaries }));
  });
  after(async () => {
    for (const node of nodes) await endWell(node);
  });

  it('are ten, wherever they come from', async () => {
    const ada = await guarded({ server: on(0) });
    const token = await mfaToken(ada, on(0));
    const wrong = wrongCode(ada.secret);
    const statuses = [];
    for (let i = 0; i < 14; i++) statuses.push((await withCode(token, wrong, on(i), { from: `127.9.${i + 1}.1` })).status);
    assert.deepEqual(statuses, [...Array(10).fill(401), ...Array(4).fill(429)]);
    const limited = await withCode(token, codeNow(ada.secret), on(1), { from: '127.9.20.1' });
    assertProblem(limited, { status: 429, code: 'rate_limited' });
    assert.deepEqual((await rowsOf(limited, on(0))).map(([event, reason]) => [event, reason]), [['postern_mfa_fail', 'throttled']]);
    const inside = await stepUp(ada.token, codeNow(ada.secret), on(0));
    assertProblem(inside, { status: 429, code: 'rate_limited' });
    assert.deepEqual(await rowsOf(inside, on(0)), [['postern_mfa_fail', 'throttled', { factor: 'totp' }]]);
  });

  it('are given back by what is right', async () => {
    const ada = await guarded({ server: on(0) });
    for (let i = 0; i < 15; i++) {
      const { json } = await password(ada, on(i), { from: `127.8.${i + 1}.1` });
      assert.equal((await withCode(json.mfa_token, codeNow(ada.secret), on(i), { from: `127.8.${i + 1}.1` })).status, 200, `sign-in ${i}`);
      await rewind(on(0), ada);
    }
  });
});
