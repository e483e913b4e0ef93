// The API's page in a real browser: Swagger UI under its strict policy, from sign-up to one's own profile by "Try it out".
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NO_CHROMIUM, findChromium, launch, openPage, overflow, screenshot } from '../support/browser.mjs';
import { operations } from '../support/openapi.mjs';
import { startServer } from '../support/server.mjs';

const skip = (await findChromium()) === undefined && NO_CHROMIUM;
let server, browser;

before(async () => {
  if (skip) return;
  server = await startServer();
  browser = await launch();
});

after(async () => {
  if (skip) return;
  await browser.close();
  assert.equal(await server.stop(), 0);
});

async function openDocs(options) {
  const { page, heard } = await openPage(browser, options);
  await page.goto(`${server.url}/docs`);
  await page.locator('.opblock').first().waitFor();
  return { page, heard };
}

// The block of an operation, opened and run as it stands: { status, json }.
async function tryOut(page, operationId) {
  const block = page.locator(`[id$="-${operationId}"]`);
  await block.locator('.opblock-summary-control').click();
  await block.getByRole('button', { name: 'Try it out' }).click();
  await block.getByRole('button', { name: 'Execute' }).click();
  const answer = block.locator('.live-responses-table tbody tr').first();
  await answer.waitFor();
  const status = Number((await answer.locator('.response-col_status').innerText()).trim());
  const body = await answer.locator('.highlight-code code').first().innerText();
  return { status, json: JSON.parse(body) };
}

async function authorize(page, token) {
  await page.getByRole('button', { name: 'Authorize' }).first().click();
  const bearer = page.locator('.auth-container').filter({ has: page.locator('#auth-bearer-value') });
  await bearer.locator('input').fill(token);
  await bearer.locator('.authorize').click();
  await page.locator('.auth-btn-wrapper .btn-done').first().click();
}

test('the policy lets in neither other hosts nor inline scripts and styles', { skip }, async () => {
  const { headers, text } = await server.call('GET', '/docs');
  assert.doesNotMatch(headers['content-security-policy'], /unsafe|https?:|\*/);
  assert.match(headers['content-security-policy'], /^default-src 'none'; script-src 'self'; style-src 'self';/);
  assert.doesNotMatch(text, /<script>|<style|style=|onload=/);
});

test('every operation is shown, and nothing is asked of another host', { skip }, async () => {
  const { page, heard } = await openDocs({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
  assert.equal(await page.locator('.opblock').count(), operations.length);
  assert.deepEqual(heard.requests.filter((url) => !url.startsWith(`${server.url}/`) && !url.startsWith('data:')), []);
  assert.deepEqual(heard.faults, []);
  await screenshot(page, 'docs-light');
  await page.context().close();
});

test('"Try it out" signs up, signs in and reads the profile', { skip }, async () => {
  const { page, heard } = await openDocs({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
  assert.equal((await tryOut(page, 'createUser')).status, 201);
  const { status, json } = await tryOut(page, 'login');
  assert.equal(status, 200);
  server.canaries.rememberIn(json);
  await authorize(page, json.access_token);
  assert.equal((await tryOut(page, 'readMe')).json.email, 'ada@example.com');
  assert.deepEqual(heard.faults, []);
  await screenshot(page, 'docs-try', { fullPage: false });
  await page.context().close();
});

test('a token is forgotten with the page', { skip }, async () => {
  const { page } = await openDocs();
  await authorize(page, 'a.b.c');
  assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [0, 0, '']);
  await page.context().close();
});

test('it fits a phone, in the dark too', { skip }, async () => {
  for (const colorScheme of ['light', 'dark']) {
    const { page, heard } = await openDocs({ viewport: { width: 375, height: 812 }, colorScheme });
    assert.equal(await overflow(page), 0);
    await page.locator('[id$="-listUsers"] .opblock-summary-control').click();
    await page.locator('[id$="-listUsers"] .responses-table').waitFor();
    assert.equal(await overflow(page), 0, 'with an open operation');
    assert.equal(await page.evaluate(() => document.documentElement.classList.contains('dark-mode')), colorScheme === 'dark');
    assert.deepEqual(heard.faults, []);
    await screenshot(page, `docs-phone-${colorScheme}`);
    await page.context().close();
  }
});

test('no token of the browser is in logs, audit trail and database', { skip }, async () => {
  await server.assertNoCanary();
});
