// Registrations and assertions without end, good ones and such with one fault, in the form of the shared vectors.
//
//   const world = new World(seed);
//   for (let i = 0; i < 10000; i++) vectors.push(world.next());      // { name, kind, fault, input, expected: { verified } }
//
// The seed decides what is made: which kind, which of its many shapes, which fault, where. Keys and signatures differ from run to run.
import { randomBytes } from 'node:crypto';
import {
  Authenticator, ED448, EDDSA, ES256, ES384, ES512, ESP256, Encoded, PS256, PS384, PS512, RS1, RS256, RS384, RS512, STATEMENTS, cbor,
  newKey, signedBy,
} from './authenticator.mjs';
import { Maker, asn1 } from './attestation.mjs';

const RP_ID = 'example.org', ORIGIN = 'https://example.org', TOP = 'https://around.example';
const OFFERED = [ES256, EDDSA, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512, ESP256, ED448];
const OFTEN = [ES256, ES256, ES256, ES256, EDDSA, EDDSA, RS256, RS256, ...OFFERED];
const FORMATS = ['none', 'none', 'packed', 'packed', 'x5c', 'x5c', 'fido-u2f', 'tpm', 'android-key', 'android-safetynet', 'apple'];
// What is met with in a format; one that a fault asks for gets ES256 instead of others.
const ALGORITHMS_OF = { 'fido-u2f': [ES256], tpm: [ES256, ES384, ES512, RS256], 'android-key': [ES256, ES384], apple: [ES256] };
const NO_BYTES = Buffer.alloc(0);
const base64url = (bytes) => Buffer.from(bytes).toString('base64url');
const bytesOf = (text) => Buffer.from(text, 'base64url');
const without = (map, key) => new Map([...map].filter(([one]) => one !== key));
const set = (map, ...pairs) => new Map([...map, ...pairs]);
const { context, int } = asn1;
const purpose = (number) => context(1, asn1.set(int(number))), madeBy = (number) => context(702, int(number)); // of an AuthorizationList

// mulberry32: small, and good enough to choose.
export function randomOf(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };
  const below = (count) => Math.floor(next() * count);
  return { below, chance: (share) => next() < share, pick: (list) => list[below(list.length)] };
}

// ---- faults: what each does to the plan of a ceremony before it is carried out ----
//
// plan: { knobs (of authenticator.mjs), input (of the vector), make (arguments of the maker's statement), after(credential) }

const client = (members) => (plan) => Object.assign(plan.knobs, { client: { ...plan.knobs.client, ...members } });
const flags = (raised) => (plan) => Object.assign(plan.knobs, { flags: { ...plan.knobs.flags, ...raised } });
const knob = (name, value) => (plan) => Object.assign(plan.knobs, { [name]: value });
const after = (change) => (plan) => Object.assign(plan, { after: change });
const rewritten = (change) => (plan) => Object.assign(plan.knobs, { rewrite: change });

function flipIn(random, bytes) {
  const copy = Buffer.from(bytes);
  const bit = random.below(copy.length * 8);
  copy[bit >> 3] ^= 1 << (bit & 7);
  return copy;
}

const flipped = (name) => (plan, random) => after(({ response }) => { response[name] = base64url(flipIn(random, bytesOf(response[name]))); })(plan);

