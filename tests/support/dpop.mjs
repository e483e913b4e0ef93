// A client that holds a key: proofs by the package `dpop`, and proofs of any other shape by jose.
import { createHash, generateKeyPairSync, randomUUID, webcrypto } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';

globalThis.crypto ??= webcrypto; // Node 18 has it, but not under this name
export const DPoP = await import('dpop');

export const hashOf = (token) => createHash('sha256').update(token).digest('base64url');
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

export class Client {
  // A key that could not leave a browser. server: whose address it calls.
  static async make(server) {
    const client = new Client();
    client.keys = await DPoP.generateKeyPair('ES256');
    client.jkt = await DPoP.calculateThumbprint(client.keys.publicKey);
    client.server = server;
    return client;
  }

  // With another server of the same service.
  at(server, place) {
    return Object.assign(new Client(), this, { server, place });
  }

  htu(target) {
    return (this.place ?? this.server.url) + target;
  }

  proof(method, target, { token, nonce } = {}) {
    return DPoP.generateProof(this.keys, this.htu(target), method, nonce, token);
  }

  // A right proof but for what is given; undefined leaves a member out. By jose.
  async forged(method, target, { token, claims = {}, header = {}, keys = this.keys, alg = 'ES256' } = {}) {
    const jwk = await exportJWK(this.keys.publicKey);
    const said = {
      jti: randomUUID(), htm: method, htu: this.htu(target), iat: Math.floor(Date.now() / 1000),
      ...(token && { ath: hashOf(token) }), ...claims,
    };
    return new SignJWT(said).setProtectedHeader({ typ: 'dpop+jwt', alg, jwk, ...header }).sign(keys.privateKey);
  }

  // The same with a signature that is none.
  async unsigned(method, target, { header, token, signature = '' }) {
    const [, payload] = (await this.forged(method, target, { token })).split('.');
    return `${part({ typ: 'dpop+jwt', jwk: await exportJWK(this.keys.publicKey), ...header })}.${payload}.${signature}`;
  }

  call(method, target, { token, body, nonce, proof, scheme = 'DPoP', headers = {}, ...rest } = {}) {
    const sent = { ...headers };
    if (token !== undefined) sent.Authorization = `${scheme} ${this.server.canaries.remember(token)}`;
    return Promise.resolve(proof === undefined ? this.proof(method, target, { token, nonce }) : proof).then((dpop) =>
      this.server.call(method, target, { ...rest, body, headers: { ...sent, ...(dpop !== null && { DPoP: dpop }) } }));
  }

  signIn({ email, password }, options) {
    return this.call('POST', '/login', { body: { email, password }, ...options });
  }

  refresh(refresh_token, options) {
    return this.call('POST', '/token/refresh', { body: { refresh_token }, ...options });
  }

  me(token, options) {
    return this.call('GET', '/users/me', { token, ...options });
  }
}

export const keyPairOf = (alg) => generateKeyPair(alg, { extractable: true });
export const thumbprintOf = calculateJwkThumbprint;
export const rsaPublicJwk = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
