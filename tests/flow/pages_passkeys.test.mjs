// People at the pages with security keys and passkeys, in a real browser with authenticators in software.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_CHROMIUM, findChromium } from '../support/browser.mjs';
import {
  BOUND, KEY, OLD_KEY, PASSKEY, PHONE, assertClean, heading, hearSignals, look, newcomer, plugIn, signInAt, withPages,
} from '../support/pages.mjs';
import { agedTicket } from '../support/tickets.mjs';

const skip = (await findChromium()) === undefined && NO_CHROMIUM;
const at = withPages();
const close = async ({ page, heard }) => {
  assertClean(heard, at.site);
  await page.context().close();
};

async function signedIn({ kind = PASSKEY, ...options } = {}) {
  const account = await newcomer(at.server);
  const window = await at.open('/sign-in', options);
  const key = await plugIn(window.page, kind);
  await signInAt(window.page, account);
  await heading(window.page, 'Profile');
  await window.page.getByRole('link', { name: 'Keys and passkeys' }).click();
  await heading(window.page, 'Security keys and passkeys');
  return { account, key, ...window };
}

async function addKey(page, name) {
  await page.getByLabel('Name of the key').fill(name);
  await page.getByRole('button', { name: 'Add key or passkey' }).click();
  await page.getByText(`${name} is added.`).waitFor();
}

const signOut = async (page) => {
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByText('You are signed out.').waitFor();
};

describe('adding a key', { skip }, () => {
  for (const [what, kind, badge] of [
    ['a synced passkey', PASSKEY, 'synced'],
    ['a passkey that stays on its device', BOUND, 'on one device'],
    ['a security key with a PIN', KEY, 'on one device'],
    ['a security key that knows nobody', OLD_KEY, 'on one device'],
  ])
    it(`takes ${what}`, async () => {
      const { page, key, heard } = await signedIn({ kind });
      await page.getByText('There is none yet.').waitFor();
      await addKey(page, 'Blue');
      const row = page.getByRole('listitem').filter({ hasText: 'Blue' });
      await row.getByText(badge).waitFor();
      assert.equal(await row.locator(kind === PASSKEY || kind === BOUND ? '.glyph.device' : '.glyph.security_key').count(), 1);
      assert.equal((await key.credentials()).length, 1);
      await close({ page, heard });
    });

  it('draws what happens, with the messages themselves', async () => {
    const { page, heard } = await signedIn();
    await page.getByRole('button', { name: 'Show what happens' }).click();
    await addKey(page, 'Blue');
    const steps = page.locator('#trace li');
    assert.equal(await steps.count(), 7);
    assert.equal(await page.locator('#trace svg .step').count(), 7);
    const messages = await page.locator('#trace pre').evaluateAll((list) => list.map((pre) => JSON.parse(pre.textContent)));
    const [begin, options, asked, made, sent, record] = messages;
    assert.deepEqual(begin, { name: 'Blue' });
    assert.equal(options.publicKey.rp.id, 'localhost');
    assert.equal(asked.challenge, options.publicKey.challenge);
    assert.deepEqual([made.response.clientDataJSON.type, made.response.clientDataJSON.origin, made.response.clientDataJSON.challenge],
      ['webauthn.create', at.site, asked.challenge]);
    assert.equal(made.response.authenticatorData.flags['UV user verified'], true);
    assert.equal(sent.ceremony, options.ceremony);
    assert.deepEqual([record.id, record.name], [made.id, 'Blue']);
    await steps.nth(1).locator('summary').click();
    await look(page, 'passkeys-what-happens');
    await close({ page, heard });
  });

  it('draws a signature too, and leaves the tokens out', async () => {
    const { page, heard } = await signedIn();
    await addKey(page, 'Blue');
    await page.getByRole('button', { name: 'Show what happens' }).click();
    await page.getByRole('button', { name: 'Try a key' }).click();
    await page.getByText('It works.').waitFor();
    const messages = await page.locator('#trace pre').evaluateAll((list) => list.map((pre) => JSON.parse(pre.textContent)));
    assert.equal(messages.length, 6);
    assert.equal(messages[3].response.clientDataJSON.type, 'webauthn.get');
    assert.deepEqual([messages[5].access_token, messages[5].token_type], ['…', 'Bearer']);
    await close({ page, heard });
  });

  it('shows the waiting while it waits, and that it was left, with no key made: 7.1-2-create', async () => {
    const { page, key, heard } = await signedIn();
    await key.touch(false);
    await page.getByRole('button', { name: 'Show what happens' }).click();
    await page.getByRole('button', { name: 'Add key or passkey' }).click();
    await page.locator('#trace .waiting').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Add key or passkey' }).isDisabled(), true);
    await page.evaluate(() => globalThis.SimpleWebAuthnBrowser.WebAuthnAbortService.cancelCeremony());
    await page.locator('#trace .failed').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Add key or passkey' }).isEnabled(), true);
    assert.deepEqual(await key.credentials(), []);
    await close({ page, heard });
  });

  it('knows a key that is there already', async () => {
    const { page, key, heard } = await signedIn();
    await addKey(page, 'Blue');
    await page.getByRole('button', { name: 'Add key or passkey' }).click();
    await page.getByText('This key is registered already.').waitFor();
    assert.equal((await key.credentials()).length, 1);
    await close({ page, heard });
  });

  it('names no key at an address of numbers', async () => {
    const { page } = await at.open('/sign-in');
    await page.goto(`http://127.0.0.1:${at.server.port}/sign-in`);
    await page.getByText(`Use localhost:${at.server.port} to try passkeys`).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Sign in with a passkey' }).count(), 0);
    await page.context().close();
  });
});

