// Tokens that the service did not issue. Some are signed with its own key, read from its folder, so that only one thing is wrong.
import { createPrivateKey, createPublicKey, sign as signBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { decodeJwt } from 'jose';

const part = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

// header and payload: objects, or the text itself. The signature is a right one unless another key or signer is given.
export function forge(key, header, payload, { by = (text) => signBytes('sha256', text, { key, dsaEncoding: 'ieee-p1363' }) } = {}) {
  const text = `${part(header)}.${part(payload)}`;
  return `${text}.${Buffer.from(by(Buffer.from(text))).toString('base64url')}`;
}

// What the service signs with: { key, pem, kid, header, token(claims, header) } over the claims of a good token.
export function signerOf(server, goodToken) {
  const folder = path.join(server.folder, 'postern-keys');
  const [name] = readdirSync(folder).filter((file) => file.endsWith('.pem'));
  const key = createPrivateKey(readFileSync(path.join(folder, name)));
  const kid = name.slice(0, -'.pem'.length);
  const header = { alg: 'ES256', typ: 'at+jwt', kid };
  const claims = decodeJwt(goodToken);
  const token = (more = {}, otherHeader = {}, options) => {
    const made = forge(key, { ...header, ...otherHeader }, { ...claims, ...more }, options); // undefined leaves a member out
    return server.canaries.remember(made);
  };
  return { key, kid, header, claims, token, publicPem: createPublicKey(key).export({ type: 'spki', format: 'pem' }) };
}