// Both ceremonies. `may` tells that nothing is wrong with it by the standard.
const COMMON = {
  'type-of-the-other': (plan) => client({ type: plan.kind === 'registration' ? 'webauthn.get' : 'webauthn.create' })(plan),
  'type-missing': client({ type: undefined }),
  'challenge-of-another': client({ challenge: base64url(Buffer.alloc(32, 7)) }),
  'challenge-missing': client({ challenge: undefined }),
  'challenge-padded': (plan) => client({ challenge: `${plan.input.expectedChallenge}=` })(plan),
  'origin-of-a-subdomain': client({ origin: `https://login.${RP_ID}` }),
  'origin-with-a-slash': client({ origin: `${ORIGIN}/` }),
  'origin-with-a-port': client({ origin: `${ORIGIN}:444` }),
  'origin-without-tls': client({ origin: `http://${RP_ID}` }),
  'origin-missing': client({ origin: undefined }),
  'cross-origin': client({ crossOrigin: true }),
  'top-origin': (plan) => { client({ crossOrigin: true, topOrigin: 'https://evil.example' })(plan); Object.assign(plan.input, { allowCrossOrigin: true, expectedTopOrigin: [TOP] }); },
  'top-origin-alone': client({ topOrigin: TOP }),
  'client-data-cut': rewritten((bytes) => bytes.subarray(0, -1)),
  'client-data-with-a-tail': rewritten((bytes) => Buffer.concat([bytes, Buffer.from('x')])),
  'client-data-not-utf-8': rewritten((bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from(',"a":"\xff"}', 'latin1')])),
  'client-data-with-a-member-twice': rewritten((bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from(`,"origin":"${ORIGIN}"}`)])),
  'rp-id-of-another': knob('rpId', 'example.com'),
  'rp-id-of-a-subdomain': knob('rpId', `login.${RP_ID}`),
  'user-not-present': flags({ up: false }),
  'user-not-verified': (plan) => { flags({ uv: false })(plan); plan.input.requireUserVerification = true; },
  'backed-up-and-not-eligible': flags({ be: false, bs: true }),
  'data-with-a-tail': knob('tail', Buffer.from([0])),
  'data-cut': knob('data', (bytes) => bytes.subarray(0, -1)),
  'data-of-36-bytes': knob('data', (bytes) => bytes.subarray(0, 36)),
  'extensions-announced-and-missing': (plan) => { flags({ ed: true })(plan); plan.knobs.extensions = undefined; },
  'extensions-not-a-map': knob('extensions', [1]),
  'extensions-without-a-name': knob('extensions', new Map([[1, 2]])),
  'type-of-credential': after((credential) => { credential.type = 'password'; }),
  'raw-id-of-another': after((credential) => { credential.rawId = base64url('another'); }),
  'id-padded': after((credential) => { credential.id += '='; credential.rawId += '='; }),
  'id-missing': after((credential) => { delete credential.id; }),
  'client-data-missing': after(({ response }) => { delete response.clientDataJSON; }),
  'client-data-with-blanks': after(({ response }) => { response.clientDataJSON = ` ${response.clientDataJSON}`; }),
  'flip-in-client-data': flipped('clientDataJSON'),
};

const cose = (change) => knob('publicKeyOf', change);
const statement = (change) => knob('statementOf', change);
const object = (change) => knob('object', change);
const made = (format, args) => (plan) => Object.assign(plan, { format, make: args });

