// A maker of authenticators: a root of its own, certificates under it, and the attestation statements of WebAuthn Level 3 8 that bring
// some. Each takes what is to be wrong with it.
//
//   const maker = new Maker();
//   key.register(options, { origin, fmt: 'tpm', statement: maker.tpm({ certInfo: { type: 0x8018 } }) });
//
// certificate: { subject, version, ca, extensions(list), issuer, until } goes to the leaf of each.
import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { ES256, RS1, signedBy } from './authenticator.mjs';

const digest = (hash, bytes) => createHash(hash).update(bytes).digest();
const sha256 = (bytes) => digest('sha256', bytes);
const publicKeyOf = (privateKey) => createPublicKey(privateKey).export({ type: 'spki', format: 'der' });

// ---- DER (X.690) ----

function der(tag, ...parts) {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([...(Array.isArray(tag) ? tag : [tag]), ...size]), content]);
}

const seq = (...parts) => der(0x30, ...parts);
const set = (...parts) => der(0x31, ...parts);
const int = (...bytes) => der(0x02, Buffer.from(bytes));
const enumerated = (number) => der(0x0a, Buffer.from([number]));
const octets = (bytes) => der(0x04, bytes);
const bits = (bytes) => der(0x03, Buffer.from([0]), bytes);
const text = (value) => der(0x0c, Buffer.from(value));
const yes = der(0x01, Buffer.from([0xff]));
const time = (date) => der(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')));
// [number] EXPLICIT; numbers over 30 take two bytes more.
const context = (number, ...parts) => der(number < 31 ? 0xa0 | number : [0xbf, 0x80 | number >> 7, number & 0x7f], ...parts);

function oid(dotted) {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const number of rest) {
    const seven = [number & 0x7f];
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128)) seven.unshift(0x80 | left & 0x7f);
    bytes.push(...seven);
  }
  return der(0x06, Buffer.from(bytes));
}

export const asn1 = { context, int, set };

// ---- certificates (RFC 5280) ----

const name = (parts) => seq(...parts.map(([type, value]) => set(seq(oid(type), text(value)))));
const extension = (id, value, critical = false) => seq(oid(id), ...(critical ? [yes] : []), octets(value));
const constraints = (ca) => extension('2.5.29.19', seq(...(ca ? [yes] : [])), true);
const NAMES = { country: '2.5.4.6', organization: '2.5.4.10', unit: '2.5.4.11', name: '2.5.4.3' };
const ecdsa = seq(oid('1.2.840.10045.4.3.2'));

function certificate({ subject, key, issuer, signer, extensions = [], version = 3, until = new Date('2126-01-01') }) {
  const inside = seq(...(version === 3 ? [context(0, int(2))] : []), int(9), ecdsa, name(issuer), seq(time(new Date('2020-01-01')), time(until)),
    name(subject), key, ...(version === 3 ? [context(3, seq(...extensions))] : []));
  return seq(inside, ecdsa, bits(sign('sha256', inside, signer)));
}

