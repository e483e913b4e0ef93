// People at the pages: a browser per story, found faults of accessibility, and pictures of what was seen.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import { findChromium, launch, openPage, overflow, screenshot } from './browser.mjs';
import { startServer } from './server.mjs';
import { endWell, person } from './story.mjs';
import { codeNow, rewind } from './totp.mjs';

export const DESK = { viewport: { width: 1280, height: 900 }, colorScheme: 'light', locale: 'en-GB' };
export const PHONE = { viewport: { width: 360, height: 740 }, colorScheme: 'light', locale: 'en-GB', hasTouch: true };

const LIMIT_MS = 30_000; // what a page has not done by then it never will

// Browsers have passkeys under a name, and the name of this machine is "localhost".
export const siteOf = (server) => `http://localhost:${server.port}`;

// A server and a browser for the stories of a file. at.open(path, options) is a window of its own.
export function withPages(options = {}) {
  const at = {};
  before(async () => {
    if ((await findChromium()) === undefined) return;
    at.server = await startServer(options);
    at.site = siteOf(at.server);
    at.browser = await launch();
    at.open = async (path, more = {}) => {
      const { page, heard } = await openPage(at.browser, { ...DESK, ...more });
      page.setDefaultTimeout(LIMIT_MS);
      await page.goto(`${at.site}${path}`);
      return { page, heard };
    };
  });
  after(async () => {
    await at.browser?.close();
    if (at.server !== undefined) await endWell(at.server);
  });
  return at;
}

// A browser tells of each refusal on its console; those are the service's answers, and no faults of a page. Nor is what was still
// being asked for when the page was left.
const NO_FAULTS = [/^Failed to load resource: the server responded with a status of 4/, /: net::ERR_ABORTED$/];

export function assertClean(heard, site) {
  assert.deepEqual(heard.faults.filter((text) => !NO_FAULTS.some((usual) => usual.test(text))), []);
  assert.deepEqual(heard.requests.filter((url) => !url.startsWith(`${site}/`) && !url.startsWith('data:') && !url.startsWith('blob:') && !url.startsWith('about:')), []);
}

// From the lowest card to the end of the page.
const roomBelow = (page) =>
  page.evaluate(() => {
    const cards = [...document.querySelectorAll('.door, .panel')].filter((card) => card.checkVisibility());
    return document.documentElement.scrollHeight - Math.max(...cards.map((card) => card.getBoundingClientRect().bottom + scrollY));
  });

// No finding that axe calls serious or worse, and nothing that hangs out of the window or sticks to its end; then a picture.
export async function look(page, name) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(grave.map(({ id, nodes }) => `${name}: ${id} ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`), []);
  assert.equal(await overflow(page), 0, `${name} is wider than its window`);
  assert.ok((await roomBelow(page)) >= 16, `${name} ends where its last card does`);
  await screenshot(page, name);
}

export const heading = (page, name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();

// An account that was made by a call, for a story that begins with signing in.
export async function newcomer(server, fields = {}) {
  const body = person(fields);
  const answer = await server.call('POST', '/users', { body });
  assert.equal(answer.status, 201, answer.text);
  return { ...body, id: answer.json.id };
}

export async function signInAt(page, account) {
  await page.getByLabel('E-mail address or user name').fill(account.email ?? account.username);
  await page.getByLabel('Password', { exact: true }).fill(account.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

// On the part of the account page for authenticator apps; its secret, no code of which is spent.
export async function setUpApp(server, page, account) {
  await page.getByRole('button', { name: 'Set up an app' }).click();
  await page.locator('#totp-secret:not(:empty)').waitFor();
  const secret = (await page.locator('#totp-secret').innerText()).replace(/\s/g, '');
  server.canaries.remember(secret);
  await page.getByLabel('The code that the app shows now').fill(codeNow(secret));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText('The app is set up.').waitFor();
  await rewind(server, account);
  return secret;
}

// What an access token would be found in, if a page kept one.
export const stored = (page) =>
  page.evaluate(async () => ({
    local: { ...localStorage },
    session: { ...sessionStorage },
    cookie: document.cookie,
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
  }));

// ---- authenticators of a browser (CDP, WebAuthn domain) ----

// A passkey of a computer or phone, kept in somebody's cloud; and two keys on a ring, with and without a PIN.
export const PASSKEY = { transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, defaultBackupEligibility: true, defaultBackupState: true };
export const BOUND = { ...PASSKEY, defaultBackupEligibility: false, defaultBackupState: false };
export const KEY = { transport: 'usb', hasResidentKey: true, hasUserVerification: true, isUserVerified: true };
export const OLD_KEY = { transport: 'usb', hasResidentKey: false, hasUserVerification: false };

export async function plugIn(page, kind = PASSKEY) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const options = { protocol: 'ctap2', ctap2Version: 'ctap2_1', automaticPresenceSimulation: true, ...kind };
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options });
  const send = (method, more = {}) => cdp.send(`WebAuthn.${method}`, { authenticatorId, ...more });
  return {
    credentials: async () => (await send('getCredentials')).credentials,
    touch: (enabled) => send('setAutomaticPresenceSimulation', { enabled }),
    verify: (isUserVerified) => send('setUserVerified', { isUserVerified }),
    unplug: () => send('removeVirtualAuthenticator'),
    // As a copy would have it that was made when the counter stood there.
    async setCounter(signCount) {
      for (const credential of (await send('getCredentials')).credentials) {
        await send('removeCredential', { credentialId: credential.credentialId });
        await send('addCredential', { credential: { ...credential, signCount } });
      }
    },
  };
}

// What a page tells the browser of its credentials: page.signals() lists [name, options].
export async function hearSignals(page) {
  await page.addInitScript(() => {
    window.signals = [];
    for (const name of ['signalUnknownCredential', 'signalAllAcceptedCredentials', 'signalCurrentUserDetails']) {
      const real = PublicKeyCredential[name];
      PublicKeyCredential[name] = async (options) => {
        await real?.call(PublicKeyCredential, options); // where there is one, it refuses what is malformed
        window.signals.push([name, options]);
      };
    }
  });
  page.signals = () => page.evaluate(() => window.signals);
}