const REGISTRATION = {
  'algorithm-not-offered': (plan) => { plan.input.supportedAlgs = plan.input.supportedAlgs.filter((alg) => alg !== plan.alg); },
  'attested-data-missing': flags({ at: false }),
  'attested-data-not-announced': knob('data', (bytes) => { const copy = Buffer.from(bytes); copy[32] &= ~0x40; return copy; }),
  'id-of-another-in-the-response': after((credential) => { credential.id = credential.rawId = base64url('another'); }),
  'id-of-1024-bytes': knob('id', base64url(Buffer.alloc(1024, 5))),
  'id-of-no-bytes': knob('data', (bytes) => Buffer.concat([bytes.subarray(0, 53), Buffer.from([0, 0]), bytes.subarray(55 + bytes.readUInt16BE(53))])),
  'id-longer-than-the-data': knob('data', (bytes) => { const copy = Buffer.from(bytes); copy.writeUInt16BE(0xffff, 53); return copy; }),
  'cose-without-alg': cose((map) => without(map, 3)),
  'cose-with-another-kty': cose((map) => set(map, [1, map.get(1) === 3 ? 2 : 3])),
  'cose-with-one-more': cose((map) => set(map, [2, Buffer.from('kid')])),
  'cose-with-a-key-twice': cose((map) => { const bytes = cbor(map); bytes[0] += 1; return new Encoded(Buffer.concat([bytes, Buffer.from([3]), cbor(map.get(3))])); }),
  'cose-not-shortest': cose((map) => { const bytes = cbor(map); return new Encoded(Buffer.concat([bytes.subarray(0, 1), Buffer.from([0x18, 0x01]), bytes.subarray(2)])); }),
  'cose-without-x': cose((map) => without(map, -2)),
  'cose-not-on-the-curve': (plan) => { plan.alg = ES256; cose((map) => set(map, [-3, map.get(-2)]))(plan); },
  'cose-of-another-curve': (plan) => { plan.alg = ES256; cose((map) => set(map, [-1, 2]))(plan); },
  'cose-with-a-short-x': (plan) => { plan.alg = ES256; cose((map) => set(map, [-2, map.get(-2).subarray(1)]))(plan); },
  'object-with-a-tail': object((map) => new Encoded(Buffer.concat([cbor(map), Buffer.from([0])]))),
  'object-cut': object((map) => new Encoded(cbor(map).subarray(0, -1))),
  'object-of-no-definite-length': object((map) => { const bytes = cbor(map); return new Encoded(Buffer.concat([Buffer.from([0xbf]), bytes.subarray(1), Buffer.from([0xff])])); }),
  'object-with-a-member-twice': object((map) => { const bytes = cbor(map); bytes[0] += 1; return new Encoded(Buffer.concat([bytes, cbor('fmt'), cbor(map.get('fmt'))])); }),
  'object-without-a-statement': object((map) => without(map, 'attStmt')),
  'object-without-data': object((map) => without(map, 'authData')),
  'object-with-data-in-text': object((map) => set(map, ['authData', 'text'])),
  'format-in-capitals': object((map) => set(map, ['fmt', map.get('fmt').toUpperCase()])),
  'format-of-nobody': object((map) => set(map, ['fmt', 'compound2'])),
  'format-of-another': object((map) => set(map, ['fmt', { none: 'packed', packed: 'fido-u2f', 'fido-u2f': 'packed', tpm: 'packed', 'android-key': 'tpm', 'android-safetynet': 'apple', apple: 'none' }[map.get('fmt')]])),
  'none-with-a-statement': (plan) => { plan.format = 'none'; statement(() => new Map([['a', 1]]))(plan); },
  'self-signed-by-another': (plan) => { plan.format = 'packed'; statement((map, credential) => set(map, ['sig', signedBy(plan.keys(credential.key.alg), Buffer.from('else'))]))(plan); },
  'self-with-another-alg': (plan) => { plan.format = 'packed'; statement((map) => set(map, ['alg', map.get('alg') === RS256 ? ES256 : RS256]))(plan); },
  'self-without-a-signature': (plan) => { plan.format = 'packed'; statement((map) => without(map, 'sig'))(plan); },
  'self-with-no-bytes-of-signature': (plan) => { plan.format = 'packed'; statement((map) => set(map, ['sig', NO_BYTES]))(plan); },
  'x5c-signed-by-another': (plan) => made('x5c', { key: plan.keys(ES256).privateKey })(plan),
  'x5c-signed-something-else': made('x5c', { message: (bytes) => Buffer.concat([bytes, Buffer.from([0])]) }),
  'x5c-with-another-alg': made('x5c', { alg: ES384 }),
  'x5c-empty': made('x5c', { chain: () => [] }),
  'x5c-of-text': made('x5c', { chain: () => ['certificate'] }),
  'x5c-no-certificate': made('x5c', { chain: () => [Buffer.from('certificate')] }),
  'x5c-of-an-authority': made('x5c', { ca: true }),
  'x5c-of-version-1': made('x5c', { version: 1 }),
  'x5c-without-a-unit': made('x5c', { subject: [['2.5.4.6', 'SE'], ['2.5.4.10', 'Maker'], ['2.5.4.3', 'Model 1']] }),
  'x5c-of-another-unit': made('x5c', { subject: [['2.5.4.6', 'SE'], ['2.5.4.10', 'Maker'], ['2.5.4.11', 'Authenticators'], ['2.5.4.3', 'Model 1']] }),
  'x5c-without-a-country': made('x5c', { subject: [['2.5.4.10', 'Maker'], ['2.5.4.11', 'Authenticator Attestation'], ['2.5.4.3', 'Model 1']] }),
  'x5c-of-another-model': (plan) => { made('x5c', { aaguid: Buffer.concat([Buffer.from([4, 16]), Buffer.alloc(16, 9)]) })(plan); },
  'x5c-to-another-root': (plan, _, world) => { made('x5c', {})(plan); plan.input.trustAnchorsPem = [world.stranger.anchor]; },
  'x5c-expired': (plan, _, world) => { made('x5c', { until: new Date('2021-01-01') })(plan); plan.input.trustAnchorsPem = [world.maker.anchor]; },
  'u2f-of-two-certificates': made('fido-u2f', { chain: (leaf) => [leaf, leaf] }),
  'u2f-signed-by-another': (plan) => made('fido-u2f', { key: plan.keys(ES256).privateKey })(plan),
  'u2f-signed-with-another-first-byte': made('fido-u2f', { first: 1 }),
  'u2f-of-another-algorithm': (plan) => { made('fido-u2f', {})(plan); Object.assign(plan, { alg: EDDSA, anyAlgorithm: true }); },
  'tpm-of-another-version': made('tpm', { ver: '1.2' }),
  'tpm-not-made-by-one': made('tpm', { certInfo: { magic: 0xff544348 } }),
  'tpm-with-a-quote': made('tpm', { certInfo: { type: 0x8018 } }),
  'tpm-for-something-else': made('tpm', { certInfo: { extra: Buffer.alloc(32) } }),
  'tpm-of-another-name': made('tpm', { certInfo: { hash: Buffer.alloc(32) } }),
  'tpm-of-another-key': made('tpm', { area: { n: Buffer.alloc(256, 255), x: Buffer.alloc(32, 1) } }),
  'tpm-signed-by-another': (plan) => made('tpm', { key: plan.keys(ES256).privateKey })(plan),
  'tpm-without-a-maker': made('tpm', { ids: [['2.23.133.2.2', 'M'], ['2.23.133.2.3', 'id:13']] }),
  'tpm-of-another-use': made('tpm', { usage: '2.23.133.8.1' }),
  'tpm-of-an-authority': made('tpm', { ca: true }),
  'tpm-with-a-subject': made('tpm', { subject: [['2.5.4.3', 'TPM']] }),
  'android-for-another-challenge': made('android-key', { challenge: () => Buffer.alloc(32) }),
  'android-for-all-applications': made('android-key', { software: [context(600)] }),
  'android-not-made-in-the-device': made('android-key', { tee: [purpose(2), madeBy(2)] }),
  'android-not-for-signatures': made('android-key', { tee: [purpose(3), madeBy(0)] }),
  'android-of-another-key': (plan) => made('android-key', { key: plan.keys(ES256).privateKey })(plan),
  'android-signed-by-another': (plan) => made('android-key', { signer: plan.keys(ES256) })(plan),
  'safetynet-of-another-nonce': made('android-safetynet', { nonce: () => Buffer.alloc(32) }),
  'safetynet-not-vouched-for': made('android-safetynet', { vouched: false }),
  'safetynet-of-another-host': made('android-safetynet', { host: 'attest.example.com' }),
  'safetynet-signed-by-another': (plan) => made('android-safetynet', { key: plan.keys(RS256).privateKey })(plan),
  'safetynet-signed-with-another-alg': made('android-safetynet', { alg: 'none' }),
  'safetynet-without-a-version': made('android-safetynet', { ver: '' }),
  'apple-of-another-nonce': made('apple', { nonce: () => Buffer.alloc(32) }),
  'apple-of-another-key': (plan) => made('apple', { key: plan.keys(ES256).privateKey })(plan),
  'flip-in-attestation-object': flipped('attestationObject'),
};

