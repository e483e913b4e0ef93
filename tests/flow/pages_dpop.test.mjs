// People at the pages of a service that takes no token without a proof: the browser has a key, and they notice nothing.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_CHROMIUM, findChromium } from '../support/browser.mjs';
import { PASSKEY, assertClean, heading, newcomer, plugIn, setUpApp, signInAt, stored, withPages } from '../support/pages.mjs';
import { codeNow } from '../support/totp.mjs';

const skip = (await findChromium()) === undefined && NO_CHROMIUM;

const close = async ({ page, heard }, site) => {
  assertClean(heard, site);
  await page.context().close();
};

// Each call with a token, as it was made: [method, path, scheme].
function hearTokens(page) {
  const calls = [];
  page.on('request', (request) => {
    const { authorization } = request.headers(); // at once: what is asked for later is gone with its page
    if (authorization !== undefined) calls.push([request.method(), new URL(request.url()).pathname, authorization.split(' ')[0]]);
  });
  return calls;
}

async function signedIn(at, options) {
  const account = await newcomer(at.server);
  const window = await at.open('/sign-in', options);
  const calls = hearTokens(window.page);
  await signInAt(window.page, account);
  await heading(window.page, 'Profile');
  return { account, calls, ...window };
}

const sessionsOf = (server, { id }) =>
  server.query(`SELECT s.jkt, s.ended_at FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.public_id = '${id}' ORDER BY s.created_at`);

// The key that a page's browser keeps: its thumbprint is none of ours to compute, so what it can be made to give away is looked at.
const keyOf = (page) =>
  page.evaluate(async () => {
    const done = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
    const database = await done(indexedDB.open('postern'));
    const store = database.transaction('keys').objectStore('keys');
    const [names, { privateKey, publicKey }] = await Promise.all([done(store.getAllKeys()), done(store.get('dpop'))]);
    const { x } = await crypto.subtle.exportKey('jwk', publicKey);
    const given = await crypto.subtle.exportKey('jwk', privateKey).catch((error) => error.name);
    return { names, x, given, usages: privateKey.usages };
  });

const saveJob = async (page, title) => {
  await page.getByLabel('Job title').fill(title);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
};

