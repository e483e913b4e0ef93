// Stories of authenticator apps and recovery codes: shown, confirmed, replaced, removed; and what is told of them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import jsQR from 'jsqr';
import * as OTPAuth from 'otpauth';
import { startServer } from '../support/server.mjs';
import {
  NOBODY, TIME, alter, assertFaults, assertProblem, auditOf, endWell, figures, member, signIn, signUp, tokenMissing, withServer,
} from '../support/story.mjs';
import { awayFromTheEdge, codeAt, codeNow, confirm, enroll, enrolled, imageOf, rewind, stepNow, wrongCode } from '../support/totp.mjs';

const codeWrong = { status: 403, code: 'code_wrong', detail: 'The code is not right, or was used before' };
const nothingPending = { status: 409, code: 'enrolment_missing', detail: 'There is no enrolment to confirm, or it is over; begin a new one' };
const factorMissing = { status: 404, code: 'factor_not_found', detail: 'This account has no such factor' };
const tooWeak = { status: 401, code: 'insufficient_user_authentication' };
const notRecent = { status: 401, code: 'recent_signin_required' };

const at = withServer();
const call = (method, route, options) => at.server.call(method, route, options);
const mfa = async ({ token }) => (await call('GET', '/users/me', { token })).json.mfa;
const remove = ({ token }) => call('DELETE', '/mfa/totp', { token });
const makeCodes = ({ token }) => call('POST', '/mfa/recovery-codes', { token });
// An access token of the same session an hour after its sign-in.
async function longAgo({ tokens: { session_id, refresh_token } }) {
  await alter(at.server, `UPDATE sessions SET auth_time_s = auth_time_s - 3600 WHERE id = '${session_id}'`);
  return (await call('POST', '/token/refresh', { body: { refresh_token } })).json.access_token;
}
const eventsOf = async (answer) => (await auditOf(at.server, answer)).map(({ event, severity, outcome, reason, actor, target, detail }) =>
  ({ event, severity, outcome, reason, actor, target, detail: detail && JSON.parse(detail) }));

