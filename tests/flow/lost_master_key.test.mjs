// The drill of docs/keys.md, "Lost?": a new master key for a database with people in it, and what each of them can still do.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Authenticator } from '../support/authenticator.mjs';
import { keyHolder, passwordStep, post, trySigning } from '../support/passkeys.mjs';
import { startServer } from '../support/server.mjs';
import { assertProblem, endWell, member, signIn, tokenInvalid } from '../support/story.mjs';
import { codeNow, confirm, enroll, enrolled } from '../support/totp.mjs';

const newKey = () => ({ POSTERN_MASTER_KEY: randomBytes(32).toString('hex') });
const disabled = { code: 'factor_disabled', detail: 'This factor is disabled; sign in another way, and set it up anew' };

describe('after a master key was lost', () => {
  const at = {};
  before(async () => {
    const old = await startServer({ env: newKey() });
    at.plain = await member(old);
    at.phone = await keyHolder(old, { key: new Authenticator({ backup: true }) });
    at.phone.secret = await enrolled(old, at.phone);
    at.app = await member(old);
    at.app.secret = await enrolled(old, at.app);
    at.app.codes = (await post(old, '/mfa/recovery-codes', undefined, { token: at.app.token })).json.codes;
    at.pending = await member(old);
    at.pending.secret = (await enroll(old, at.pending.token)).json.secret;
    assert.equal(await old.stop(), 0);
    for (const table of ['signing_keys', 'master_key']) await old.query(`DELETE FROM ${table}`, { write: true });
    at.server = await startServer({ folder: old.folder, env: newKey(), canaries: old.canaries });
  });
  after(() => endWell(at.server));

  const typed = async (account, code, path = '/login/totp') => {
    const { mfa_token } = await passwordStep(at.server, account);
    return post(at.server, path, { mfa_token, code });
  };
  const rowOf = async (account) => (await at.server.query(`SELECT failures FROM totp t JOIN users u ON u.id = t.user_id WHERE u.public_id = '${account.id}'`))[0];

  it('no token of before is good', async () => {
    assertProblem(await at.server.call('GET', '/users/me', { token: at.plain.token }), tokenInvalid);
    assertProblem(await post(at.server, '/token/refresh', { refresh_token: at.plain.tokens.refresh_token }), { status: 401, code: 'refresh_token_invalid' });
  });
  it('a password and a passkey sign in', async () => {
    await signIn(at.server, at.plain);
    assert.equal((await trySigning(at.server, at.phone.key)).status, 200);
  });
  it('a code of an app is refused, as one of a disabled app, and logged', async () => {
    const answer = await typed(at.app, codeNow(at.app.secret, 1));
    assertProblem(answer, { status: 401, ...disabled });
    assert.equal(Number((await rowOf(at.app)).failures), 0, 'nobody has guessed');
    const [told] = await at.server.query("SELECT reason, target FROM audit_log WHERE event = 'postern_mfa_fail' ORDER BY seq DESC LIMIT 1");
    assert.deepEqual({ ...told }, { reason: 'unreadable', target: at.app.id });
    await at.server.logged((line) => line.event === 'unreadable' && line.level === 'error' && line.user === at.app.id);
  });
  it('and so in a session', async () => {
    const { access_token } = (await trySigning(at.server, at.phone.key)).json;
    const answer = await post(at.server, '/step-up/totp', { code: codeNow(at.phone.secret, 1) }, { token: access_token });
    assertProblem(answer, { status: 403, ...disabled });
  });
  it('a recovery code is not right', async () => {
    assertProblem(await typed(at.app, at.app.codes[0], '/login/recovery-code'), { status: 401, code: 'code_wrong' });
  });
  it('an app that was not confirmed yet is begun anew', async () => {
    const { access_token: token } = await signIn(at.server, at.pending);
    assertProblem(await confirm(at.server, token, codeNow(at.pending.secret)), { status: 409, code: 'enrolment_missing' });
    const { secret } = (await enroll(at.server, token)).json;
    assert.equal((await confirm(at.server, token, codeNow(secret))).status, 204);
  });
  it('who has a passkey sets the app up anew', async () => {
    const { access_token: token } = (await trySigning(at.server, at.phone.key)).json;
    assert.equal((await at.server.call('DELETE', '/mfa/totp', { token })).status, 204);
    const { secret } = (await enroll(at.server, token)).json;
    assert.equal((await confirm(at.server, token, codeNow(secret))).status, 204);
  });
  it('who has not gets in again by the operator', async () => {
    assert.equal((await at.server.cli('user', 'reset-factors', at.app.email, '--yes')).code, 0);
    const { access_token: token } = await signIn(at.server, at.app);
    const { secret } = (await enroll(at.server, token)).json;
    assert.equal((await confirm(at.server, token, codeNow(secret))).status, 204);
  });
});
