// People at the pages with an authenticator app, recovery codes, and where the service asks once more who it is.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_CHROMIUM, findChromium } from '../support/browser.mjs';
import { OLD_KEY, PHONE, assertClean, heading, look, newcomer, plugIn, setUpApp, signInAt, withPages } from '../support/pages.mjs';
import { codeNow, rewind, wrongCode } from '../support/totp.mjs';

const skip = (await findChromium()) === undefined && NO_CHROMIUM;
const at = withPages();
const close = async ({ page, heard }) => {
  assertClean(heard, at.site);
  await page.context().close();
};

async function signedIn(section, title, options = {}, site = at) {
  const account = await newcomer(site.server);
  const window = await site.open('/sign-in', options);
  await signInAt(window.page, account);
  await heading(window.page, 'Profile');
  await window.page.goto(`${site.site}/account#${section}`);
  await heading(window.page, title);
  return { account, ...window };
}

async function makeCodes(page) {
  await page.getByRole('button', { name: 'Make ten codes' }).click();
  await page.getByRole('heading', { name: 'Your new codes' }).waitFor();
  const codes = await page.locator('#codes li').allInnerTexts();
  for (const code of codes) at.server.canaries.remember(code);
  return codes;
}

const signOut = async (page) => {
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByText('You are signed out.').waitFor();
};

const goTo = async (page, link, title = link) => {
  await page.getByRole('link', { name: link }).click();
  await heading(page, title);
};

// Long ago, for a session: what demands a fresh sign-in has to ask.
const age = (account) =>
  at.server.query(`UPDATE sessions SET auth_time_s = auth_time_s - 86400 WHERE user_id = (SELECT id FROM users WHERE public_id = '${account.id}')`, { write: true });