const hostName = (host) => extension('2.5.29.17', seq(der(0x82, Buffer.from(host))));
const pem = (bytes) => `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;

export const x509 = { NAMES, certificate, constraints, hostName, pem, publicKeyOf };

// ---- TPM 2.0 structures (TPM 2.0 Library, part 2) ----

const u16 = (number) => Buffer.from([number >> 8 & 255, number & 255]);
const u32 = (number) => Buffer.concat([u16(number >>> 16), u16(number)]);
const sized = (bytes) => Buffer.concat([u16(bytes.length), bytes]);

// fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, sign (8.3)
const ATTRIBUTES = 0x00040072;
// clock, resetCount and restartCount of 0, safe; the version of the firmware (10.11.1)
const CLOCK = Buffer.concat([Buffer.alloc(16), Buffer.from([1]), Buffer.alloc(8)]);

function publicArea(cose, { attributes = ATTRIBUTES, n = cose.get(-1), x = cose.get(-2), y = cose.get(-3) } = {}) {
  const head = (type) => Buffer.concat([u16(type), u16(0x000b), u32(attributes), sized(Buffer.alloc(32)), u16(0x0010), u16(0x0010)]);
  if (cose.get(1) === 3) return Buffer.concat([head(0x0001), u16(n.length * 8), u32(0), sized(n)]);
  return Buffer.concat([head(0x0023), u16({ 1: 0x0003, 2: 0x0004, 3: 0x0005 }[cose.get(-1)]), u16(0x0010), sized(x), sized(y)]);
}

const nameOf = (hash) => sized(Buffer.concat([u16(0x000b), hash]));

function certified(extraData, area, { magic = 0xff544347, type = 0x8017, extra = extraData, hash = sha256(area), tail = '' } = {}) {
  const other = nameOf(Buffer.alloc(32)); // of the signer, and the qualified one
  return Buffer.concat([u32(magic), u16(type), other, sized(extra), CLOCK, nameOf(hash), other, Buffer.from(tail)]);
}

const tpmName = (ids) => seq(context(4, seq(...ids.map(([type, value]) => set(seq(oid(type), text(value)))))));
const TPM_IDS = [['2.23.133.2.1', 'id:FFFFF1D0'], ['2.23.133.2.2', 'M'], ['2.23.133.2.3', 'id:13']];

// ---- the maker ----

export class Maker {
  constructor() {
    const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    this.rootKey = pair();
    this.leafKey = pair(); // of the model, as packed and U2F have it
    this.rsaKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey; // of a TPM
    this.root = [[NAMES.name, 'Root of a maker']];
    this.rootBytes = certificate({ subject: this.root, issuer: this.root, key: publicKeyOf(this.rootKey), signer: this.rootKey,
      extensions: [constraints(true)] });
    this.anchor = pem(this.rootBytes);
  }

  #leaf(key, { subject = [], ca = false, extensions = [], bare = false, ...rest }) {
    return certificate({ subject, key, issuer: this.root, signer: this.rootKey, extensions: [...(bare ? [] : [constraints(ca)]), ...extensions], ...rest });
  }

  // 8.2. alg: what the statement says; key: who signs; message: what becomes of what is signed.
  packed({ alg = ES256, key = this.leafKey, message = (bytes) => bytes, more = [], chain = (leaf) => [leaf], aaguid, ...leaf } = {}) {
    return (authData, clientHash) => {
      const subject = [[NAMES.country, 'SE'], [NAMES.organization, 'Maker'], [NAMES.unit, 'Authenticator Attestation'], [NAMES.name, 'Model 1']];
      const named = aaguid === undefined ? [] : [extension('1.3.6.1.4.1.45724.1.1.4', octets(aaguid))];
      const bytes = this.#leaf(publicKeyOf(this.leafKey), { subject, extensions: named, ...leaf });
      const sig = signedBy({ alg: ES256, privateKey: key }, message(Buffer.concat([authData, clientHash])));
      return new Map([['alg', alg], ['sig', sig], ['x5c', chain(bytes)], ...more]);
    };
  }

  // 8.6
  'fido-u2f'({ first = 0, key = this.leafKey, chain = (leaf) => [leaf], more = [], ...leaf } = {}) {
    return (authData, clientHash, { id, key: { cose } }) => {
      const point = [Buffer.from([4]), cose.get(-2), cose.get(-3) ?? Buffer.alloc(32)];
      const signed = Buffer.concat([Buffer.from([first]), authData.subarray(0, 32), clientHash, Buffer.from(id, 'base64url'), ...point]);
      const bytes = this.#leaf(publicKeyOf(this.leafKey), { subject: [[NAMES.name, 'U2F']], ...leaf });
      return new Map([['sig', sign('sha256', signed, key)], ['x5c', chain(bytes)], ...more]);
    };
  }

  // 8.3. sha1: signed with RS1, as Windows has it.
  tpm({ ver = '2.0', area = {}, certInfo = {}, ids = TPM_IDS, usage = '2.23.133.8.3', sha1 = false, key = sha1 ? this.rsaKey : this.leafKey, more = [],
    ...leaf } = {}) {
    return (authData, clientHash, { key: { cose } }) => {
      const hash = sha1 ? 'sha1' : 'sha256', pubArea = publicArea(cose, area);
      const info = certified(digest(hash, Buffer.concat([authData, clientHash])), pubArea, certInfo);
      const extensions = [extension('2.5.29.37', seq(oid(usage))), extension('2.5.29.17', tpmName(ids), true)];
      const bytes = this.#leaf(publicKeyOf(sha1 ? this.rsaKey : this.leafKey), { extensions, ...leaf });
      return new Map([['alg', sha1 ? RS1 : ES256], ['sig', sign(hash, info, key)], ['ver', ver], ['x5c', [bytes]], ['pubArea', pubArea],
        ['certInfo', info], ...more]);
    };
  }

  // 8.4: the certificate is of the credential's own key.
  'android-key'({ challenge = (hash) => hash, software = [], tee = [context(1, set(int(2))), context(702, int(0))], signer, key, more = [], ...leaf } = {}) {
    return (authData, clientHash, credential) => {
      const description = seq(int(3), enumerated(1), int(4), enumerated(1), octets(challenge(clientHash)), octets(Buffer.alloc(0)), seq(...software), seq(...tee));
      const bytes = this.#leaf(publicKeyOf(key ?? credential.key.privateKey),
        { subject: [[NAMES.name, 'Android Keystore Key']], extensions: [extension('1.3.6.1.4.1.11129.2.1.17', description)], ...leaf });
      const sig = signedBy(signer ?? credential.key, Buffer.concat([authData, clientHash]));
      return new Map([['alg', credential.key.alg], ['sig', sig], ['x5c', [bytes, this.rootBytes]], ...more]);
    };
  }

  // 8.5: a JWS. Without a time stamp, which the standard asks nothing of, and one of the oracles does.
  'android-safetynet'({ nonce = (hash) => hash, vouched = true, host = 'attest.android.com', key = this.rsaKey, ver = '17122037', alg = 'RS256', ...leaf } = {}) {
    return (authData, clientHash) => {
      const bytes = this.#leaf(publicKeyOf(this.rsaKey), { subject: [[NAMES.name, host]],
        extensions: [hostName(host)], ...leaf });
      const hash = nonce(sha256(Buffer.concat([authData, clientHash])));
      const parts = [{ alg, x5c: [bytes.toString('base64')] }, { nonce: hash.toString('base64'), ctsProfileMatch: vouched, basicIntegrity: true }];
      const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
      return new Map([['ver', ver], ['response', Buffer.from(`${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`)]]);
    };
  }

  // 8.8: the same as 8.4, and nothing is signed but the certificate.
  apple({ nonce = (hash) => hash, key, more = [], ...leaf } = {}) {
    return (authData, clientHash, credential) => {
      const value = seq(context(1, octets(nonce(sha256(Buffer.concat([authData, clientHash]))))));
      const bytes = this.#leaf(publicKeyOf(key ?? credential.key.privateKey),
        { subject: [[NAMES.name, 'Apple']], extensions: [extension('1.2.840.113635.100.8.2', value)], ...leaf });
      return new Map([['x5c', [bytes]], ...more]);
    };
  }
}
