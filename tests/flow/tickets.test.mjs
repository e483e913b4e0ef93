// Whatever is handed out once, brought to every place that takes such a thing: it opens what it was made for, for whom it was made, once.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Authenticator } from '../support/authenticator.mjs';
import { beginSigning, keyHolder, pageOf, post, signInBy } from '../support/passkeys.mjs';
import { alter, assertProblem, auditOf, sessionEnded, signIn, withServer } from '../support/story.mjs';
import { agedTicket } from '../support/tickets.mjs';
import { codeNow, enrolled, rewind } from '../support/totp.mjs';

const at = withServer();
const passkey = () => new Authenticator({ backup: true });
const owner = ({ id }) => `(SELECT id FROM users WHERE public_id = '${id}')`;
const count = async (what) => Number((await at.server.query(`SELECT COUNT(*) AS n FROM ${what}`))[0].n);
const countsOf = async (one) => [await count(`sessions WHERE user_id = ${owner(one)}`), await count(`webauthn_credentials WHERE user_id = ${owner(one)}`), await count('users')];

// Somebody with a passkey and an app, signed in with the passkey.
async function somebody() {
  const one = await keyHolder(at.server, { key: passkey() });
  const { access_token, refresh_token, session_id } = await signInBy(at.server, one.key);
  Object.assign(one, { token: access_token, tokens: { access_token, refresh_token, session_id } });
  one.secret = await enrolled(at.server, one);
  return one;
}

const begin = async (path, body, options) => {
  const { status, text, json } = await post(at.server, path, body, options);
  assert.equal(status, 200, text);
  return json;
};
const mfaToken = async (one) => (await begin('/login', { email: one.email, password: one.password })).mfa_token;

// { text, challenge }: what is handed out, and what an authenticator is to sign for it.
const handed = ({ ceremony, publicKey }) => ({ text: ceremony, challenge: publicKey.challenge });
const kinds = {
  'an mfa_token': async (one) => ({ text: await mfaToken(one), challenge: (await beginSigning(at.server)).publicKey.challenge }),
  'the ceremony of an addition': async ({ token }) => handed(await begin('/webauthn/register/begin', {}, { token })),
  'the ceremony of a sign-in': async () => handed(await beginSigning(at.server)),
  'the ceremony of a second step': async (one) => handed(await beginSigning(at.server, { mfa_token: await mfaToken(one) })),
  'the ceremony of a step-up': async ({ token }) => handed(await begin('/step-up/webauthn/begin', {}, { token })),
  'the ceremony of a sign-up': async () => {
    const { session_data, challenge, user_id } = await begin('/api/register/begin', { username: `t-${Math.random().toString(36).slice(2, 10)}` });
    return { text: session_data.ceremony, challenge, user_id };
  },
};

const here = () => ({ origin: pageOf(at.server) });
const signed = (one, challenge) => one.key.sign({ challenge, rpId: 'localhost', allowCredentials: [] }, here());
const made = (challenge, id = 'AAAA') =>
  passkey().register({ challenge, rp: { id: 'localhost' }, user: { id }, pubKeyCredParams: [{ type: 'public-key', alg: -7 }] }, here());

const places = {
  'POST /login/totp': (one, { text }) => post(at.server, '/login/totp', { mfa_token: text, code: codeNow(one.secret) }),
  'POST /login/recovery-code': (one, { text }) =>
    post(at.server, '/login/recovery-code', { mfa_token: text, code: '2222-2222-2222-2222-2222-2222' }),
  'POST /webauthn/login/begin': (one, { text }) => post(at.server, '/webauthn/login/begin', { mfa_token: text }),
  'POST /webauthn/login/complete': (one, { text, challenge }) =>
    post(at.server, '/webauthn/login/complete', { ceremony: text, credential: signed(one, challenge) }),
  'POST /webauthn/register/complete': ({ token }, { text, challenge }) =>
    post(at.server, '/webauthn/register/complete', { ceremony: text, credential: made(challenge) }, { token }),
  'POST /step-up/webauthn/complete': (one, { text, challenge }) =>
    post(at.server, '/step-up/webauthn/complete', { ceremony: text, credential: signed(one, challenge) }, { token: one.token }),
  'POST /api/register/complete': (one, { text, challenge, user_id = 'A'.repeat(86) }) =>
    post(at.server, '/api/register/complete', { user_id, session_data: { ceremony: text }, credential: made(challenge, user_id) }),
  'POST /token/refresh': (one, { text }) => post(at.server, '/token/refresh', { refresh_token: text }),
};

