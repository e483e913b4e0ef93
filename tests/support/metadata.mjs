// FIDO's Metadata Service (MDS version 3), played: a root, a certificate of the service below one between them, and BLOBs that it signs.
//
//   const service = new MetadataService();
//   const env = service.files(newFolder(), service.blob([entry(model, { roots: [maker.rootBytes], statuses: ['REVOKED'] })]));
import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { x509 } from './attestation.mjs';

const { NAMES, certificate, constraints, hostName, pem, publicKeyOf } = x509;
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const signedBy = (key, alg, text) => (alg === 'RS256' ? sign('sha256', Buffer.from(text), key) : sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }));

// What the payload says of one model.
export const entry = (aaguid, { roots = [], statuses = ['FIDO_CERTIFIED_L1'], description = 'Story Model' } = {}) => ({
  aaguid,
  metadataStatement: { description, aaguid, protocolFamily: 'fido2', schema: 3, attestationTypes: ['basic_full'],
    attestationRootCertificates: roots.map((bytes) => bytes.toString('base64')) },
  statusReports: statuses.map((status) => ({ status, effectiveDate: '2026-01-01' })),
  timeOfLastStatusChange: '2026-01-01',
});

export class MetadataService {
  constructor() {
    this.rootName = [[NAMES.organization, 'Public Roots'], [NAMES.name, 'Root of many']];
    this.middleName = [[NAMES.organization, 'Public Roots'], [NAMES.name, 'Between']];
    this.rootKey = newKey();
    this.middleKey = newKey();
    this.key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    this.ecKey = newKey();
    this.root = certificate({ subject: this.rootName, issuer: this.rootName, key: publicKeyOf(this.rootKey), signer: this.rootKey, extensions: [constraints(true)] });
    this.middle = this.#between({});
  }

  #between(knobs) {
    return certificate({ subject: this.middleName, issuer: this.rootName, key: publicKeyOf(this.middleKey), signer: this.rootKey, extensions: [constraints(true)], ...knobs });
  }

  // The certificate between with something wrong: ca, until.
  between({ ca = true, ...knobs }) {
    return this.#between({ extensions: [constraints(ca)], ...knobs });
  }

  leaf({ host = 'mds.fidoalliance.org', key = this.key, ...knobs } = {}) {
    return certificate({ subject: [[NAMES.name, host]], issuer: this.middleName, key: publicKeyOf(key), signer: this.middleKey,
      extensions: [constraints(false), hostName(host)], ...knobs });
  }

  // key: who signs; chain: x5c; payload: members instead of the right ones; spoil: what becomes of the three parts.
  blob(entries, { alg = 'RS256', key = alg === 'RS256' ? this.key : this.ecKey, chain = [this.leaf({ key }), this.middle], payload = {}, spoil = (parts) => parts } = {}) {
    const head = part({ alg, typ: 'JWT', x5c: chain.map((bytes) => bytes.toString('base64')) });
    const body = part({ legalHeader: 'None: a story', no: 7, nextUpdate: '2126-01-01', entries, ...payload });
    return spoil([head, body, signedBy(key, alg, `${head}.${body}`).toString('base64url')]).join('.');
  }

  // The settings that name both files. root: the one that the operator brings.
  files(folder, blob, root = this.root) {
    const files = { POSTERN_ATTESTATION_MDS: path.join(folder, 'blob.jwt'), POSTERN_ATTESTATION_MDS_ROOT: path.join(folder, 'root.pem') };
    writeFileSync(files.POSTERN_ATTESTATION_MDS, blob);
    writeFileSync(files.POSTERN_ATTESTATION_MDS_ROOT, pem(root));
    return files;
  }
}
