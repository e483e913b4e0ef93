// People at the pages with a password: sign up, sign in, look after the account, sign out.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { NO_CHROMIUM, findChromium } from '../support/browser.mjs';
import { startServer } from '../support/server.mjs';
import { PHONE, assertClean, heading, look, newcomer, signInAt, stored, withPages } from '../support/pages.mjs';

const skip = (await findChromium()) === undefined && NO_CHROMIUM;
const at = withPages();
const fault = (page, label) => page.getByLabel(label, { exact: true }).evaluate((input) => input.closest('.field').querySelector('.fault').textContent);
const close = async ({ page, heard }) => {
  assertClean(heard, at.site);
  await page.context().close();
};

async function signedIn(path = '', options = {}) {
  const account = await newcomer(at.server);
  const window = await at.open('/sign-in', options);
  await signInAt(window.page, account);
  await heading(window.page, 'Profile');
  if (path !== '') await window.page.goto(`${at.site}/account${path}`);
  return { account, ...window };
}

describe('signing up', { skip }, () => {
  it('ends signed in, with nothing kept where a script could read it', async () => {
    const { page, heard } = await at.open('/sign-up');
    await page.getByLabel('With a password').check();
    await page.getByLabel('Full name').fill('Ada Lovelace');
    await page.getByLabel('E-mail address').fill('ada.signup@example.com');
    await page.getByLabel('Date of birth').fill('1990-12-10');
    await page.getByLabel('Job title').fill('Engineer');
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
    await page.getByRole('button', { name: 'Create account', exact: true }).click();
    await heading(page, 'Profile');
    await page.waitForFunction(() => document.getElementById('profile-name').value === 'Ada Lovelace');
    assert.deepEqual(await stored(page), { local: {}, session: {}, cookie: '', databases: 0, caches: 0 });
    const [cookie] = await page.context().cookies();
    assert.deepEqual([cookie.name, cookie.httpOnly, cookie.secure, cookie.sameSite], ['__Host-postern-refresh', true, true, 'Strict']);
    at.server.canaries.remember(cookie.value);
    await close({ page, heard });
  });

  it('says at each field what is wrong, and puts the focus there', async () => {
    await newcomer(at.server, { email: 'taken@example.com' });
    const { page, heard } = await at.open('/sign-up');
    await page.getByLabel('With a password').check();
    const submit = page.getByRole('button', { name: 'Create account', exact: true });
    await submit.click();
    assert.equal(await fault(page, 'Full name'), 'This is needed.');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'name');
    await page.getByLabel('Full name').fill('Ada');
    await page.getByLabel('E-mail address').fill('nowhere');
    await page.getByLabel('Date of birth').fill('1990-12-10');
    await page.getByLabel('Job title').fill('Engineer');
    await page.getByLabel('Password', { exact: true }).fill('password1');
    await submit.click();
    await page.getByText('This is one of the passwords that are tried first.').waitFor();
    assert.equal(await fault(page, 'E-mail address'), 'Give an address such as name@example.com.');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'email');
    await look(page, 'sign-up-refused');
    await page.getByLabel('E-mail address').fill('Taken@example.com');
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
    await submit.click();
    await page.getByText('There is an account of this address already.').waitFor();
    assert.equal(await page.getByLabel('E-mail address').getAttribute('aria-invalid'), 'true');
    await close({ page, heard });
  });
});