// What each is made for; what it opens there is told by other stories.
const belongs = {
  'an mfa_token': ['POST /login/totp', 'POST /login/recovery-code', 'POST /webauthn/login/begin'],
  'the ceremony of an addition': ['POST /webauthn/register/complete'],
  'the ceremony of a sign-in': ['POST /webauthn/login/complete'],
  'the ceremony of a second step': ['POST /webauthn/login/complete'],
  'the ceremony of a step-up': ['POST /step-up/webauthn/complete'],
  'the ceremony of a sign-up': ['POST /api/register/complete'],
};
const refusals = new Map([['mfa_token_invalid', 401], ['ceremony_invalid', 400], ['refresh_token_invalid', 401]]);
// Some are longer than an mfa_token can be.
const isTooLong = ({ status, json }) => status === 422 && json.errors.every(({ field, code }) => field === 'mfa_token' && code === 'too_long');
const isRefusal = (answer) => refusals.get(answer.json?.code) === answer.status || isTooLong(answer);

describe('what is handed out once', () => {
  for (const [kind, hand] of Object.entries(kinds))
    for (const [place, bring] of Object.entries(places))
      if (belongs[kind].includes(place))
        it(`${kind} is taken at ${place}`, async () => {
          const one = await somebody();
          await rewind(at.server, one);
          const answer = await bring(one, await hand(one));
          assert.ok(!isRefusal(answer), answer.text);
        });
      else
        it(`${kind} is refused at ${place}, and changes nothing`, async () => {
          const one = await somebody();
          const ticket = await hand(one);
          await rewind(at.server, one);
          const before = await countsOf(one);
          const answer = await bring(one, ticket);
          assert.ok(isRefusal(answer), answer.text);
          assert.deepEqual(await countsOf(one), before);
        });
});

const purposes = {
  'an mfa_token': 'second_step',
  'the ceremony of an addition': 'passkey_add',
  'the ceremony of a sign-in': 'passkey_signin',
  'the ceremony of a second step': 'passkey_signin',
  'the ceremony of a step-up': 'step_up',
  'the ceremony of a sign-up': 'passkey_signup',
};

describe('what is handed out for five minutes', () => {
  const aged = (kind, { text, ...more }, seconds) => ({ ...more, text: agedTicket(at.server.folder, text, purposes[kind], seconds) });
  for (const [kind, own] of Object.entries(belongs))
    for (const place of own) {
      it(`${kind} is refused at ${place} when they are over, and changes nothing`, async () => {
        const one = await somebody();
        const ticket = aged(kind, await kinds[kind](one), 300);
        await rewind(at.server, one);
        const before = await countsOf(one);
        const answer = await places[place](one, ticket);
        assert.equal(refusals.get(answer.json?.code), answer.status, answer.text);
        const [{ outcome, reason }] = await auditOf(at.server, answer);
        assert.deepEqual([outcome, reason], ['failure', kind === 'an mfa_token' ? 'mfa_token_expired' : 'ceremony_expired']);
        assert.deepEqual(await countsOf(one), before);
      });

      it(`${kind} is taken at ${place} in the last of them`, async () => {
        const one = await somebody();
        const ticket = aged(kind, await kinds[kind](one), 240);
        await rewind(at.server, one);
        const answer = await places[place](one, ticket);
        assert.ok(!isRefusal(answer), answer.text);
      });
    }
});

