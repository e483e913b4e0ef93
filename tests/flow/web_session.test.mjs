// Stories of sign-ins from a page: the refresh token lies in a cookie that only this service's own pages make use of.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertFaults, assertProblem, auditOf, member, sessionEnded, signUp, withServer } from '../support/story.mjs';

const ORIGIN = 'https://auth.example.test';
const at = withServer({ env: { POSTERN_ISSUER: `${ORIGIN}/login-service` } });
const PAGE = { 'X-Postern-Client': 'web', Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin', 'User-Agent': 'Mozilla/5.0 Firefox/140.0' };
const crossSite = { status: 403, code: 'cross_site_request', detail: 'This did not come from a page of this service' };
const refreshInvalid = { status: 401, code: 'refresh_token_invalid' };
const COOKIE = /^__Host-postern-refresh=([A-Za-z0-9_-]{70}); Max-Age=(\d+); Path=\/; Secure; HttpOnly; SameSite=Strict$/;

const login = (account, headers = PAGE) => at.server.call('POST', '/login', { body: { email: account.email, password: account.password }, headers });
const refresh = (cookie, headers = PAGE, body = {}) =>
  at.server.call('POST', '/token/refresh', { body, headers: { ...headers, ...(cookie && { Cookie: `theme=dark; __Host-postern-refresh=${cookie}` }) } });
const me = (token) => at.server.call('GET', '/users/me', { token });

function cookieOf(answer) {
  const set = [answer.headers['set-cookie']].flat();
  assert.equal(set.length, 1);
  const [, value, age] = COOKIE.exec(set[0]) ?? assert.fail(set[0]);
  at.server.canaries.remember(value);
  return { value, age: Number(age) };
}

async function signedIn() {
  const account = await signUp(at.server);
  const answer = await login(account);
  assert.equal(answer.status, 200, answer.text);
  return { account, answer, cookie: cookieOf(answer).value, token: answer.json.access_token };
}

describe('a page that signs in', () => {
  it('gets the refresh token in a cookie that no script can read, and nowhere else', async () => {
    const { answer, cookie, token } = await signedIn();
    assert.ok(!('refresh_token' in answer.json));
    assert.ok(!answer.text.includes(cookie));
    assert.equal(cookieOf(answer).age, answer.json.refresh_expires_in);
    assert.equal((await me(token)).status, 200);
  });

  it('renews with the cookie alone', async () => {
    const { cookie } = await signedIn();
    const answer = await refresh(cookie);
    assert.equal(answer.status, 200, answer.text);
    assert.ok(!('refresh_token' in answer.json));
    const next = cookieOf(answer).value;
    assert.notEqual(next, cookie);
    assert.equal((await refresh(next)).status, 200);
  });

  it('gets the same cookie again when an answer was lost, from another address too', async () => {
    const { cookie } = await signedIn();
    const first = cookieOf(await refresh(cookie)).value;
    const again = await at.server.call('POST', '/token/refresh', { body: {}, headers: { ...PAGE, Cookie: `__Host-postern-refresh=${cookie}` }, from: '127.0.0.9' });
    assert.equal(cookieOf(again).value, first);
  });

  it('loses the session to a copy of a spent cookie in another browser', async () => {
    const { cookie, token } = await signedIn();
    await refresh(cookie);
    const answer = await refresh(cookie, { ...PAGE, 'User-Agent': 'thief/1' });
    assertProblem(answer, refreshInvalid);
    assert.deepEqual((await auditOf(at.server, answer)).map(({ event }) => event), ['authn_token_reuse']);
    assertProblem(await me(token), sessionEnded);
  });

  for (const route of ['/logout', '/logout/all'])
    it(`loses the cookie with ${route}`, async () => {
      const { cookie, token } = await signedIn();
      const answer = await at.server.call('POST', route, { token, headers: PAGE });
      assert.equal(answer.status, 204);
      assert.deepEqual([answer.headers['set-cookie']].flat(), ['__Host-postern-refresh=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict']);
      assertProblem(await refresh(cookie), refreshInvalid);
    });
});

describe('a request from elsewhere', () => {
  for (const [what, change] of [
    ['of another site', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
    ['of a sibling host', { Origin: 'https://app.example.test', 'Sec-Fetch-Site': 'same-site' }],
    ['of this host without TLS', { Origin: 'http://auth.example.test', 'Sec-Fetch-Site': 'cross-site' }],
    ['of another port', { Origin: `${ORIGIN}:8443`, 'Sec-Fetch-Site': 'same-site' }],
    ['whose origin begins like ours', { Origin: `${ORIGIN}.evil.example` }],
    ['with the path of the issuer', { Origin: `${ORIGIN}/login-service` }],
    ['of an opaque origin', { Origin: 'null' }],
    ['without an origin', { Origin: undefined }],
    ['that the browser calls same-site', { 'Sec-Fetch-Site': 'same-site' }],
    ['that the browser calls cross-site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['that somebody typed', { 'Sec-Fetch-Site': 'none' }],
  ])
    it(`${what} neither signs in nor renews`, async () => {
      const { account, cookie } = await signedIn();
      const headers = { ...PAGE, ...change };
      assertProblem(await login(account, headers), crossSite);
      const answer = await refresh(cookie, headers);
      assertProblem(answer, crossSite);
      assert.equal('set-cookie' in answer.headers, false);
      assert.equal((await refresh(cookie)).status, 200, 'and has spent nothing');
    });

  it('from a browser that does not send Sec-Fetch-Site is judged by its origin', async () => {
    const { cookie } = await signedIn();
    assert.equal((await refresh(cookie, { ...PAGE, 'Sec-Fetch-Site': undefined })).status, 200);
  });
});

describe('a cookie', () => {
  it('is worth nothing without the header that a page sends', async () => {
    const { cookie } = await signedIn();
    assertFaults(await refresh(cookie, { ...PAGE, 'X-Postern-Client': undefined }), { refresh_token: 'missing' });
    assertFaults(await refresh(cookie, { ...PAGE, 'X-Postern-Client': 'Web' }), { refresh_token: 'missing' });
  });

  it('is worth nothing in the body', async () => {
    const { cookie } = await signedIn();
    const { 'X-Postern-Client': _, ...headers } = PAGE;
    const answer = await refresh(undefined, headers, { refresh_token: cookie });
    assertProblem(answer, refreshInvalid);
    assert.deepEqual((await auditOf(at.server, answer)).map(({ reason }) => reason), ['refresh_binding']);
    assert.equal((await refresh(cookie)).status, 200, 'and is not spent by that');
  });

  it('takes no token that was given in a body', async () => {
    const { tokens } = await member(at.server);
    assertProblem(await refresh(tokens.refresh_token), refreshInvalid);
    assert.equal((await refresh(undefined, {}, { refresh_token: tokens.refresh_token })).status, 200);
  });

  it('beside a token in the body is refused', async () => {
    const { cookie } = await signedIn();
    assertFaults(await refresh(cookie, PAGE, { refresh_token: cookie }), { refresh_token: 'in_cookie' });
  });

  for (const [what, header] of [
    ['is missing', () => undefined],
    ['came twice', (good) => `__Host-postern-refresh=${good}; __Host-postern-refresh=${good}`],
    ['was tossed in beside the real one', (good) => `__Host-postern-refresh=tossed; __Host-postern-refresh=${good}`],
    ['has another name', (good) => `__Host-Postern-Refresh=${good}`],
    ['has no prefix', (good) => `postern-refresh=${good}`],
    ['stands in quotes', (good) => `__Host-postern-refresh="${good}"`],
    ['is empty', () => '__Host-postern-refresh='],
  ])
    it(`that ${what} is refused`, async () => {
      const { cookie } = await signedIn();
      const answer = await at.server.call('POST', '/token/refresh', { body: {}, headers: { ...PAGE, Cookie: header(cookie) } });
      assertProblem(answer, refreshInvalid);
      assert.equal((await refresh(cookie)).status, 200);
    });
});
