// A maker of authenticators: a root certificate, and one beneath it that vouches for a model (WebAuthn Level 3 8.2.1), by openssl.
import assert from 'node:assert/strict';
import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ES256 } from './authenticator.mjs';
import { newFolder, run } from './server.mjs';

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];

async function openssl(...args) {
  const { code, stderr } = await run('openssl', args);
  assert.equal(code, 0, stderr);
}

async function rootIn(folder) {
  const files = { key: path.join(folder, 'root.key'), pem: path.join(folder, 'root.pem') };
  await openssl('req', '-x509', ...EC, '-subj', '/O=Story/CN=Maker', '-keyout', files.key, '-out', files.pem);
  return files;
}

// id-fido-gen-ce-aaguid: an OCTET STRING in an OCTET STRING.
const extensions = (aaguid) => `basicConstraints=critical,CA:FALSE\n1.3.6.1.4.1.45724.1.1.4=DER:0410${aaguid.toString('hex')}\n`;

async function leafIn(folder, aaguid, root) {
  const file = (name) => path.join(folder, name);
  writeFileSync(file('ext'), extensions(aaguid));
  await openssl('req', ...EC, '-subj', '/C=DE/O=Story/OU=Authenticator Attestation/CN=Story Model', '-keyout', file('leaf.key'), '-out', file('leaf.csr'));
  await openssl('x509', '-req', '-in', file('leaf.csr'), '-CA', root.pem, '-CAkey', root.key, '-CAcreateserial', '-days', '2', '-extfile', file('ext'),
    '-out', file('leaf.pem'));
  return { key: createPrivateKey(readFileSync(file('leaf.key'))), der: new X509Certificate(readFileSync(file('leaf.pem'))).raw };
}

// { root: PEM, kind: for new Authenticator({ aaguid, ...kind }) }. like: another maker, whose root it shares.
export async function makerOf(aaguid, like) {
  const folder = newFolder();
  const files = like?.files ?? (await rootIn(folder));
  const leaf = await leafIn(folder, aaguid, files);
  const statement = (authData, clientHash) => new Map([
    ['alg', ES256], ['sig', sign('sha256', Buffer.concat([authData, clientHash]), leaf.key)], ['x5c', [leaf.der]]]);
  return { files, root: readFileSync(files.pem), kind: { fmt: 'packed', statement } };
}