describe('a ceremony that was begun by somebody else', () => {
  for (const [kind, place] of [
    ['the ceremony of an addition', 'POST /webauthn/register/complete'], ['the ceremony of a step-up', 'POST /step-up/webauthn/complete'],
  ]) {
    const over = { status: 400, code: 'ceremony_invalid' };

    it(`${kind} is refused to another user`, async () => {
      const [one, other] = [await somebody(), await somebody()];
      assertProblem(await places[place](other, await kinds[kind](one)), over);
    });

    it(`${kind} is refused to another session of the same user`, async () => {
      const one = await somebody();
      const ticket = await kinds[kind](one);
      const { access_token: token } = await signInBy(at.server, one.key);
      assertProblem(await places[place]({ ...one, token }, ticket), over);
    });

    it(`${kind} is refused after a logout, with the old token and with a new one`, async () => {
      const one = await somebody();
      const ticket = await kinds[kind](one);
      assert.equal((await at.server.call('POST', '/logout', { token: one.token })).status, 204);
      assertProblem(await places[place](one, ticket), sessionEnded);
      const { access_token: token } = await signInBy(at.server, one.key);
      assertProblem(await places[place]({ ...one, token }, ticket), over);
    });

    it(`${kind} can't be begun after a logout`, async () => {
      const one = await somebody();
      assert.equal((await at.server.call('POST', '/logout', { token: one.token })).status, 204);
      const path = place.includes('step-up') ? '/step-up/webauthn/begin' : '/webauthn/register/begin';
      assertProblem(await post(at.server, path, {}, { token: one.token }), sessionEnded);
    });

    it(`${kind} is refused after it has served`, async () => {
      const one = await somebody();
      const ticket = await kinds[kind](one);
      assert.ok((await places[place](one, ticket)).status < 300);
      assertProblem(await places[place](one, ticket), over);
    });
  }

  it('a second step is over with the database that it was begun in', async () => {
    const one = await somebody();
    const ticket = { text: await mfaToken(one) };
    await alter(at.server, 'UPDATE epoch SET number = number + 1');
    try {
      assertProblem(await places['POST /login/totp'](one, ticket), { status: 401, code: 'mfa_token_invalid' });
    } finally {
      await alter(at.server, 'UPDATE epoch SET number = number - 1');
    }
  });
});

describe('a stronger factor', () => {
  it('is not removed by a sign-in with a weaker one, nor by one of a while ago', async () => {
    const one = await somebody();
    await rewind(at.server, one);
    const { json } = await places['POST /login/totp'](one, { text: await mfaToken(one) });
    const weak = json.access_token;
    const [{ id }] = (await at.server.call('GET', '/webauthn/credentials', { token: weak })).json.items;
    for (const [method, path] of [['DELETE', `/webauthn/credentials/${id}`], ['DELETE', '/mfa/totp'], ['POST', '/mfa/recovery-codes']]) {
      const answer = await at.server.call(method, path, { token: weak });
      assertProblem(answer, { status: 401, code: 'insufficient_user_authentication' });
      assert.match(answer.headers['www-authenticate'], /error="insufficient_user_authentication", acr_values="aal2-phr", max_age="300"/);
    }
    const { json: strong } = await places['POST /step-up/webauthn/complete']({ ...one, token: weak }, await kinds['the ceremony of a step-up']({ token: weak }));
    assert.equal((await at.server.call('DELETE', `/webauthn/credentials/${id}`, { token: weak })).status, 401, 'the token of before stays weak');
    assert.equal((await at.server.call('DELETE', `/webauthn/credentials/${id}`, { token: strong.access_token })).status, 204);
  });

  it('leaves a password alone where the last one is gone', async () => {
    const one = await somebody();
    const [{ id }] = (await at.server.call('GET', '/webauthn/credentials', { token: one.token })).json.items;
    assert.equal((await at.server.call('DELETE', '/mfa/totp', { token: one.token })).status, 204);
    assert.equal((await at.server.call('DELETE', `/webauthn/credentials/${id}`, { token: one.token })).status, 204);
    assert.equal('mfa_required' in (await signIn(at.server, one)), false);
  });
});