const ASSERTION = {
  'signed-by-another': (plan) => knob('key', plan.keys(plan.alg))(plan),
  'signature-of-no-bytes': knob('signature', () => NO_BYTES),
  'signature-cut': knob('signature', (bytes) => bytes.subarray(0, -1)),
  'signature-with-a-tail': knob('signature', (bytes) => Buffer.concat([bytes, Buffer.from([0])])),
  'signature-of-zeros': knob('signature', (bytes) => Buffer.alloc(bytes.length)),
  'signature-of-r-and-s': (plan) => { plan.alg = ES256; knob('signature', (bytes) => rawOf(bytes))(plan); },
  'signature-not-der': (plan) => { plan.alg = ES256; knob('signature', (bytes) => Buffer.concat([Buffer.from([0x30, 0x81]), bytes.subarray(1)]))(plan); },
  'counter-the-same': (plan) => { plan.input.storedCredential.counter = plan.knobs.counter = 5; },
  'counter-fallen': (plan) => { plan.input.storedCredential.counter = 6; plan.knobs.counter = 5; },
  'counter-back-to-zero': (plan) => { plan.input.storedCredential.counter = 6; plan.knobs.counter = 0; },
  'eligibility-gained': (plan) => { plan.input.storedCredential.backupEligible = false; flags({ be: true })(plan); },
  'eligibility-lost': (plan) => { plan.input.storedCredential.backupEligible = true; flags({ be: false, bs: false })(plan); },
  'user-handle-of-another': knob('userHandle', base64url('somebody else')),
  'credential-not-allowed': (plan) => { plan.input.allowCredentials = [base64url('one'), base64url('two')]; },
  'record-of-another': (plan) => { plan.input.storedCredential.id = base64url('another'); },
  'stored-key-of-another': (plan) => { plan.storedKey = plan.keys(plan.alg); },
  'data-missing': after(({ response }) => { delete response.authenticatorData; }),
  'signature-missing': after(({ response }) => { delete response.signature; }),
  'flip-in-authenticator-data': flipped('authenticatorData'),
  'flip-in-signature': flipped('signature'),
};

