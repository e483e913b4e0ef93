// Proofs of possession (DPoP, RFC 9449), where the service takes no token without one. The key belongs to this browser: it signs here, and no
// script can read it. Windows share it, since they share the cookie that is bound to it.
const encoder = new TextEncoder();

export const due = document.querySelector('meta[name=dpop]')?.content === 'required';

let nonce; // the service's last one
let ahead_ms = 0; // of the service's clock to this one: a proof tells when it was made
let keys; // a promise of the pair

const settled = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

function openStore() {
  const request = indexedDB.open('postern', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('keys');
  return settled(request);
}

// Of windows that make one at the same time the first wins.
async function findOrMake() {
  const fresh = crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
  const [database, made] = await Promise.all([openStore(), fresh]);
  const store = database.transaction('keys', 'readwrite').objectStore('keys');
  const known = await settled(store.get('dpop'));
  if (known === undefined) await settled(store.put(made, 'dpop'));
  database.close();
  return known ?? made;
}

const base64url = (bytes) => globalThis.SimpleWebAuthnBrowser.bufferToBase64URLString(bytes);
const part = (value) => base64url(encoder.encode(JSON.stringify(value)));
const hashOf = async (text) => base64url(await crypto.subtle.digest('SHA-256', encoder.encode(text)));

// For this one request; token: the access token that goes with it, if one does.
export async function make(method, address, token) {
  keys ??= findOrMake();
  const { publicKey, privateKey } = await keys;
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
  const head = part({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } });
  const body = part({
    jti: crypto.randomUUID(),
    htm: method,
    htu: address,
    iat: Math.floor((Date.now() + ahead_ms) / 1000),
    nonce,
    ath: token && (await hashOf(token)),
  });
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, encoder.encode(`${head}.${body}`));
  return `${head}.${body}.${base64url(signature)}`;
}

// What an answer says about the next proof.
export function learn(response) {
  nonce = response.headers.get('DPoP-Nonce') ?? nonce;
  const clock = Date.parse(response.headers.get('Date'));
  if (!Number.isNaN(clock)) ahead_ms = clock - Date.now();
}

// Refused for its nonce or its moment; the answer told both, so another one may be right.
export const mayRetry = ({ code }) => due && ['use_dpop_nonce', 'dpop_proof_invalid'].includes(code);
