// Tokens that the service did not issue. Some are signed with its own key, unsealed with its master key, so that only one thing is wrong.
import { createDecipheriv, createPrivateKey, createPublicKey, hkdfSync, sign as signBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { decodeJwt } from 'jose';

const part = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

// header and payload: objects, or the text itself. The signature is a right one unless another key or signer is given.
export function forge(key, header, payload, { by = (text) => signBytes('sha256', text, { key, dsaEncoding: 'ieee-p1363' }) } = {}) {
  const text = `${part(header)}.${part(payload)}`;
  return `${text}.${Buffer.from(by(Buffer.from(text))).toString('base64url')}`;
}

// The private half of a row of signing_keys, opened as docs/keys.md says that it is sealed.
export function unseal(folder, { kid, algorithm, sealed }) {
  const master = Buffer.from(readFileSync(path.join(folder, 'postern-master-key'), 'utf8').trim(), 'base64url');
  const key = Buffer.from(hkdfSync('sha256', master, '', 'signing-keys', 32));
  const box = Buffer.from(sealed, 'base64url');
  const cipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, 12));
  cipher.setAAD(Buffer.from(`${kid}|${algorithm}`));
  cipher.setAuthTag(box.subarray(-16));
  const der = Buffer.concat([cipher.update(box.subarray(12, -16)), cipher.final()]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

// What the service signs with: { key, pem, kid, header, token(claims, header) } over the claims of a good token.
export async function signerOf(server, goodToken) {
  const [row] = await server.query('SELECT kid, algorithm, sealed FROM signing_keys WHERE retired_at = 0 AND revoked_at = 0');
  const key = unseal(server.folder, row);
  const { kid } = row;
  const header = { alg: 'ES256', typ: 'at+jwt', kid };
  const claims = decodeJwt(goodToken);
  const token = (more = {}, otherHeader = {}, options) => {
    const made = forge(key, { ...header, ...otherHeader }, { ...claims, ...more }, options); // undefined leaves a member out
    return server.canaries.remember(made);
  };
  return { key, kid, header, claims, token, publicPem: createPublicKey(key).export({ type: 'spki', format: 'pem' }) };
}
