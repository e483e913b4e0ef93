// The ceremonies between the service, this page and an authenticator. Each tells a trace what goes over which line, as it goes.
import { Refusal, call, send } from './api.js';
import { show } from './dom.js';
import { t } from './text.js';

const { browserSupportsWebAuthn, browserSupportsWebAuthnAutofill, sendSignal, startAuthentication, startRegistration, WebAuthnAbortService } =
  globalThis.SimpleWebAuthnBrowser;

const isNumeric = /^(\d+\.){3}\d+$|^\[/.test(location.hostname); // WebAuthn wants a name
export const works = () => browserSupportsWebAuthn() && !isNumeric;
export const canFillIn = async () => works() && browserSupportsWebAuthnAutofill();

// Why there are none, where there are none.
export function explain(place) {
  if (works()) return;
  const address = `localhost${location.port && `:${location.port}`}`;
  place.textContent = isNumeric ? t('page.numeric_address', { address }) : t('page.no_passkeys');
  show(place);
}

const QUIET = { said() {}, went() {}, failed() {} }; // a trace that nobody looks at

// What a browser says of a ceremony that came to nothing, in codes of ours.
const CODES = {
  ERROR_CEREMONY_ABORTED: 'cancelled',
  ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED: 'key_known',
  ERROR_INVALID_DOMAIN: 'key_domain',
  ERROR_INVALID_RP_ID: 'key_domain',
  ERROR_AUTHENTICATOR_MISSING_DISCOVERABLE_CREDENTIAL_SUPPORT: 'key_unfit',
  ERROR_AUTHENTICATOR_MISSING_USER_VERIFICATION_SUPPORT: 'key_unfit',
  ERROR_AUTHENTICATOR_NO_SUPPORTED_PUBKEYCREDPARAMS_ALG: 'key_unfit',
};

function told(error) {
  if (error instanceof Refusal) return error;
  const code = CODES[error.code] ?? (error.cause?.name === 'NotAllowedError' || error.name === 'NotAllowedError' ? 'key_not_allowed' : 'key_failed');
  return new Refusal({ code, detail: error.message });
}

async function exchange(trace, act, path, body) {
  trace.said('browser', 'service', path, body);
  const answer = await act('POST', path, body);
  trace.said('service', 'browser', path, answer);
  return answer;
}

// Ask the authenticator; while it waits for a gesture, the trace says so.
async function ask(trace, kind, options, start) {
  trace.said('browser', 'authenticator', kind, options);
  trace.went('authenticator', kind);
  const credential = await start();
  trace.said('authenticator', 'browser', kind, credential);
  return credential;
}

const create = (trace, optionsJSON) => ask(trace, 'create', optionsJSON, () => startRegistration({ optionsJSON }));
const get = (trace, optionsJSON, useBrowserAutofill) =>
  ask(trace, 'get', optionsJSON, () => startAuthentication({ optionsJSON, useBrowserAutofill }));

async function traced(trace, act) {
  try {
    return await act();
  } catch (error) {
    const refusal = told(error);
    trace.failed(refusal);
    throw refusal;
  }
}

const plain = (method, path, body) => send(method, path, { body });

// whom: { mfa_token }, { email } or { username }, or {} for whoever the passkey knows. Tokens.
// still: asked before the browser is; no: somebody has gone another way meanwhile.
export function signIn(whom, { fillIn = false, still = () => true, trace = QUIET } = {}) {
  return traced(trace, async () => {
    const { ceremony, publicKey } = await exchange(trace, plain, 'webauthn/login/begin', whom);
    if (!still()) throw new Refusal({ code: 'cancelled' });
    const credential = await get(trace, publicKey, fillIn);
    try {
      return await exchange(trace, plain, 'webauthn/login/complete', { ceremony, credential });
    } catch (refusal) {
      // One that the service has named itself is known to it, whatever else was wrong.
      if (refusal.status === 401 && !publicKey.allowCredentials?.length) await forget(publicKey.rpId, credential.id);
      throw Object.assign(refusal, { answered: true, ...(refusal.code === 'invalid_credentials' && { code: 'key_unknown' }) });
    }
  });
}

// An account of its own, from nothing but a passkey.
export function signUp(wish, { trace = QUIET } = {}) {
  return traced(trace, async () => {
    const { user_id, session_data, ...options } = await exchange(trace, plain, 'api/register/begin', wish);
    const credential = await create(trace, options);
    return exchange(trace, plain, 'api/register/complete', { user_id, credential, session_data });
  });
}

// One more for who is signed in.
export function add(name, { trace = QUIET } = {}) {
  return traced(trace, async () => {
    const given = name === '' ? {} : { name };
    const { ceremony, publicKey } = await exchange(trace, call, 'webauthn/register/begin', given);
    const credential = await create(trace, publicKey);
    return exchange(trace, call, 'webauthn/register/complete', { ceremony, credential, ...given });
  });
}

// A fresh sign-in of who is signed in already.
export function stepUp({ trace = QUIET } = {}) {
  return traced(trace, async () => {
    const { ceremony, publicKey } = await exchange(trace, call, 'step-up/webauthn/begin', {});
    const credential = await get(trace, publicKey, false);
    return exchange(trace, call, 'step-up/webauthn/complete', { ceremony, credential });
  });
}

export const stop = () => WebAuthnAbortService.cancelCeremony();

// The credential is gone: whoever keeps it can forget it.
export const forget = (rpID, credentialID) => signal('unknownCredential', { rpID, credentialID });

// Tell the browser what has become of credentials, so that it offers none in vain. Best effort: not every browser listens.
async function signal(signalName, what) {
  try {
    await sendSignal({ signalName, ...what });
  } catch {
    return false;
  }
  return true;
}

// All that the browser should know of an account: which credentials are good, and what their owner is called now.
export async function tell({ rp_id: rpID, user_handle: userID, items }, user) {
  if (userID === null) return; // it never had one
  const name = user.email ?? user.username;
  await signal('allAcceptedCredentials', { rpID, userID, allAcceptedCredentialIDs: items.map(({ id }) => id) });
  await signal('currentUserDetails', { rpID, userID, userName: name, userDisplayName: user.name ?? name });
}