describe('the enrolment of an authenticator app', () => {
  it('shows a secret of 160 bits as text, address and picture, and to nobody else', async () => {
    const ada = await member(at.server);
    const answer = await enroll(at.server, ada.token);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['cache-control'], 'no-store');
    const { secret, uri, qr, expires_in } = answer.json;
    assert.deepEqual([Object.keys(answer.json), expires_in], [['secret', 'uri', 'qr', 'expires_in'], 600]);
    assert.match(secret, /^[A-Z2-7]{32}$/);
    const app = OTPAuth.URI.parse(uri);
    assert.ok(app instanceof OTPAuth.TOTP);
    assert.deepEqual([app.issuer, app.label, app.secret.base32, app.algorithm, app.digits, app.period],
      ['Postern', ada.email, secret, 'SHA1', 6, 30]);
    const image = imageOf(qr);
    assert.equal(jsQR(image.data, image.width, image.height)?.data, uri);
    assert.doesNotMatch(qr, /style|script|href|on\w+=/);
    assert.deepEqual(await mfa(ada), { webauthn: 0, totp: false, recovery_codes: 0 });
  });

  it('is confirmed by a code of the app, as another library computes it', async () => {
    const ada = await member(at.server);
    const { uri } = (await enroll(at.server, ada.token)).json;
    const answer = await confirm(at.server, ada.token, OTPAuth.URI.parse(uri).generate());
    assert.deepEqual([answer.status, answer.text], [204, '']);
    assert.deepEqual(await mfa(ada), { webauthn: 0, totp: true, recovery_codes: 0 });
    assert.deepEqual(await eventsOf(answer), [{
      event: 'postern_mfa_enrolled', severity: 'WARN', outcome: 'success', reason: null, actor: ada.id, target: ada.id, detail: { factor: 'totp' },
    }]);
  });

  it('takes a code with the blank that apps show', async () => {
    const ada = await member(at.server);
    const { secret } = (await enroll(at.server, ada.token)).json;
    assert.equal((await confirm(at.server, ada.token, codeNow(secret).replace(/(...)/, '$1 '))).status, 204);
  });

  it('names the account by its user name when it has no address, and the service as it is called', async () => {
    const server = await startServer({ env: { APP_NAME: 'Löwe & Co: Test' } });
    const username = 'ada.lovelace';
    await server.call('POST', '/register', { body: { username, password: 'SecurePass123' } });
    const { access_token } = await signIn(server, { username, password: 'SecurePass123' });
    const app = OTPAuth.URI.parse((await enroll(server, access_token)).json.uri);
    assert.deepEqual([app.issuer, app.label], ['Löwe & Co- Test', username]);
    await endWell(server);
  });

  it('refuses a wrong code, and goes on', async () => {
    const ada = await member(at.server);
    const { secret } = (await enroll(at.server, ada.token)).json;
    const refused = await confirm(at.server, ada.token, wrongCode(secret));
    assertProblem(refused, codeWrong);
    assert.deepEqual(await eventsOf(refused), [{
      event: 'postern_mfa_fail', severity: 'WARN', outcome: 'failure', reason: 'code', actor: ada.id, target: ada.id, detail: null,
    }]);
    assert.equal((await mfa(ada)).totp, false);
    assert.equal((await confirm(at.server, ada.token, codeNow(secret))).status, 204);
  });

  it('refuses the code of another account', async () => {
    const [ada, eve] = [await member(at.server), await member(at.server)];
    const [hers, mine] = [(await enroll(at.server, ada.token)).json.secret, (await enroll(at.server, eve.token)).json.secret];
    assert.notEqual(hers, mine);
    assertProblem(await confirm(at.server, eve.token, codeNow(hers)), codeWrong);
    assert.equal((await mfa(ada)).totp || (await mfa(eve)).totp, false);
  });

  it('takes the step before, none earlier and none ahead', async () => {
    const ada = await member(at.server);
    const { secret } = (await enroll(at.server, ada.token)).json;
    await awayFromTheEdge();
    for (const ahead of [1, 2, 10, -2, -10]) {
      const refused = await confirm(at.server, ada.token, codeNow(secret, ahead));
      assertProblem(refused, codeWrong);
      assert.equal((await auditOf(at.server, refused))[0].reason, 'clock');
    }
    assert.equal((await confirm(at.server, ada.token, codeNow(secret, -1))).status, 204);
  });

  it('is replaced by a newer one', async () => {
    const ada = await member(at.server);
    const [first, second] = [(await enroll(at.server, ada.token)).json.secret, (await enroll(at.server, ada.token)).json.secret];
    assertProblem(await confirm(at.server, ada.token, codeNow(first)), codeWrong);
    assert.equal((await confirm(at.server, ada.token, codeNow(second))).status, 204);
  });

  it('must have begun, not be over, and is confirmed once', async () => {
    const ada = await member(at.server);
    assertProblem(await confirm(at.server, ada.token, '123456'), nothingPending);
    const { secret } = (await enroll(at.server, ada.token)).json;
    const mine = `WHERE user_id = (SELECT id FROM users WHERE public_id = '${ada.id}')`;
    await alter(at.server, `UPDATE totp SET pending_until = pending_until - 600000000 ${mine}`);
    assertProblem(await confirm(at.server, ada.token, codeNow(secret)), nothingPending);
    await alter(at.server, `UPDATE totp SET pending_until = pending_until + 600000000 ${mine}`);
    assert.equal((await confirm(at.server, ada.token, codeNow(secret))).status, 204);
    assertProblem(await confirm(at.server, ada.token, codeNow(secret)), nothingPending);
  });

  it('leaves the app that was there in use until the new one is confirmed', async () => {
    const ada = await member(at.server);
    await enrolled(at.server, ada);
    const box = async () => (await at.server.query(`SELECT secret FROM totp WHERE user_id = (SELECT id FROM users WHERE public_id = '${ada.id}')`))[0].secret;
    const before = await box();
    const { secret } = (await enroll(at.server, ada.token)).json;
    assert.equal(await box(), before);
    assert.equal((await mfa(ada)).totp, true);
    assert.equal((await confirm(at.server, ada.token, codeNow(secret))).status, 204);
    assert.notEqual(await box(), before);
  });

  it('of one code brought fifty times at once is confirmed once', async () => {
    const ada = await member(at.server);
    const { secret } = (await enroll(at.server, ada.token)).json;
    const code = codeNow(secret);
    const answers = await Promise.all(Array.from({ length: 50 }, () => confirm(at.server, ada.token, code)));
    assert.equal(answers.filter(({ status }) => status === 204).length, 1);
    for (const answer of answers) if (answer.status !== 204) assertProblem(answer, nothingPending);
  });

  it('does not open from another account, another column or a changed row', async () => {
    const [ada, eve] = [await member(at.server), await member(at.server)];
    const { secret } = (await enroll(at.server, ada.token)).json;
    await enroll(at.server, eve.token);
    const of = ({ id }) => `user_id = (SELECT id FROM users WHERE public_id = '${id}')`;
    await alter(at.server, `UPDATE totp SET pending = (SELECT pending FROM totp WHERE ${of(ada)}) WHERE ${of(eve)}`);
    const answer = await confirm(at.server, eve.token, codeNow(secret));
    assertProblem(answer, nothingPending);
    await at.server.logged((line) => line.event === 'unreadable' && line.what === 'totp.pending' && line.user === eve.id);
    await alter(at.server, `UPDATE totp SET secret = pending WHERE ${of(ada)}`);
    assert.equal((await confirm(at.server, ada.token, codeNow(secret))).status, 204, 'what was in the other column is replaced');
  });

  for (const [what, body, faults] of [
    ['no code', {}, { code: 'missing' }],
    ['an empty code', { code: '' }, { code: 'too_short' }],
    ['five digits', { code: '12345' }, { code: 'invalid_code' }],
    ['seven digits', { code: '1234567' }, { code: 'invalid_code' }],
    ['letters', { code: '12345a' }, { code: 'invalid_code' }],
    ['other digits', { code: '١٢٣٤٥٦' }, { code: 'invalid_code' }],
    ['a long text', { code: ' '.repeat(17) }, { code: 'too_long' }],
    ['a number', { code: 123456 }, { code: 'wrong_type' }],
    ['a field more', { code: '123456', secret: 'A' }, { secret: 'unknown_field' }],
  ])
    it(`refuses ${what}`, async () => {
      const ada = await member(at.server);
      assertFaults(await call('POST', '/mfa/totp/confirm', { token: ada.token, body }), faults);
    });
});