describe('an authenticator app', { skip }, () => {
  it('is set up with its first code, asked for at the next sign-in, and removed', async () => {
    const { account, page, heard } = await signedIn('authenticator', 'Authenticator app');
    await page.getByText('Not in use').waitFor();
    await page.getByRole('button', { name: 'Set up an app' }).click();
    await page.locator('#totp-secret:not(:empty)').waitFor();
    await page.waitForFunction(() => document.getElementById('totp-qr').naturalWidth > 0);
    await look(page, 'totp-set-up');
    const secret = (await page.locator('#totp-secret').innerText()).replace(/\s/g, '');
    at.server.canaries.remember(secret);
    await page.getByLabel('The code that the app shows now').fill(wrongCode(secret));
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('The code is not right, or was used before.').waitFor();
    await page.getByLabel('The code that the app shows now').fill(codeNow(secret).replace(/(...)/, '$1 '));
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('The app is set up.').waitFor();
    await page.getByText('In use', { exact: true }).waitFor();
    await rewind(at.server, account);
    await signOut(page);

    await signInAt(page, account);
    await heading(page, 'One more step');
    assert.equal(await page.evaluate(() => document.activeElement.autocomplete), 'one-time-code');
    await page.getByLabel('Code of your authenticator app').fill(wrongCode(secret));
    await page.keyboard.press('Enter');
    await page.getByText('The code is not right, or was used before.').waitFor();
    await look(page, 'second-step-code-refused');
    await page.getByLabel('Code of your authenticator app').fill(codeNow(secret));
    await page.keyboard.press('Enter');
    await heading(page, 'Profile');
    await goTo(page, 'Authenticator app');
    await page.getByRole('button', { name: 'Stop using the app' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stop using the app' }).click();
    await page.getByText('The app is not in use any more.').waitFor();
    await signOut(page);
    await signInAt(page, account);
    await heading(page, 'Profile');
    await close({ page, heard });
  });

  it('that is not confirmed changes nothing', async () => {
    const { account, page, heard } = await signedIn('authenticator', 'Authenticator app');
    await page.getByRole('button', { name: 'Set up an app' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Not in use').waitFor();
    await signOut(page);
    await signInAt(page, account);
    await heading(page, 'Profile');
    await close({ page, heard });
  });
});

describe('recovery codes', { skip }, () => {
  it('are shown once, and one of them opens the way to a new factor', async () => {
    const { account, page, heard } = await signedIn('authenticator', 'Authenticator app');
    await setUpApp(at.server, page, account);
    await goTo(page, 'Recovery codes');
    const codes = await makeCodes(page);
    assert.equal(codes.length, 10);
    await page.getByText('10 left').waitFor();
    await look(page, 'recovery-codes');
    const file = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download' }).click();
    assert.equal((await file).suggestedFilename(), 'recovery codes of Postern.txt');
    await goTo(page, 'Profile');
    await goTo(page, 'Recovery codes');
    assert.equal(await page.locator('#codes li').count(), 0);
    await signOut(page);

    await signInAt(page, account);
    await heading(page, 'One more step');
    await page.getByRole('button', { name: 'Recovery code' }).click();
    await page.getByLabel('Recovery code').fill('AAAA-AAAA-AAAA-AAAA-AAAA-AAAA');
    await page.keyboard.press('Enter');
    await page.getByText('The code is not right, or was used before.').waitFor();
    await look(page, 'second-step-recovery');
    await page.getByLabel('Recovery code').fill(codes[3].toLowerCase());
    await page.keyboard.press('Enter');
    await page.getByText('Your account needs a second step.').waitFor();
    await close({ page, heard });
  });

  it('are made anew after a question', async () => {
    const { page, heard } = await signedIn('recovery', 'Recovery codes');
    const first = await makeCodes(page);
    await page.getByRole('button', { name: 'Make new codes' }).click();
    await page.getByRole('dialog', { name: 'Make new codes?' }).getByRole('button', { name: 'Make new codes' }).click();
    await page.waitForFunction((old) => document.querySelector('#codes li').textContent !== old, first[0]);
    for (const code of await page.locator('#codes li').allInnerTexts()) at.server.canaries.remember(code);
    await close({ page, heard });
  });
});

describe('a change that wants a fresh sign-in', { skip }, () => {
  it('asks for the password where there is nothing stronger, and goes on', async () => {
    const { account, page, heard } = await signedIn('authenticator', 'Authenticator app');
    await age(account);
    await page.getByRole('button', { name: 'Set up an app' }).click();
    await page.getByRole('dialog', { name: 'Is it you?' }).waitFor();
    await look(page, 'is-it-you');
    await page.getByRole('dialog').getByLabel('Current password').fill('not my password');
    await page.getByRole('button', { name: 'Continue', exact: true }).click();
    await page.getByText('The current password is not right.').waitFor();
    await page.getByRole('dialog').getByLabel('Current password').fill(account.password);
    await page.getByRole('button', { name: 'Continue', exact: true }).click();
    await page.locator('#totp-secret:not(:empty)').waitFor();
    await close({ page, heard });
  });

  it('is left alone when the question is', async () => {
    const { account, page, heard } = await signedIn('authenticator', 'Authenticator app');
    await age(account);
    await page.getByRole('button', { name: 'Set up an app' }).click();
    await page.getByRole('dialog', { name: 'Is it you?' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('Sign in again before you do this.').waitFor();
    assert.equal(await page.locator('#totp-secret').innerText(), '');
    await close({ page, heard });
  });

  it('asks for the key where there is one', async () => {
    const { account, page, heard } = await signedIn('passkeys', 'Security keys and passkeys');
    await plugIn(page, OLD_KEY);
    await page.getByRole('button', { name: 'Add key or passkey' }).click();
    await page.getByText('is added.').waitFor();
    await age(account);
    await page.getByRole('button', { name: /^Remove / }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    const dialog = page.getByRole('dialog', { name: 'Is it you?' });
    await dialog.waitFor();
    assert.equal(await dialog.getByLabel('Current password').count(), 0);
    await dialog.getByRole('button', { name: 'Use key or passkey' }).click();
    await page.getByText('is removed.').waitFor();
    await close({ page, heard });
  });
});

describe('a change that wants a fresh sign-in, of who has an app', { skip }, () => {
  const inUse = async ({ id }) => (await at.server.query(`SELECT totp FROM users WHERE public_id = '${id}'`)).map(({ totp }) => Boolean(Number(totp)));

  it('asks for its code alone, stays undone while that is wrong, and goes on with a right one', async () => {
    const { account, page, heard } = await signedIn('authenticator', 'Authenticator app');
    const secret = await setUpApp(at.server, page, account);
    await age(account);
    await page.getByRole('button', { name: 'Stop using the app' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stop using the app' }).click();
    const dialog = page.getByRole('dialog', { name: 'Is it you?' });
    const code = dialog.getByLabel('Code of your authenticator app');
    await code.waitFor();
    assert.equal(await dialog.getByLabel('Current password').count(), 0, 'the password alone would be weaker');
    assert.equal(await code.getAttribute('autocomplete'), 'one-time-code');
    await look(page, 'is-it-you-code');

    await code.press('Enter');
    await dialog.getByText('This is needed.').waitFor();
    await code.fill(wrongCode(secret));
    await page.keyboard.press('Enter');
    await dialog.getByText('The code is not right, or was used before.').waitFor();
    assert.equal(await code.getAttribute('aria-invalid'), 'true');
    assert.equal(await code.evaluate((input) => input === document.activeElement), true);
    await look(page, 'is-it-you-code-refused');
    assert.deepEqual(await inUse(account), [true]);

    await code.fill(codeNow(secret).replace(/(...)/, '$1 '));
    await page.keyboard.press('Enter');
    await page.getByText('The app is not in use any more.').waitFor();
    await dialog.waitFor({ state: 'hidden' });
    assert.deepEqual(await inUse(account), [false]);
    await close({ page, heard });
  });

  it('is left alone after a wrong code, and asks anew the next time', async () => {
    const { account, page, heard } = await signedIn('authenticator', 'Authenticator app');
    const secret = await setUpApp(at.server, page, account);
    await goTo(page, 'Recovery codes');
    await age(account);
    await page.getByRole('button', { name: 'Make ten codes' }).click();
    const dialog = page.getByRole('dialog', { name: 'Is it you?' });
    const code = dialog.getByLabel('Code of your authenticator app');
    await code.fill(wrongCode(secret));
    await page.keyboard.press('Enter');
    await dialog.getByText('The code is not right, or was used before.').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Sign in again before you do this.').waitFor();
    assert.equal(await page.locator('#codes li').count(), 0);
    await page.getByRole('button', { name: 'Make ten codes' }).click();
    assert.equal(await code.inputValue(), '');
    assert.equal(await dialog.getByText('The code is not right').count(), 0);
    await code.fill(codeNow(secret));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Your new codes' }).waitFor();
    for (const text of await page.locator('#codes li').allInnerTexts()) at.server.canaries.remember(text);
    await close({ page, heard });
  });
});

describe('news of the account', { skip }, () => {
  it('stay until they were read', async () => {
    const { account, page, heard } = await signedIn('authenticator', 'Authenticator app');
    await setUpApp(at.server, page, account);
    await page.reload();
    await page.getByText(/^An authenticator app was added/).waitFor();
    await look(page, 'news');
    await page.getByRole('button', { name: 'Got it' }).click();
    await page.locator('#notices').waitFor({ state: 'hidden' });
    await page.reload();
    await page.getByText('In use', { exact: true }).waitFor();
    assert.equal(await page.locator('#notices li').count(), 0);
    await close({ page, heard });
  });
});

describe('where a second factor is demanded', { skip }, () => {
  const strict = withPages({ env: { POSTERN_MFA: 'required' } });

  it('a new account can do nothing before it has one', async () => {
    const account = await newcomer(strict.server);
    const { page, heard } = await strict.open('/sign-in');
    await plugIn(page);
    await signInAt(page, account);
    await page.getByText('Your account needs a second step.').waitFor();
    assert.equal(await page.getByRole('navigation').getByRole('link').count(), 2);
    await look(page, 'second-step-due');
    await page.getByRole('button', { name: 'Add key or passkey' }).click();
    await heading(page, 'Profile');
    assert.equal(await page.getByRole('navigation').getByRole('link').count(), 6);
    assertClean(heard, strict.site);
    await page.context().close();
  });
});

describe('how it looks', { skip }, () => {
  for (const colorScheme of ['light', 'dark'])
    for (const [size, options] of [['desk', {}], ['phone', PHONE]])
      it(`${colorScheme}, on a ${size}`, async () => {
        const { account, page, heard } = await signedIn('authenticator', 'Authenticator app', { ...options, colorScheme });
        await page.getByRole('button', { name: 'Set up an app' }).click();
        await page.waitForFunction(() => document.getElementById('totp-qr').naturalWidth > 0);
        await look(page, `totp-${size}-${colorScheme}`);
        await page.getByRole('button', { name: 'Cancel' }).click();
        await setUpApp(at.server, page, account);
        await goTo(page, 'Recovery codes');
        await makeCodes(page);
        await look(page, `recovery-${size}-${colorScheme}`);
        await page.reload();
        await page.getByRole('button', { name: 'Got it' }).first().waitFor();
        await look(page, `news-${size}-${colorScheme}`);
        await signOut(page);
        await signInAt(page, account);
        await heading(page, 'One more step');
        await look(page, `second-step-${size}-${colorScheme}`);
        await close({ page, heard });
      });
});
