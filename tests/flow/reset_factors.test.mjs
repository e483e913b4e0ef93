// Stories of somebody who has lost every second factor, and of the operator who takes them off the account.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import { Authenticator } from '../support/authenticator.mjs';
import { refused } from '../support/desk.mjs';
import { giveFactors } from '../support/factors.mjs';
import { add, beginAdding, beginSigning, keyHolder, pageOf, passwordStep, post, tryAdding, trySigning } from '../support/passkeys.mjs';
import { environment, run, startServer } from '../support/server.mjs';
import {
  NOBODY, alter, assertProblem, badCredentials, endWell, member, signIn, signUp, withServer,
} from '../support/story.mjs';
import { codeNow, confirm, enroll, enrolled } from '../support/totp.mjs';

const at = withServer();
const none = { webauthn: 0, totp: false, recovery_codes: 0 };
const reset = (...args) => at.server.cli('user', 'reset-factors', ...args);
const mfaOf = async (account) => (await at.server.query(`SELECT credentials, totp, recovery_codes FROM users WHERE public_id = '${account.id}'`))
  .map((row) => ({ webauthn: Number(row.credentials), totp: Boolean(row.totp), recovery_codes: Number(row.recovery_codes) }))[0];
const removedOf = async (account) => (await at.server.query(`SELECT actor, outcome, route, detail FROM audit_log WHERE event = 'postern_mfa_removed' AND target = '${account.id}' ORDER BY seq`))
  .map(({ detail, ...row }) => ({ ...row, detail: JSON.parse(detail) }));

// An account with a passkey that signs in alone, another key, an app and ten codes.
async function holder(server = at.server) {
  const account = await keyHolder(server, { key: new Authenticator({ backup: true }), name: 'Phone' });
  const second = new Authenticator();
  await add(server, account, second, { name: 'Key' });
  const secret = await enrolled(server, account);
  const { codes } = (await post(server, '/mfa/recovery-codes', undefined, { token: account.token })).json;
  return { ...account, second, secret, codes };
}

describe('an operator takes the factors off an account', () => {
  it('all of them, with the sessions, and the password alone signs in', async () => {
    const ada = await holder();
    const { mfa_token } = await passwordStep(at.server, ada);
    const answer = await reset(ada.email, '--yes', '--json');
    assert.equal(answer.code, 0, answer.stderr);
    const { number, ...told } = JSON.parse(answer.stdout);
    assert.deepEqual(told, { id: ada.id, email: ada.email, username: null, webauthn: 2, totp: true, recovery_codes: 10 });
    assert.deepEqual(await mfaOf(ada), none);
    for (const table of ['webauthn_credentials', 'totp', 'recovery_sheets', 'recovery_codes'])
      assert.deepEqual(await at.server.query(`SELECT user_id FROM ${table} WHERE user_id = ${number}`), [], table);

    assertProblem(await at.server.call('GET', '/users/me', { token: ada.token }), { status: 401, code: 'session_ended' });
    assert.equal((await post(at.server, '/token/refresh', { refresh_token: ada.tokens.refresh_token })).status, 401);
    assert.equal((await post(at.server, '/login/totp', { mfa_token, code: codeNow(ada.secret, 1) })).json.code, 'mfa_token_invalid');
    assert.equal((await post(at.server, '/login/recovery-code', { mfa_token, code: ada.codes[0] })).json.code, 'mfa_token_invalid');
    assertProblem(await trySigning(at.server, ada.key), badCredentials);

    const { access_token: token, notices } = await signIn(at.server, ada);
    assert.deepEqual([decodeJwt(token).amr, decodeJwt(token).acr], [['pwd'], 'aal1']);
    assert.deepEqual((await at.server.call('GET', '/users/me', { token })).json.mfa, none);
    const [notice] = (await at.server.call('GET', '/users/me/notices', { token })).json.items;
    assert.deepEqual([notice.kind, notice.factor, notice.about], ['factors_reset', null, null]);
    assert.ok(notices > 0);
  });

  it('and each factor stands in the audit trail, as the deed of the operator', async () => {
    const ada = await holder();
    assert.equal((await reset(ada.id, '--yes')).code, 0);
    const rows = await removedOf(ada);
    for (const { actor, outcome, route } of rows) assert.deepEqual([actor, outcome, route], ['cli', 'success', 'user reset-factors']);
    assert.deepEqual(rows.map(({ detail }) => detail.factor), ['webauthn', 'webauthn', 'totp', 'recovery_code']);
    assert.deepEqual(rows.slice(0, 2).map(({ detail }) => detail.credential), [ada.key, ada.second].map((key) => key.credentials[0].id));
  });

  it('whatever it has, in the form for people', async () => {
    for (const [factor, says] of [['webauthn', /passkeys removed +1\n.*no\n.*0\n/], ['totp', /app removed +yes/], ['recovery_code', /codes removed +1/]]) {
      const account = await signUp(at.server);
      await giveFactors(at.server, account, factor);
      const answer = await reset(account.email, '--yes');
      assert.equal(answer.code, 0, answer.stderr);
      assert.match(answer.stdout, says);
      assert.deepEqual([await mfaOf(account), (await removedOf(account)).length], [none, 1]);
    }
  });

  it('and what was half done comes to nothing', async () => {
    const ada = await holder();
    const begun = await beginAdding(at.server, ada.token), signing = await beginSigning(at.server, { email: ada.email });
    const { secret } = (await enroll(at.server, ada.token)).json;
    assert.equal((await reset(ada.email, '--yes')).code, 0);
    assert.equal((await tryAdding(at.server, ada.token, new Authenticator(), { begun })).status, 401);
    assert.equal((await confirm(at.server, ada.token, codeNow(secret))).status, 401);
    const credential = ada.key.sign(signing.publicKey, { origin: pageOf(at.server) });
    assertProblem(await post(at.server, '/webauthn/login/complete', { ceremony: signing.ceremony, credential }), badCredentials);
    const { access_token: token } = await signIn(at.server, ada); // a new session has nothing of the old one's
    assert.equal((await tryAdding(at.server, token, new Authenticator(), { begun })).json.code, 'ceremony_invalid');
    assert.equal((await confirm(at.server, token, codeNow(secret))).json.code, 'enrolment_missing');
    assert.deepEqual(await mfaOf(ada), none);
  });

  it('of one account, and no other', async () => {
    const ada = await holder(), bob = await holder();
    assert.equal((await reset(ada.email, '--yes')).code, 0);
    assert.deepEqual(await mfaOf(bob), { webauthn: 2, totp: true, recovery_codes: 10 });
    assert.equal((await at.server.call('GET', '/users/me', { token: bob.token })).status, 200);
    assert.deepEqual(await removedOf(bob), []);
  });

  it('and a policy that demands one lets its owner in only to add another', async () => {
    const server = await startServer({ env: { POSTERN_MFA: 'required' } });
    const account = await signUp(server);
    await giveFactors(server, account, 'webauthn', 'recovery_code');
    assert.equal((await server.cli('user', 'reset-factors', account.email, '--yes')).code, 0);
    const tokens = await signIn(server, account);
    assert.equal(decodeJwt(tokens.access_token).scope, 'enrol');
    assertProblem(await server.call('GET', '/users/me', { token: tokens.access_token }), { status: 403, code: 'mfa_enrolment_required' });
    const back = { ...account, tokens, token: tokens.access_token };
    await enrolled(server, back);
    assert.equal((await server.call('GET', '/users/me', { token: back.token })).status, 200);
    await endWell(server);
  });
});

