// An authenticator app: RFC 6238 with node's own HMAC, and what the stories do with it.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { alter } from './story.mjs';

const STEP_S = 30;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export const stepNow = () => Math.floor(Date.now() / 1000 / STEP_S);

function bytesOf(base32) {
  const bits = [...base32].map((c) => BASE32.indexOf(c).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

// RFC 4226 5.3 over the step of RFC 6238 4.2.
export function codeAt(secret, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', bytesOf(secret)).update(counter).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1e6).padStart(6, '0');
}

export const codeNow = (secret, ahead = 0) => codeAt(secret, stepNow() + ahead);

// A code that no step near now has.
export function wrongCode(secret) {
  const near = new Set(Array.from({ length: 41 }, (_, i) => codeNow(secret, i - 20)));
  for (let n = 0; ; n++) if (!near.has(String(n).padStart(6, '0'))) return String(n).padStart(6, '0');
}

// So that what is computed for this step is not of the one before when it arrives. Comes true within five seconds.
export async function awayFromTheEdge() {
  while (Date.now() / 1000 % STEP_S > STEP_S - 5) await new Promise((resolve) => setTimeout(resolve, 100));
}

// Time passes for an account's app: the steps that were spent lie in the past.
export const rewind = (server, { id }) =>
  alter(server, `UPDATE totp SET last_step = 0 WHERE user_id = (SELECT id FROM users WHERE public_id = '${id}')`);

export const enroll = (server, token) => server.call('POST', '/mfa/totp/enroll', { token });
export const confirm = (server, token, code) => server.call('POST', '/mfa/totp/confirm', { token, body: { code } });

// Gives an account an app; its secret. The session is as strong as that from its next access token on, which the account then has.
export async function enrolled(server, account) {
  const { status, text, json } = await enroll(server, account.token);
  assert.equal(status, 200, text);
  const answer = await confirm(server, account.token, codeNow(json.secret));
  assert.equal(answer.status, 204, answer.text);
  await rewind(server, account);
  const fresh = await server.call('POST', '/token/refresh', { body: { refresh_token: account.tokens.refresh_token } });
  assert.equal(fresh.status, 200, fresh.text);
  Object.assign(account, { tokens: fresh.json, token: fresh.json.access_token });
  return json.secret;
}

// What is drawn in the SVG, as an image for a reader of QR codes: four pixels to a module.
export function imageOf(svg) {
  const side = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)[1]), scale = 4, width = side * scale;
  const data = new Uint8ClampedArray(width * width * 4).fill(255);
  let x = 0, y = 0;
  for (const [, command, a, , b] of svg.match(/stroke="#000" d="([^"]*)"/)[1].matchAll(/([Mmh])(\d+)( ([\d.]+))?/g)) {
    if (command === 'M') [x, y] = [Number(a), Math.floor(b)];
    else if (command === 'm') x += Number(a);
    else for (let end = x + Number(a); x < end; x++)
      for (let i = 0; i < scale * scale; i++) {
        const at = ((y * scale + Math.floor(i / scale)) * width + x * scale + (i % scale)) * 4;
        data.fill(0, at, at + 3);
      }
  }
  return { data, width, height: width };
}