describe('the removal of an authenticator app', () => {
  it('takes it away, and what was offered', async () => {
    const ada = await member(at.server);
    await enrolled(at.server, ada);
    const { secret } = (await enroll(at.server, ada.token)).json;
    const answer = await remove(ada);
    assert.deepEqual([answer.status, answer.text], [204, '']);
    assert.equal((await mfa(ada)).totp, false);
    assert.deepEqual(await eventsOf(answer), [{
      event: 'postern_mfa_removed', severity: 'WARN', outcome: 'success', reason: null, actor: ada.id, target: ada.id, detail: { factor: 'totp' },
    }]);
    assertProblem(await confirm(at.server, ada.token, codeNow(secret)), nothingPending);
    assertProblem(await remove(ada), factorMissing);
  });

  it('finds none that was not confirmed', async () => {
    const ada = await member(at.server);
    await enroll(at.server, ada.token);
    assertProblem(await remove(ada), factorMissing);
  });

  it('of fifty at once is one', async () => {
    const ada = await member(at.server);
    await enrolled(at.server, ada);
    const answers = await Promise.all(Array.from({ length: 50 }, () => remove(ada)));
    assert.equal(answers.filter(({ status }) => status === 204).length, 1);
    const rows = await at.server.query(`SELECT seq FROM audit_log WHERE event = 'postern_mfa_removed' AND target = '${ada.id}'`);
    assert.equal(rows.length, 1);
  });
});