describe('with POSTERN_DPOP=required', { skip }, () => {
  const at = withPages({ env: { POSTERN_DPOP: 'required' } });

  it('a page signs in, calls, renews and signs out with proofs; its key can not be read and nothing else is kept', async () => {
    const { account, calls, page, heard } = await signedIn(at);
    await saveJob(page, 'Countess');
    await page.reload();
    await page.waitForFunction(() => document.getElementById('profile-job').value === 'Countess');
    const key = await keyOf(page);
    assert.deepEqual([key.names, key.given, key.usages], [['dpop'], 'InvalidAccessError', ['sign']]);
    assert.deepEqual(await stored(page), { local: {}, session: {}, cookie: '', databases: 1, caches: 0 });
    const [session, ...others] = await sessionsOf(at.server, account);
    assert.match(session.jkt, /^[\w-]{43}$/);
    assert.deepEqual(others, []);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByText('You are signed out.').waitFor();
    assert.ok(calls.some(([method]) => method === 'PATCH') && calls.some(([, path]) => path === '/logout'));
    assert.deepEqual(calls.filter(([, , scheme]) => scheme !== 'DPoP'), []);
    await close({ page, heard }, at.site);
  });

  it('passkey, second step and a step-up by code go the same way', async () => {
    const { account, page, heard } = await signedIn(at);
    await plugIn(page, { ...PASSKEY, hasResidentKey: false });
    await page.getByRole('link', { name: 'Authenticator app' }).click();
    const secret = await setUpApp(at.server, page, account);
    await at.server.query(`UPDATE sessions SET auth_time_s = auth_time_s - 86400 WHERE user_id = (SELECT id FROM users WHERE public_id = '${account.id}')`, { write: true });
    await page.getByRole('link', { name: 'Keys and passkeys' }).click();
    await page.getByRole('button', { name: 'Add key or passkey' }).click();
    await page.getByRole('dialog').getByLabel('Code of your authenticator app').fill(codeNow(secret));
    await page.keyboard.press('Enter');
    await page.getByText('is added.').waitFor();
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByText('You are signed out.').waitFor();
    await signInAt(page, account);
    await heading(page, 'One more step');
    await page.getByRole('button', { name: 'Use key or passkey' }).click();
    await heading(page, 'Profile');
    const jkts = (await sessionsOf(at.server, account)).map(({ jkt }) => jkt);
    assert.deepEqual([jkts.length, new Set(jkts).size, jkts.includes(null)], [2, 1, false]);
    await close({ page, heard }, at.site);
  });

  it('signs up with a passkey alone', async () => {
    const { page, heard } = await at.open('/sign-up');
    await plugIn(page);
    await page.getByLabel('User name').fill('grace.bound');
    await page.getByRole('button', { name: 'Create account with passkey' }).click();
    await heading(page, 'Profile');
    await close({ page, heard }, at.site);
  });

  it('windows that begin at once come to one key', async () => {
    const account = await newcomer(at.server);
    const { page, heard } = await at.open('/no/where');
    const windows = [page, ...(await Promise.all([0, 1].map(() => page.context().newPage())))];
    await Promise.all(windows.map((window) => window.goto(`${at.site}/sign-in`)));
    await Promise.all(windows.map((window) => signInAt(window, account)));
    await Promise.all(windows.map((window) => heading(window, 'Profile')));
    const jkts = (await sessionsOf(at.server, account)).map(({ jkt }) => jkt);
    assert.deepEqual([jkts.length, new Set(jkts).size], [3, 1]);
    await Promise.all(windows.map((window) => window.reload()));
    await Promise.all(windows.map((window) => heading(window, 'Profile')));
    await close({ page, heard }, at.site);
  });

  it('a cookie that was copied to another browser opens nothing there, and goes on at home', async () => {
    const { account, page, heard } = await signedIn(at);
    const thief = await at.open('/sign-in');
    const [cookie] = await page.context().cookies();
    await thief.page.context().addCookies([cookie]);
    const answer = await at.server.call('GET', '/verify', { headers: { Cookie: `${cookie.name}=${at.server.canaries.remember(cookie.value)}` } });
    assert.equal(answer.status, 401, 'nor where a cookie is enough');
    await thief.page.goto(`${at.site}/account`);
    await thief.page.getByText('Your session has ended.').waitFor();
    await thief.page.context().close();
    await page.reload();
    await saveJob(page, 'Owner');
    const [session] = await sessionsOf(at.server, account);
    assert.equal(Number(session.ended_at), 0);
    await close({ page, heard }, at.site);
  });

  for (const [what, minutes] of [['behind', -30], ['ahead', 30]])
    it(`a browser whose clock is ${what} goes by the service's`, async () => {
      const { page, heard } = await at.open('/no/where');
      await page.addInitScript((off) => {
        const real = Date.now;
        Date.now = () => real() + off;
      }, minutes * 60_000);
      const account = await newcomer(at.server);
      await page.goto(`${at.site}/sign-in`);
      await signInAt(page, account);
      await heading(page, 'Profile');
      await saveJob(page, 'Late');
      await close({ page, heard }, at.site);
    });

  it('where the browser can keep no key, the page says that it did not work, and nobody is signed in', async () => {
    const { page } = await at.open('/no/where');
    await page.addInitScript(() => {
      IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); };
    });
    const account = await newcomer(at.server);
    await page.goto(`${at.site}/sign-in`);
    await signInAt(page, account);
    await page.getByText('Something went wrong. Try again.').waitFor();
    assert.deepEqual(await sessionsOf(at.server, account), []);
    await page.context().close();
  });
});

describe('with POSTERN_DPOP_NONCE=on too', { skip }, () => {
  const at = withPages({ env: { POSTERN_DPOP: 'required', POSTERN_DPOP_NONCE: 'on' } });

  it('a page takes the nonce that it is given, and asks again', async () => {
    const { account, page, heard } = await signedIn(at);
    await saveJob(page, 'Countess');
    await page.reload();
    await page.waitForFunction(() => document.getElementById('profile-job').value === 'Countess');
    assert.match((await sessionsOf(at.server, account))[0].jkt, /^[\w-]{43}$/);
    await close({ page, heard }, at.site);
  });
});

describe('with POSTERN_DPOP=optional', { skip }, () => {
  const at = withPages();

  it('a page makes no key: a proxy that asks for its cookie alone goes on working', async () => {
    const { account, calls, page, heard } = await signedIn(at);
    assert.equal((await stored(page)).databases, 0);
    assert.equal((await sessionsOf(at.server, account))[0].jkt, null);
    assert.deepEqual(calls.filter(([, , scheme]) => scheme !== 'Bearer'), []);
    const [cookie] = await page.context().cookies();
    const answer = await at.server.call('GET', '/verify', { headers: { Cookie: `${cookie.name}=${at.server.canaries.remember(cookie.value)}` } });
    assert.equal(answer.status, 200, answer.text);
    await close({ page, heard }, at.site);
  });
});