function rawOf(signature) {
  const r = signature.subarray(4, 4 + signature[3]), s = signature.subarray(6 + signature[3]);
  return Buffer.concat([r, s].map((number) => Buffer.concat([Buffer.alloc(32), number]).subarray(-32)));
}

// What is unusual and right: must be taken.
const UNUSUAL = {
  'client-data-with-members-nobody-knows': client({ other_keys_can_be_added_here: 'do not compare clientDataJSON against a template' }),
  'client-data-with-blanks-inside': rewritten((bytes) => Buffer.from(JSON.stringify(JSON.parse(bytes), null, 2))),
  'in-a-frame-that-is-expected': (plan) => { client({ crossOrigin: true, topOrigin: TOP })(plan); Object.assign(plan.input, { allowCrossOrigin: true, expectedTopOrigin: [TOP] }); },
  'extensions-of-nobody': knob('extensions', new Map([['example', new Map([['a', [1, 2]]])]])),
  'reserved-flags': knob('data', (bytes) => { const copy = Buffer.from(bytes); copy[32] |= 0x22; return copy; }),
  'u2f-with-a-model': (plan) => { plan.format = 'fido-u2f'; plan.alg = ES256; plan.aaguid = Buffer.from('a model of tests'); },
  'user-not-verified-and-nobody-asks': (plan) => { flags({ uv: false })(plan); plan.input.requireUserVerification = false; },
};

// ---- ceremonies ----

export class World {
  #pool = new Map();
  #count = 0;

  // flips: also single bits turned over, somewhere; what that does depends on keys and signatures, which are new in each run.
  constructor(seed = 1, { flips = true } = {}) {
    this.seed = seed;
    this.flips = flips;
    this.random = randomOf(seed);
    this.maker = new Maker();
    this.stranger = new Maker();
  }

  // RSA keys take long to make: four of each algorithm serve all.
  key(alg, other = false) {
    if (![RS1, RS256, RS384, RS512, PS256, PS384, PS512].includes(alg)) return newKey(alg);
    const pool = this.#pool.get('rsa') ?? this.#pool.set('rsa', [1, 2, 3].map(() => newKey(RS256))).get('rsa');
    return newKey(alg, other ? pool[0] : pool[1 + this.random.below(2)]);
  }

  next() {
    this.#count += 1;
    const kind = this.random.chance(0.5) ? 'registration' : 'authentication';
    const faults = { ...COMMON, ...(kind === 'registration' ? REGISTRATION : ASSERTION) };
    const draw = this.random.below(10); // 3 of 10 plain, 1 unusual, 6 with a fault
    const table = draw < 3 ? {} : draw < 4 ? UNUSUAL : faults;
    const fault = draw < 3 ? 'none' : this.random.pick(Object.keys(table).filter((name) => this.flips || !name.startsWith('flip-')));
    const vector = this.make(kind, fault, table[fault] ?? (() => {}));
    const verified = fault.startsWith('flip-') ? undefined : draw < 4; // a flip may hit what nothing signs
    return { name: `${this.seed}.${this.#count}.${kind}.${fault}`, kind, fault, ...vector, expected: { verified } };
  }

  make(kind, fault, apply) {
    const { random } = this;
    const alg = random.pick(OFTEN);
    const format = random.pick(FORMATS.filter((one) => (ALGORITHMS_OF[one] ?? OFFERED).includes(alg)));
    const plan = { kind, alg, format, make: {}, knobs: { origin: ORIGIN, flags: this.#flags(), extensions: this.#extensions(kind) },
      keys: (of) => this.key(of, true), input: this.#input() };
    if (kind === 'authentication') plan.input.storedCredential = {};
    apply(plan, random, this);
    return kind === 'registration' ? this.#registration(plan) : this.#assertion(plan);
  }

  #flags() {
    const be = this.random.chance(0.5);
    return { up: true, uv: true, be, bs: be && this.random.chance(0.5) };
  }

  #extensions(kind) {
    const some = kind === 'registration' ? [['credProtect', 2], ['hmac-secret', true]] : [['example', 1], ['example', NO_BYTES]];
    return this.random.chance(0.6) ? undefined : new Map([this.random.pick(some)]);
  }