describe('recovery codes', () => {
  it('are made with the token that was there before the app, for the first time', async () => {
    const ada = await member(at.server);
    const { secret } = (await enroll(at.server, ada.token)).json;
    assert.equal((await confirm(at.server, ada.token, codeNow(secret))).status, 204);
    assert.equal((await makeCodes(ada)).status, 201);
    for (const act of [makeCodes, remove]) assertProblem(await act(ada), tooWeak);
    assert.deepEqual(await mfa(ada), { webauthn: 0, totp: true, recovery_codes: 10 });
  });

  it('are ten of 120 bits, shown once, and stored as digests', async () => {
    const ada = await member(at.server);
    const answer = await makeCodes(ada);
    assert.equal(answer.status, 201);
    assert.equal(answer.headers['cache-control'], 'no-store');
    const { codes, created_at } = answer.json;
    assert.deepEqual(Object.keys(answer.json), ['codes', 'created_at']);
    assert.match(created_at, TIME);
    assert.equal(new Set(codes).size, 10);
    for (const code of codes) assert.match(code, /^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/);
    assert.deepEqual(await mfa(ada), { webauthn: 0, totp: false, recovery_codes: 10 });
    assert.deepEqual(await eventsOf(answer), [{
      event: 'postern_mfa_enrolled', severity: 'WARN', outcome: 'success', reason: null, actor: ada.id, target: ada.id, detail: { factor: 'recovery_code' },
    }]);
  });

  it('of a new sheet take the place of the old ones', async () => {
    const ada = await member(at.server);
    const digests = async () => (await at.server.query(`SELECT hex(digest) AS digest FROM recovery_codes r JOIN users u ON u.id = r.user_id WHERE u.public_id = '${ada.id}'`)).map(({ digest }) => digest);
    const first = (await makeCodes(ada)).json.codes;
    const before = await digests();
    const second = (await makeCodes(ada)).json.codes;
    const after = await digests();
    assert.equal(new Set([...first, ...second]).size, 20);
    assert.equal(new Set([...before, ...after]).size, 20);
    assert.equal((await mfa(ada)).recovery_codes, 10);
  });

  it('made fifty times at once are ten', async () => {
    const ada = await member(at.server);
    const answers = await Promise.all(Array.from({ length: 50 }, () => makeCodes(ada)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
    assert.equal((await mfa(ada)).recovery_codes, 10);
  });

  it('are counted in the statement that reads the account', async () => {
    const ada = await member(at.server);
    await enrolled(at.server, ada);
    await makeCodes(ada);
    const reads = async () => (await figures(at.server)).postern_store_reads_total;
    const before = await reads();
    for (let i = 0; i < 20; i++) assert.equal((await mfa(ada)).recovery_codes, 10);
    const more = (await reads()) - before;
    assert.ok(more >= 20 && more < 30, `${more} reads for 20 profiles; the program itself looks for news now and then`);
  });

  it('of one account are told in lists and profiles too', async () => {
    const root = await member(at.server, { roles: ['admin', 'user'] });
    const ada = await member(at.server);
    await enrolled(at.server, ada);
    await makeCodes(ada);
    const has = { webauthn: 0, totp: true, recovery_codes: 10 };
    assert.deepEqual((await call('GET', `/users/${ada.id}`, { token: root.token })).json.mfa, has);
    const { items } = (await call('GET', `/users?email=${encodeURIComponent(ada.email)}`, { token: root.token })).json;
    assert.deepEqual(items.map((item) => item.mfa), [has]);
    assert.deepEqual((await call('PATCH', '/users/me', { token: ada.token, body: { job_title: 'Analyst' } })).json.mfa, has);
    assert.deepEqual((await call('GET', '/users/me', { token: root.token })).json.mfa, { webauthn: 0, totp: false, recovery_codes: 0 });
  });
});

describe('who may change factors', () => {
  const acts = [
    ['POST', '/mfa/totp/enroll'], ['POST', '/mfa/totp/confirm', { code: '123456' }], ['DELETE', '/mfa/totp'], ['POST', '/mfa/recovery-codes'],
  ];

  for (const [method, route, body] of acts)
    it(`nobody without a token: ${method} ${route}`, async () => {
      assertProblem(await call(method, route, { body }), tokenMissing);
      assert.equal((await call(method, route, { body, token: 'not.a.token' })).status, 401);
    });

  it('only who has signed in lately', async () => {
    const ada = await member(at.server);
    await enrolled(at.server, ada);
    const token = await longAgo(ada);
    for (const [method, route] of acts.filter(([, , body]) => body === undefined)) assertProblem(await call(method, route, { token }), notRecent);
    assert.deepEqual(await mfa({ token }), { webauthn: 0, totp: true, recovery_codes: 0 });
  });
});

describe('tries at a confirmation', () => {
  it('are counted', async () => {
    const server = await startServer({ limits: true });
    const ada = await member(server);
    const { secret } = (await enroll(server, ada.token)).json;
    const wrong = wrongCode(secret);
    for (let i = 0; i < 5; i++) assertProblem(await confirm(server, ada.token, wrong), codeWrong);
    const limited = await confirm(server, ada.token, codeNow(secret));
    assertProblem(limited, { status: 429, code: 'rate_limited' });
    assert.deepEqual((await auditOf(server, limited)).map(({ event, reason }) => [event, reason]), [['postern_mfa_fail', 'throttled']]);
    await endWell(server);
  });
});

describe('the clock', () => {
  it('that is wrong by what most apps show is told once, in the log and in the figures', async () => {
    const server = await startServer();
    const warnings = () => server.lines.filter(({ event }) => event === 'clock_drift');
    await awayFromTheEdge();
    for (let i = 0; i < 6; i++) {
      const ada = await member(server);
      const { secret } = (await enroll(server, ada.token)).json;
      assertProblem(await confirm(server, ada.token, codeNow(secret, 3)), codeWrong);
      assert.equal(warnings().length, i < 3 ? 0 : 1);
    }
    const [{ level, apps_ahead_s }] = warnings();
    assert.ok(level === 'warn' && (apps_ahead_s === 90 || apps_ahead_s === 60), `${level} ${apps_ahead_s}`);
    const told = await figures(server);
    assert.equal(told['postern_totp_codes_total{when="early"}'], 6);
    assert.equal(told['postern_totp_codes_total{when="in_time"}'], 0);
    assert.ok(told.postern_totp_offset_seconds > 30);
    await endWell(server);
  });
});