describe('nothing is removed', () => {
  const keeps = async (account, before, answer, says) => {
    refused(answer, 1, says);
    assert.deepEqual([await mfaOf(account), await removedOf(account)], [before, []]);
    assert.deepEqual(await at.server.query(`SELECT kind FROM notices WHERE kind = 'factors_reset' AND user_id = (SELECT id FROM users WHERE public_id = '${account.id}')`), []);
  };

  it('of an account that is not there', async () => {
    for (const who of ['nobody@example.com', NOBODY, '999999', 'nobody', ''])
      refused(await reset(who, '--yes'), 1, /User not found/);
  });

  it('of an account that has no factor, also not a second time', async () => {
    const ada = await member(at.server);
    await keeps(ada, none, await reset(ada.email, '--yes'), /has no second factor/);
    assert.equal((await at.server.call('GET', '/users/me', { token: ada.token })).status, 200); // its session lives
    await giveFactors(at.server, ada, 'totp');
    assert.equal((await reset(ada.email, '--yes')).code, 0);
    refused(await reset(ada.email, '--yes'), 1, /has no second factor/);
    assert.equal((await removedOf(ada)).length, 1);
  });

  it('without --yes where nobody can be asked', async () => {
    const ada = await member(at.server);
    await giveFactors(at.server, ada, 'webauthn', 'totp', 'recovery_code');
    const has = { webauthn: 1, totp: true, recovery_codes: 1 };
    await keeps(ada, has, await reset(ada.email), /person\d+@example\.com loses its second factors \(passkeys and security keys: 1, authenticator app: yes, recovery codes: 1\); .* --yes/);
    await keeps(ada, has, await at.server.cliWith({ input: 'yes\n' }, 'user', 'reset-factors', ada.email), /give --yes/);
    assert.equal((await at.server.call('GET', '/users/me', { token: ada.token })).status, 200);
  });

  it('on a terminal, unless the answer is yes', async () => {
    const ada = await signUp(at.server);
    await giveFactors(at.server, ada, 'totp');
    const asked = (answer) => run('script', ['-qec', `'${at.server.program}' user reset-factors ${ada.email}`, '/dev/null'],
      { cwd: at.server.folder, env: at.server.env, input: answer });
    for (const answer of ['no\n', '\n', 'y\n', 'YES\n']) {
      const said = await asked(answer);
      assert.deepEqual([said.code, await mfaOf(ada)], [1, { ...none, totp: true }], said.stdout);
      assert.match(said.stdout, /signed out everywhere\. Type yes to go on: .*nothing is changed/s);
    }
    const said = await asked('yes\n');
    assert.deepEqual([said.code, await mfaOf(ada)], [0, none], said.stdout);
  });

  it('of an account that has no password: its passkey is the only way in', async () => {
    const ada = await holder();
    await alter(at.server, `UPDATE users SET hashed_password = NULL WHERE public_id = '${ada.id}'`);
    await keeps(ada, { webauthn: 2, totp: true, recovery_codes: 10 }, await reset(ada.email, '--yes'), /has no password: without its passkeys nobody/);
    assert.equal((await trySigning(at.server, ada.key)).status, 200);
  });
});
