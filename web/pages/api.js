// Calls of this service. The access token lives in this module and nowhere else; the refresh token lies in a cookie that no script reads.
import * as proofs from './proofs.js';

const base = new URL('../../', import.meta.url); // of /pages/VERSION/api.js
const SPARE_MS = 30_000; // a token that ends so soon is renewed first
const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('postern') : undefined;

let access; // { token, until }

export class Refusal extends Error {
  constructor({ status = 0, code = 'offline', detail = '', errors = [], wait, challenge = '' }) {
    super(detail);
    Object.assign(this, { status, code, errors, wait, challenge });
  }
}

export const addressOf = (path) => new URL(path, base).href;

export function goTo(path) {
  location.assign(addressOf(path));
}

async function answerOf(response) {
  const text = await response.text();
  const json = /[/+]json\b/.test(response.headers.get('Content-Type') ?? '') && text !== '' ? JSON.parse(text) : undefined;
  if (response.ok) return json;
  throw new Refusal({
    code: 'unreadable',
    ...json,
    status: response.status,
    wait: Number(response.headers.get('Retry-After')) || undefined,
    challenge: response.headers.get('WWW-Authenticate') ?? '',
  });
}

async function headersFor(method, path, { body, token }) {
  const headers = { 'X-Postern-Client': 'web' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (token !== undefined) headers.Authorization = `${proofs.due ? 'DPoP' : 'Bearer'} ${token}`;
  if (proofs.due) headers.DPoP = await proofs.make(method, addressOf(path), token);
  return headers;
}

// A refresh goes on when its page is left: else the next page would bring a cookie that is spent.
async function exchange(method, path, what) {
  const headers = await headersFor(method, path, what);
  const keepalive = path === 'token/refresh';
  let response;
  try {
    response = await fetch(addressOf(path), { method, headers, keepalive, cache: 'no-store', body: what.body && JSON.stringify(what.body) });
  } catch {
    throw new Refusal({});
  }
  proofs.learn(response);
  return answerOf(response);
}

// One exchange, as it is. what: { body, token }
export async function send(method, path, what = {}) {
  try {
    return await exchange(method, path, what);
  } catch (refusal) {
    if (!proofs.mayRetry(refusal)) throw refusal;
    return exchange(method, path, what);
  }
}

// Answers of /login and its like.
export function keep(tokens) {
  access = { token: tokens.access_token, until: Date.now() + tokens.expires_in * 1000 };
  return tokens;
}

export function forget() {
  access = undefined;
  channel?.postMessage('signed-out');
}

export function onSignedOut(act) {
  if (channel !== undefined) channel.onmessage = ({ data }) => data === 'signed-out' && act();
}

const isFresh = () => access !== undefined && Date.now() < access.until - SPARE_MS;

// Tabs share the cookie, so one after the other.
const inTurn = (act) => (navigator.locks === undefined ? act() : navigator.locks.request('postern-refresh', act));
const refresh = async () => keep(await send('POST', 'token/refresh', { body: {} }));

// A token that tells what the session has become.
export const renew = () => inTurn(refresh);

async function token() {
  if (!isFresh()) await inTurn(async () => isFresh() || refresh());
  return access.token;
}

const STALE = ['token_expired', 'token_invalid'];
const ENDED = ['session_ended', 'refresh_token_invalid', 'token_missing'];
let stronger = async () => false;

// How to ask for a fresh or stronger sign-in; true: it was given, try again.
export function onStrongerNeeded(act) {
  stronger = act;
}

const NEVER = new Promise(() => {}); // the page is on its way elsewhere

async function tried(method, path, body) {
  try {
    return await send(method, path, { body, token: await token() });
  } catch (refusal) {
    if (!STALE.includes(refusal.code)) throw refusal;
    access = undefined;
    return send(method, path, { body, token: await token() });
  }
}

// A call in the name of who is signed in.
export async function call(method, path, body) {
  try {
    return await tried(method, path, body);
  } catch (refusal) {
    if (ENDED.includes(refusal.code)) {
      forget();
      goTo('sign-in#ended');
      return NEVER;
    }
    if (!(await stronger(refusal))) throw refusal;
    return tried(method, path, body);
  }
}
