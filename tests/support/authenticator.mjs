// An authenticator and the browser before it, in software: answers the options of a ceremony, rightly or with any one thing wrong.
//
//   const key = new Authenticator({ backup: true });                            // a passkey that is kept in a cloud
//   const credential = key.register(options, { origin });                       // RegistrationResponseJSON
//   const credential = key.sign(options, { origin });                           // AuthenticationResponseJSON
//   key.sign(options, { origin, flags: { uv: false }, counter: 1 });            // see below for what can be set
//
// A ceremony takes, beside origin:
//   rpId                  of the authenticator data, instead of what the options say
//   client                members of the client data: { type, challenge, crossOrigin, topOrigin, ... }; undefined leaves one out
//   clientBytes           all of the client data, as they are
//   flags                 { up, uv, be, bs, at, ed }: true or false
//   counter               the number that is signed; else it grows by the step of the authenticator
//   extensions            CBOR of the authenticator data: a Map
//   tail                  bytes behind the authenticator data
//   response, outer       members of the response, and of the credential around it, instead of the right ones
//   data                  what becomes of the bytes of the authenticator data before they are signed
//   register alone:       id, aaguid, publicKey (COSE: a Map), fmt, statement(authData, clientHash, credential), force (mind no exclusion),
//                         newKey (one from newKey()), object (what becomes of the attestation object, a Map, before it is bytes)
//   sign alone:           credential (one of key.credentials), userHandle (base64url, null, undefined: none), signature(bytes), key
import assert from 'node:assert/strict';
import { constants, createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
const base64url = (bytes) => Buffer.from(bytes).toString('base64url');
const bytesOf = (text) => Buffer.from(text, 'base64url');

// ---- CBOR (RFC 8949), shortest form; keys stay in the order of the Map, which is canonical below ----

function head(major, number) {
  const first = major << 5;
  if (number < 24) return Buffer.from([first | number]);
  if (number < 0x100) return Buffer.from([first | 24, number]);
  if (number < 0x10000) return Buffer.from([first | 25, number >> 8, number & 255]);
  const long = Buffer.alloc(5, first | 26);
  long.writeUInt32BE(number, 1);
  return long;
}

const SIMPLE = new Map([[false, 0xf4], [true, 0xf5], [null, 0xf6]]);

// What is CBOR already, rightly or not.
export class Encoded {
  constructor(bytes) {
    this.bytes = bytes;
  }
}

// Numbers, texts, bytes, arrays, Maps, true, false and null.
export function cbor(value) {
  if (value instanceof Encoded) return value.bytes;
  if (SIMPLE.has(value)) return Buffer.from([SIMPLE.get(value)]);
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
  assert.ok(value instanceof Map, `no CBOR for ${value}`);
  return Buffer.concat([head(5, value.size), ...[...value].flat().map(cbor)]);
}

// ---- keys: COSE (RFC 9053) ----

export const ES256 = -7, EDDSA = -8, ESP256 = -9, ES384 = -35, ES512 = -36, PS256 = -37, PS384 = -38, PS512 = -39, ED448 = -53,
  RS256 = -257, RS384 = -258, RS512 = -259, RS1 = -65535;

const ec = (curve, crv, hash) => (alg) => ({
  make: () => generateKeyPairSync('ec', { namedCurve: curve }),
  cose: ({ x, y }) => new Map([[1, 2], [3, alg], [-1, crv], [-2, bytesOf(x)], [-3, bytesOf(y)]]),
  sign: (bytes, key) => sign(hash, bytes, key),
});

const okp = (curve, crv) => (alg) => ({
  make: () => generateKeyPairSync(curve),
  cose: ({ x }) => new Map([[1, 1], [3, alg], [-1, crv], [-2, bytesOf(x)]]),
  sign: (bytes, key) => sign(null, bytes, key),
});

const rsa = (hash, padding = constants.RSA_PKCS1_PADDING) => (alg) => ({
  make: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  cose: ({ n, e }) => new Map([[1, 3], [3, alg], [-1, bytesOf(n)], [-2, bytesOf(e)]]),
  sign: (bytes, key) => sign(hash, bytes, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }),
});

const PSS = constants.RSA_PKCS1_PSS_PADDING;
const KINDS = Object.fromEntries([
  [ES256, ec('P-256', 1, 'sha256')], [ESP256, ec('P-256', 1, 'sha256')], [ES384, ec('P-384', 2, 'sha384')], [ES512, ec('P-521', 3, 'sha512')],
  [EDDSA, okp('ed25519', 6)], [ED448, okp('ed448', 7)],
  [RS256, rsa('sha256')], [RS384, rsa('sha384')], [RS512, rsa('sha512')], [RS1, rsa('sha1')],
  [PS256, rsa('sha256', PSS)], [PS384, rsa('sha384', PSS)], [PS512, rsa('sha512', PSS)],
].map(([alg, kind]) => [alg, kind(alg)]));

export function newKey(alg, { privateKey, publicKey } = KINDS[alg].make()) {
  return { alg, privateKey, publicKey, cose: KINDS[alg].cose(publicKey.export({ format: 'jwk' })) };
}

export const signedBy = (key, bytes) => KINDS[key.alg].sign(bytes, key.privateKey);

// ---- attestation ----

export const STATEMENTS = {
  none: () => new Map(),
  // WebAuthn Level 3 8.2, self attestation: signed by the credential itself.
  packed: (authData, clientHash, { key }) => new Map([['alg', key.alg], ['sig', signedBy(key, Buffer.concat([authData, clientHash]))]]),
};

