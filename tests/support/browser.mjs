// Debian's chromium, driven by playwright-core, for stories about pages.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { run, top } from './server.mjs';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

// The program, or undefined when there is none: then a story skips, and says why.
export async function findChromium() {
  const { code, stdout } = await run('sh', ['-c', 'command -v chromium']);
  return process.env.CHROMIUM ?? (code === 0 ? stdout.trim() : undefined);
}

export const NO_CHROMIUM = 'chromium is missing: run script/bootstrap test';

// Playwright gives each launch an empty profile of its own.
export async function launch() {
  return chromium.launch({ executablePath: await findChromium(), headless: true, args: FLAGS });
}

// A page that keeps what went wrong on it and what it asked for.
export async function openPage(browser, options) {
  const page = await (await browser.newContext(options)).newPage();
  const heard = { faults: [], requests: [] };
  page.on('console', (m) => m.type() === 'error' && heard.faults.push(m.text()));
  page.on('pageerror', (error) => heard.faults.push(error.message));
  page.on('requestfailed', (request) => heard.faults.push(`${request.url()}: ${request.failure().errorText}`));
  page.on('request', (request) => heard.requests.push(request.url()));
  await page.exposeFunction('tellViolation', (text) => heard.faults.push(text));
  await page.addInitScript(() =>
    document.addEventListener('securitypolicyviolation', (e) => window.tellViolation(`policy: ${e.violatedDirective} ${e.blockedURI}`)),
  );
  return { page, heard };
}

export async function screenshot(page, name, options = { fullPage: true }) {
  const folder = path.join(top, 'build', 'screenshots');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), ...options });
}

// How many pixels the page is wider than its window.
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