describe('signing in', { skip }, () => {
  it('works with the keyboard alone', async () => {
    const account = await newcomer(at.server);
    const { page, heard } = await at.open('/sign-in');
    await page.getByLabel('E-mail address or user name').focus();
    await page.keyboard.type(account.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(account.password);
    await page.keyboard.press('Enter');
    await heading(page, 'Profile');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
    await close({ page, heard });
  });

  it('tells a wrong name and a wrong password in the same words', async () => {
    const account = await newcomer(at.server);
    const { page, heard } = await at.open('/sign-in');
    for (const wrong of [{ ...account, password: 'not my password' }, { email: 'nobody@example.com', password: 'x' }, { username: '!', password: 'x' }]) {
      await signInAt(page, wrong);
      await page.getByText('Name or password is not right.').waitFor();
      assert.equal(await page.getByRole('alert').count(), 1);
    }
    await look(page, 'sign-in-refused');
    await close({ page, heard });
  });

  it('says so when the service does not answer', async () => {
    const { page } = await at.open('/sign-in');
    await page.route('**/login', (route) => route.abort());
    await signInAt(page, { email: 'a@example.com', password: 'x' });
    await page.getByText('The service does not answer. Check your connection and try again.').waitFor();
    await page.context().close();
  });

  it('shows a password on demand, and hides it before it is sent', async () => {
    const { page, heard } = await at.open('/sign-in');
    const input = page.getByLabel('Password', { exact: true });
    await page.getByRole('button', { name: 'Show' }).click();
    assert.equal(await input.getAttribute('type'), 'text');
    await signInAt(page, { email: 'a@example.com', password: 'x' });
    await page.getByText('Name or password is not right.').waitFor();
    assert.equal(await input.getAttribute('type'), 'password');
    await close({ page, heard });
  });

  it('changes the language in place and keeps to it', async () => {
    const { page, heard } = await at.open('/sign-in');
    await page.getByRole('button', { name: 'Deutsch' }).click();
    await heading(page, 'Anmelden');
    await page.goto(`${at.site}/sign-up`);
    await heading(page, 'Konto anlegen');
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
    await page.getByRole('button', { name: 'English' }).click();
    await heading(page, 'Create an account');
    await close({ page, heard });
  });
});

describe('the account', { skip }, () => {
  it('sends who is not signed in to the sign-in', async () => {
    const { page, heard } = await at.open('/account');
    await page.getByText('Your session has ended. Sign in again to go on.').waitFor();
    await close({ page, heard });
  });

  it('stays where it is, and says so, when the profile can not be read', async () => {
    const { page } = await signedIn();
    await page.getByRole('link', { name: 'Signed-in devices' }).click();
    await heading(page, 'Signed-in devices');
    const profile = page.getByRole('link', { name: 'Profile' });
    await page.route('**/users/me', (route) => route.abort());
    await profile.click();
    await page.getByText('The service does not answer. Check your connection and try again.').waitFor();
    await heading(page, 'Signed-in devices');
    assert.equal(await profile.getAttribute('aria-current'), null);
    await page.unroute('**/users/me');
    await profile.click();
    await heading(page, 'Profile');
    await page.context().close(); // its console tells of the request that was cut
  });

  it('changes the profile, and only what was changed', async () => {
    const { page, heard } = await signedIn();
    const patch = page.waitForRequest((request) => request.method() === 'PATCH');
    await page.getByLabel('Job title').fill('Countess');
    await page.getByRole('button', { name: 'Save' }).click();
    assert.deepEqual((await patch).postDataJSON(), { job_title: 'Countess' });
    await page.getByText('Saved.').waitFor();
    await page.reload();
    await page.waitForFunction(() => document.getElementById('profile-job').value === 'Countess');
    await page.getByLabel('User name').fill('a');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Take 3 to 50 letters, digits and . _ - +').waitFor();
    await close({ page, heard });
  });

  it('changes the password, and signs other devices out', async () => {
    const { account, page, heard } = await signedIn('#password');
    const other = await at.open('/sign-in');
    await signInAt(other.page, account);
    await heading(other.page, 'Profile');
    await page.getByLabel('Current password').fill('not my password');
    await page.getByLabel('New password').fill('staple correct horse');
    const submit = page.getByRole('button', { name: 'Change password' });
    await submit.click();
    await page.getByText('The current password is not right.').waitFor();
    await page.getByLabel('Current password').fill(account.password);
    await submit.click();
    await page.getByText('Your password is changed. Other devices are signed out.').waitFor();
    await other.page.reload();
    await other.page.getByText('Your session has ended.').waitFor();
    await signInAt(other.page, { ...account, password: 'staple correct horse' });
    await heading(other.page, 'Profile');
    await close(other);
    await close({ page, heard });
  });

  it('lists devices and signs one out', async () => {
    const { account, page, heard } = await signedIn();
    const other = await at.open('/sign-in', { userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' });
    await signInAt(other.page, account);
    await heading(other.page, 'Profile');
    await page.getByRole('link', { name: 'Signed-in devices' }).click();
    await heading(page, 'Signed-in devices');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Signed-in devices');
    await page.getByText('this device', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Sign out Firefox on Linux' }).click();
    await page.getByText('Firefox on Linux is signed out.').waitFor();
    await other.page.getByLabel('Job title').fill('Thief');
    await other.page.getByRole('button', { name: 'Save' }).click();
    await other.page.getByText('Your session has ended.').waitFor();
    await close(other);
    await close({ page, heard });
  });

  it('in two windows is left in both', async () => {
    const { page, heard } = await signedIn();
    const twin = await page.context().newPage();
    await twin.goto(`${at.site}/account`);
    await heading(twin, 'Profile');
    await twin.getByRole('button', { name: 'Sign out', exact: true }).click();
    await twin.getByText('You are signed out.').waitFor();
    await page.getByText('You are signed out.').waitFor();
    await twin.goBack();
    await twin.getByText('Your session has ended.').waitFor();
    await close({ page, heard });
  });

  it('is left on every device at once', async () => {
    const { page, heard } = await signedIn('#devices');
    await page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByText('You are signed out.').waitFor();
    assert.deepEqual(await page.context().cookies(), []);
    await close({ page, heard });
  });

  it('is removed when its owner says so twice', async () => {
    const { account, page, heard } = await signedIn();
    await page.getByRole('button', { name: 'Remove account' }).click();
    await page.getByRole('dialog', { name: 'Remove your account?' }).waitFor();
    await look(page, 'account-remove');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Remove account' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove account' }).click();
    await page.getByText('Your account is removed.').waitFor();
    await signInAt(page, account);
    await page.getByText('Name or password is not right.').waitFor();
    await close({ page, heard });
  });

  it('renews its token when that has run out, in several windows at once', async () => {
    const { page, heard } = await signedIn();
    const windows = await Promise.all([0, 1, 2].map(() => page.context().newPage()));
    await Promise.all(windows.map((window) => window.goto(`${at.site}/account`)));
    await Promise.all(windows.map((window) => heading(window, 'Profile')));
    await close({ page, heard });
  });
});

describe('behind a proxy that has put a path in front', { skip }, () => {
  let proxy, own, site;
  before(async () => {
    proxy = http.createServer((request, response) => {
      const { method, url, headers } = request;
      const path = url.replace(/^\/gate(?=\/)/, '');
      const through = http.request({ port: own.port, host: '127.0.0.1', method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      request.pipe(through);
    });
    await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    site = `http://localhost:${proxy.address().port}`;
    own = await startServer({ env: { POSTERN_ISSUER: `${site}/gate` } });
  });
  after(async () => {
    proxy?.close();
    proxy?.closeAllConnections();
    assert.equal(await own?.stop(), 0);
  });

  it('all leads back beneath that path', async () => {
    const account = await newcomer(own);
    const { page, heard } = await at.open('/sign-in');
    await page.goto(`${site}/gate/`);
    await page.getByText('Your session has ended.').waitFor();
    assert.equal(new URL(page.url()).pathname, '/gate/sign-in');
    await signInAt(page, account);
    await heading(page, 'Profile');
    await page.goto(`${site}/gate/no/where`);
    await page.getByRole('link', { name: 'Go to your account' }).click();
    await heading(page, 'Profile');
    assert.equal(new URL(page.url()).pathname, '/gate/account');
    assert.deepEqual(heard.requests.filter((url) => url.startsWith(site) && !url.startsWith(`${site}/gate/`)), []);
    await page.context().close();
  });
});

describe('how it looks', { skip }, () => {
  for (const colorScheme of ['light', 'dark'])
    for (const [size, options] of [['desk', {}], ['phone', PHONE]])
      it(`${colorScheme}, on a ${size}`, async () => {
        const window = await at.open('/sign-in', { ...options, colorScheme });
        await look(window.page, `sign-in-${size}-${colorScheme}`);
        for (const [path, name] of [['/sign-up', 'sign-up'], ['/no/where', 'missing']]) {
          await window.page.goto(`${at.site}${path}`);
          await look(window.page, `${name}-${size}-${colorScheme}`);
        }
        await close(window);
        const { page, heard } = await signedIn('', { ...options, colorScheme });
        for (const [section, name] of [['profile', 'Profile'], ['password', 'Password'], ['devices', 'Signed-in devices']]) {
          await page.goto(`${at.site}/account#${section}`);
          await heading(page, name);
          await page.waitForLoadState('networkidle');
          await look(page, `account-${section}-${size}-${colorScheme}`);
        }
        await close({ page, heard });
      });

  it('German, on a phone', async () => {
    const window = await at.open('/sign-up', { ...PHONE, locale: 'de-DE' });
    await heading(window.page, 'Konto anlegen');
    await look(window.page, 'sign-up-phone-german');
    await close(window);
  });
});