  #input() {
    return { expectedChallenge: base64url(randomBytes(32)), expectedOrigin: this.random.pick([[ORIGIN], [ORIGIN, 'https://www.example.org']]), expectedRPID: RP_ID,
      requireUserVerification: this.random.chance(0.7), supportedAlgs: [...OFFERED] };
  }

  #device(plan) {
    // U2F knows no models (6.1.2).
    return new Authenticator({ algorithm: plan.alg, aaguid: plan.aaguid ?? Buffer.from(plan.format === 'fido-u2f' ? Buffer.alloc(16) : 'a model of tests') });
  }

  #options(plan) {
    return { rp: { id: RP_ID }, rpId: RP_ID, user: { id: base64url('user-1') }, challenge: plan.input.expectedChallenge, pubKeyCredParams: [{ alg: plan.alg }] };
  }

  // rewrite changes the bytes of the client data, which everything is signed over.
  #clientBytes(plan, type) {
    const { client: members = {}, rewrite } = plan.knobs;
    const bytes = Buffer.from(JSON.stringify({ type, challenge: plan.input.expectedChallenge, origin: ORIGIN, crossOrigin: false, ...members }));
    return rewrite?.(bytes) ?? bytes;
  }

  #statement(plan) {
    const { statementOf = (map) => map } = plan.knobs;
    if (plan.format === 'tpm' && plan.make.key === undefined) plan.make = { sha1: this.random.chance(0.5), ...plan.make };
    const make = STATEMENTS[plan.format] ?? this.maker[plan.format === 'x5c' ? 'packed' : plan.format](plan.make);
    return (data, hash, credential) => statementOf(make(data, hash, credential), credential);
  }

  #registration(plan) {
    const { knobs, input } = plan;
    if (!plan.anyAlgorithm && ALGORITHMS_OF[plan.format]?.includes(plan.alg) === false) plan.alg = ES256;
    const key = this.key(plan.alg);
    const bytes = knobs.publicKeyOf?.(key.cose);
    const id = knobs.id ?? base64url(randomBytes(this.random.pick([16, 32, 32, 64, 250, 1023])));
    if (input.trustAnchorsPem === undefined && ['x5c', 'fido-u2f', 'tpm', 'android-key', 'android-safetynet', 'apple'].includes(plan.format) && this.random.chance(0.5))
      input.trustAnchorsPem = [this.maker.anchor];
    const credential = this.#device(plan).register(this.#options(plan), { ...knobs, id, newKey: key, ...(bytes === undefined ? {} : { publicKey: bytes }),
      fmt: plan.format === 'x5c' ? 'packed' : plan.format, statement: this.#statement(plan), clientBytes: this.#clientBytes(plan, 'webauthn.create'),
      counter: this.random.below(100) });
    plan.after?.(credential);
    return { alg: plan.alg, input: { ...input, credential } };
  }

  #assertion(plan) {
    const { input, knobs } = plan;
    const device = this.#device(plan), key = this.key(plan.alg);
    device.register(this.#options(plan), { origin: ORIGIN, newKey: key });
    const [credential] = device.credentials;
    const counter = knobs.counter ?? this.random.pick([0, 1, 7, 0x7fffffff]);
    const be = { ...this.#flags(), ...knobs.flags }.be;
    const userHandle = 'userHandle' in knobs ? knobs.userHandle : this.random.pick([credential.userHandle, undefined]);
    const signed = device.sign(this.#options(plan), { ...knobs, credential, counter, userHandle, clientBytes: this.#clientBytes(plan, 'webauthn.get') });
    input.storedCredential = { id: credential.id, publicKey: base64url(cbor((plan.storedKey ?? key).cose)), counter: Math.max(0, counter - 1), backupEligible: be,
      userHandle: credential.userHandle, ...input.storedCredential };
    plan.after?.(signed);
    return { alg: plan.alg, input: { ...input, credential: signed } };
  }
}

export const FAULTS = { registration: { ...COMMON, ...REGISTRATION }, authentication: { ...COMMON, ...ASSERTION } };