const FLAGS = { up: 0x01, uv: 0x04, be: 0x08, bs: 0x10, at: 0x40, ed: 0x80 };

export class Authenticator {
  credentials = []; // { id, rpId, userHandle, key, counter, resident }

  // verifies: it knows a PIN or a finger. backup: its credentials are kept elsewhere, too. resident: it finds them by itself.
  // step: what its counter grows by; 0 is one that counts nothing. fmt, statement: what its maker says of it (see maker.mjs).
  constructor({ aaguid = Buffer.alloc(16), algorithm = ES256, verifies = true, backup = false, resident = true, step = 1,
    transports = ['internal'], attachment = 'platform', fmt = 'none', statement } = {}) {
    Object.assign(this, { aaguid, algorithm, verifies, backup, resident, step, transports, attachment, fmt, statement });
  }

  // Its twin, as somebody would have who copied its memory.
  clone() {
    return Object.assign(new Authenticator(), this, { credentials: this.credentials.map((one) => ({ ...one })) });
  }

  register(options, knobs = {}) {
    const { rp, user, challenge, pubKeyCredParams, excludeCredentials = [] } = options;
    const known = excludeCredentials.some(({ id }) => this.credentials.some((one) => one.id === id));
    if (known && !knobs.force) throw Object.assign(new Error('this authenticator has a credential here'), { name: 'InvalidStateError' });
    assert.ok(pubKeyCredParams.some(({ alg }) => alg === this.algorithm), 'no algorithm of this authenticator is offered');
    const credential = { id: knobs.id ?? base64url(randomBytes(32)), rpId: rp.id, userHandle: user.id, key: knobs.newKey ?? newKey(this.algorithm),
      counter: 0, resident: this.resident };
    const clientDataJSON = clientBytes('webauthn.create', challenge, knobs);
    const authData = this.#data(credential, { at: true, ...knobs });
    const fmt = knobs.fmt ?? this.fmt;
    const statement = (knobs.statement ?? this.statement ?? STATEMENTS[fmt])(authData, sha256(clientDataJSON), credential);
    const object = new Map([['fmt', fmt], ['attStmt', statement], ['authData', authData]]);
    const attestationObject = cbor(knobs.object?.(object) ?? object);
    this.credentials.push(credential);
    return this.#outer(credential, { clientDataJSON, attestationObject, transports: this.transports }, knobs);
  }

  sign(options, knobs = {}) {
    const credential = knobs.credential ?? this.#choose(options);
    const clientDataJSON = clientBytes('webauthn.get', options.challenge, knobs);
    const authenticatorData = this.#data({ ...credential, rpId: options.rpId }, { ...knobs, counter: this.#count(credential, knobs) });
    const signed = signedBy(knobs.key ?? credential.key, Buffer.concat([authenticatorData, sha256(clientDataJSON)]));
    const signature = knobs.signature?.(signed) ?? signed;
    const userHandle = 'userHandle' in knobs ? knobs.userHandle : credential.resident ? credential.userHandle : undefined;
    return this.#outer(credential, { clientDataJSON, authenticatorData, signature, userHandle }, knobs);
  }

  #choose({ allowCredentials = [], rpId }) {
    const wanted = allowCredentials.map(({ id }) => id);
    const found = this.credentials.find((one) => (wanted.length > 0 ? wanted.includes(one.id) : one.resident) && one.rpId === rpId);
    if (!found) throw Object.assign(new Error('no credential of this authenticator is wanted'), { name: 'NotAllowedError' });
    return found;
  }

  #count(credential, { counter }) {
    if (counter === undefined) credential.counter += this.step;
    return counter ?? credential.counter;
  }

  // WebAuthn Level 3 6.1.
  #data(credential, { rpId = credential.rpId, flags = {}, at = false, counter = credential.counter, extensions, tail, data, ...rest }) {
    const raised = { up: true, uv: this.verifies, be: this.backup, bs: this.backup, at, ed: extensions !== undefined, ...flags };
    const number = Buffer.alloc(4);
    number.writeUInt32BE(counter);
    const bits = Object.keys(FLAGS).reduce((all, name) => (raised[name] ? all | FLAGS[name] : all), 0);
    const bytes = Buffer.concat([sha256(rpId), Buffer.from([bits]), number, ...(at ? [this.#attested(credential, rest)] : []),
      ...(extensions === undefined ? [] : [cbor(extensions)]), tail ?? Buffer.alloc(0)]);
    return data?.(bytes) ?? bytes;
  }

  #attested({ id, key }, { aaguid = this.aaguid, publicKey = key.cose }) {
    const raw = bytesOf(id);
    return Buffer.concat([aaguid, Buffer.from([raw.length >> 8, raw.length & 255]), raw, cbor(publicKey)]);
  }

  #outer({ id }, members, { response = {}, outer = {} }) {
    const texts = Object.entries(members).map(([name, value]) => [name, value instanceof Uint8Array ? base64url(value) : value]);
    return { id, rawId: id, type: 'public-key', authenticatorAttachment: this.attachment, clientExtensionResults: {},
      response: { ...Object.fromEntries(texts), ...response }, ...outer };
  }
}

// What the browser says of the page (WebAuthn Level 3 5.8.1).
function clientBytes(type, challenge, { origin, client = {}, clientBytes: given }) {
  return given ?? Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false, ...client }));
}