describe('keeping keys', { skip }, () => {
  it('names one anew, and removes it after a question; the browser hears of it', async () => {
    const account = await newcomer(at.server);
    const { page, heard } = await at.open('/sign-in');
    await hearSignals(page);
    await page.reload();
    const key = await plugIn(page);
    await signInAt(page, account);
    await heading(page, 'Profile');
    await page.goto(`${at.site}/account#passkeys`);
    await addKey(page, 'Blue');
    await page.getByRole('button', { name: 'Rename Blue' }).click();
    await page.getByLabel('Name of the key').first().fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('This is needed.').waitFor();
    await page.getByLabel('Name of the key').first().fill('Green');
    await page.keyboard.press('Enter');
    await page.getByText('Renamed.').waitFor();
    await look(page, 'passkeys-one');
    const [{ credentialId }] = await key.credentials();
    await page.getByRole('button', { name: 'Remove Green' }).click();
    await page.getByRole('dialog', { name: 'Remove Green?' }).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('Green is removed.').waitFor();
    await page.getByText('There is none yet.').waitFor();
    const told = ['signalUnknownCredential', 'signalAllAcceptedCredentials', 'signalCurrentUserDetails'];
    await page.waitForFunction((names) => window.signals.slice(-3).map(([name]) => name).join() === names.join(), told);
    const [[, gone], [, left], [, who]] = (await page.signals()).slice(-3);
    assert.deepEqual(gone, { rpId: 'localhost', credentialId: Buffer.from(credentialId, 'base64').toString('base64url') });
    assert.deepEqual([left.rpId, left.allAcceptedCredentialIds, left.userId], ['localhost', [], who.userId]);
    assert.deepEqual([who.name, who.displayName], [account.email, account.name]);
    await close({ page, heard });
  });

  // The last two signals once there are as many as this: which credentials are good, and who has them.
  async function toldOf(page, count) {
    await page.waitForFunction((n) => window.signals.length >= n, count);
    const signals = await page.signals();
    assert.equal(signals.length, count, JSON.stringify(signals));
    const [[first, good], [second, who]] = signals.slice(-2);
    assert.deepEqual([first, second], ['signalAllAcceptedCredentials', 'signalCurrentUserDetails']);
    assert.deepEqual([good.rpId, who.rpId, good.userId], ['localhost', 'localhost', who.userId]);
    return { good: good.allAcceptedCredentialIds.sort(), name: who.name, displayName: who.displayName, userId: who.userId };
  }

  it('tells the browser of all of them, and of their owner, whenever one or the other has a new name', async () => {
    const account = await newcomer(at.server);
    const { page, heard } = await at.open('/sign-in');
    await hearSignals(page);
    await signInAt(page, account);
    await heading(page, 'Profile');
    const keys = [];
    await page.goto(`${at.site}/account#passkeys`);
    await page.getByText('There is none yet.').waitFor();
    for (const [name, kind] of [['Blue', PASSKEY], ['Red', KEY]]) {
      const key = await plugIn(page, kind);
      await addKey(page, name);
      keys.push(...(await key.credentials()));
      await key.unplug();
    }
    const ids = keys.map(({ credentialId }) => Buffer.from(credentialId, 'base64').toString('base64url')).sort();
    const userId = Buffer.from(keys[0].userHandle, 'base64').toString('base64url');

    await page.reload();
    const expected = { good: ids, name: account.email, displayName: account.name, userId };
    assert.deepEqual(await toldOf(page, 2), expected);
    await page.getByRole('button', { name: 'Rename Blue' }).click();
    await page.getByLabel('Name of the key').first().fill('Azure');
    await page.keyboard.press('Enter');
    await page.getByText('Renamed.').waitFor();
    assert.deepEqual(await toldOf(page, 4), expected);

    await page.getByRole('link', { name: 'Profile' }).click();
    await page.getByLabel('Full name').fill('Ada King');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved.').waitFor();
    assert.deepEqual(await toldOf(page, 6), { ...expected, displayName: 'Ada King' });
    await close({ page, heard });
  });

  it('tells the browser nothing of a profile without keys', async () => {
    const account = await newcomer(at.server);
    const { page, heard } = await at.open('/sign-in');
    await hearSignals(page);
    await signInAt(page, account);
    await heading(page, 'Profile');
    await page.getByLabel('Full name').fill('Ada King');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved.').waitFor();
    await page.waitForLoadState('networkidle');
    assert.deepEqual(await page.signals(), []);
    await close({ page, heard });
  });

  for (const [what, spoil] of [
    ['knows no signals', () => ['UnknownCredential', 'AllAcceptedCredentials', 'CurrentUserDetails'].forEach((name) => delete PublicKeyCredential[`signal${name}`])],
    ['refuses them', () => ['UnknownCredential', 'AllAcceptedCredentials', 'CurrentUserDetails'].forEach((name) => {
      PublicKeyCredential[`signal${name}`] = () => Promise.reject(new DOMException('no', 'SecurityError'));
    })],
  ])
    it(`works where the browser ${what}`, async () => {
      const account = await newcomer(at.server);
      const { page, heard } = await at.open('/sign-in');
      await page.addInitScript(spoil);
      await plugIn(page);
      await signInAt(page, account);
      await heading(page, 'Profile');
      await page.goto(`${at.site}/account#passkeys`);
      await addKey(page, 'Blue');
      await page.getByRole('button', { name: 'Rename Blue' }).click();
      await page.getByLabel('Name of the key').first().fill('Green');
      await page.keyboard.press('Enter');
      await page.getByText('Renamed.').waitFor();
      await page.getByRole('button', { name: 'Remove Green' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
      await page.getByText('Green is removed.').waitFor();
      await close({ page, heard });
    });

  it('says so when the ceremony has taken too long, and adds nothing; begun again it works', async () => {
    const { page, heard } = await signedIn();
    const late = (route) => {
      const body = route.request().postDataJSON();
      return route.continue({ postData: { ...body, ceremony: agedTicket(at.server.folder, body.ceremony, 'passkey_add', 300) } });
    };
    await page.route('**/webauthn/register/complete', late, { times: 1 });
    await page.getByRole('button', { name: 'Add key or passkey' }).click();
    await page.getByText('That took too long. Begin again.').waitFor();
    await page.reload();
    await page.getByText('There is none yet.').waitFor();
    await addKey(page, 'Blue');
    await close({ page, heard });
  });

  it('is the same in two windows', async () => {
    const { page, heard } = await signedIn();
    await addKey(page, 'Blue');
    const twin = await page.context().newPage();
    await twin.goto(`${at.site}/account#passkeys`);
    await twin.getByRole('button', { name: 'Remove Blue' }).click();
    await twin.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await twin.getByText('There is none yet.').waitFor();
    await page.getByRole('button', { name: 'Remove Blue' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('There is no such key any more.').waitFor();
    await close({ page, heard });
  });
});

describe('signing in with a key', { skip }, () => {
  it('works as the second step after the password', async () => {
    const { account, page, heard } = await signedIn({ kind: OLD_KEY });
    await addKey(page, 'Blue');
    await signOut(page);
    await signInAt(page, account);
    await heading(page, 'One more step');
    await look(page, 'second-step');
    await page.getByRole('button', { name: 'Use key or passkey' }).click();
    await heading(page, 'Profile');
    await page.getByRole('link', { name: 'Signed-in devices' }).click();
    await page.getByText(/with a password and a key/).waitFor();
    await close({ page, heard });
  });

  it('works with a passkey and no name at all', async () => {
    const { page, heard } = await signedIn();
    await addKey(page, 'Phone');
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    // The browser offers passkeys where names are filled in; this authenticator takes the offer at once.
    await heading(page, 'Profile');
    await close({ page, heard });
  });

  it('is offered by a button, where the browser fills none in', async () => {
    const { page, heard } = await signedIn();
    await addKey(page, 'Phone');
    await page.addInitScript(() => {
      PublicKeyCredential.isConditionalMediationAvailable = async () => false;
    });
    await signOut(page);
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await heading(page, 'Profile');
    await page.getByRole('link', { name: 'Keys and passkeys' }).click();
    await page.getByText(/last used/).waitFor();
    await close({ page, heard });
  });

  it('with a passkey that the service does not know any more is refused, and the browser hears of it', async () => {
    const account = await newcomer(at.server);
    const { page, heard } = await at.open('/sign-in');
    await hearSignals(page);
    const key = await plugIn(page);
    await signInAt(page, account);
    await heading(page, 'Profile');
    await page.goto(`${at.site}/account#passkeys`);
    await addKey(page, 'Phone');
    const [{ credentialId }] = await key.credentials();
    await at.server.query('DELETE FROM webauthn_credentials', { write: true });
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByText('This key or passkey opens no account here.').waitFor();
    const id = Buffer.from(credentialId, 'base64').toString('base64url');
    assert.deepEqual((await page.signals()).at(-1), ['signalUnknownCredential', { rpId: 'localhost', credentialId: id }]);
    await close({ page, heard });
  });

  it('that is left opens nothing, and may be tried again: 7.2-2-get', async () => {
    const { account, page, key, heard } = await signedIn({ kind: OLD_KEY });
    await addKey(page, 'Blue');
    await signOut(page);
    await signInAt(page, account);
    await heading(page, 'One more step');
    await key.touch(false);
    const use = page.getByRole('button', { name: 'Use key or passkey' });
    await use.click();
    await page.waitForFunction((button) => {
      globalThis.SimpleWebAuthnBrowser.WebAuthnAbortService.cancelCeremony();
      return !button.disabled;
    }, await use.elementHandle());
    await heading(page, 'One more step');
    const sessions = await at.server.query(`SELECT COUNT(*) AS n FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = '${account.email}'`);
    assert.equal(Number(sessions[0].n), 1, 'the one of the first sign-in');
    await key.touch(true);
    await use.click();
    await heading(page, 'Profile');
    await close({ page, heard });
  });

  it('with a copied key is refused', async () => {
    const { account, page, key, heard } = await signedIn({ kind: KEY });
    await addKey(page, 'Blue');
    await page.getByRole('button', { name: 'Try a key' }).click();
    await page.getByText('It works.').waitFor();
    await key.touch(false);
    await signOut(page);
    await key.setCounter(1);
    await signInAt(page, account);
    await heading(page, 'One more step');
    await key.touch(true);
    await page.getByRole('button', { name: 'Use key or passkey' }).click();
    await page.getByText('This key or passkey opens no account here.').waitFor();
    await look(page, 'second-step-key-refused');
    await close({ page, heard });
  });

  it('from another origin of this machine is refused', async () => {
    const account = await newcomer(at.server);
    const { page } = await at.open('/sign-in');
    await page.goto(`http://evil.localhost:${at.server.port}/sign-in`);
    await signInAt(page, account);
    await page.getByText('This page is not at the address that the service is set up for.').waitFor();
    await page.context().close();
  });
});

describe('signing up with a passkey alone', { skip }, () => {
  it('makes the account and signs in', async () => {
    const { page, heard } = await at.open('/sign-up');
    const key = await plugIn(page);
    await page.getByLabel('User name').fill('grace');
    await page.getByLabel('Your name').fill('Grace Hopper');
    await page.getByRole('button', { name: 'Create account with passkey' }).click();
    await heading(page, 'Profile');
    await page.waitForFunction(() => document.getElementById('profile-username').value === 'grace');
    assert.equal((await key.credentials()).length, 1);
    await close({ page, heard });
  });

  it('says that a user name is taken, and leaves nothing behind when it is left', async () => {
    const { page, heard } = await at.open('/sign-up');
    const key = await plugIn(page);
    await key.verify(false);
    await page.getByLabel('User name').fill('nobody.yet');
    await page.getByRole('button', { name: 'Create account with passkey' }).click();
    await page.getByText('The key or passkey did not answer').waitFor();
    assert.deepEqual(await at.server.query("SELECT id FROM users WHERE username = 'nobody.yet'"), []);
    await key.verify(true);
    await at.server.call('POST', '/register', { body: { username: 'taken.name', password: 'correct horse battery' } });
    await page.getByLabel('User name').fill('taken.name');
    await page.getByRole('button', { name: 'Create account with passkey' }).click();
    await page.getByText('This user name is taken.').waitFor();
    await close({ page, heard });
  });
});

describe('how it looks', { skip }, () => {
  for (const colorScheme of ['light', 'dark'])
    for (const [size, options] of [['desk', {}], ['phone', PHONE]])
      it(`${colorScheme}, on a ${size}`, async () => {
        const { page, heard } = await signedIn({ ...options, colorScheme });
        await look(page, `passkeys-none-${size}-${colorScheme}`);
        await page.getByRole('button', { name: 'Show what happens' }).click();
        await addKey(page, 'Blue key');
        await page.locator('#trace li').nth(4).locator('summary').click();
        await look(page, `passkeys-${size}-${colorScheme}`);
        await close({ page, heard });
      });
});
