// Where @simplewebauthn/server (14.0.3) and libfido2 (1.12.0) are known to say something else of a ceremony than we do, and why that is right.
//
// A row is for one fault of ceremonies.mjs, or for one step that we refuse at, or for both. `we` is what we do. Sections are of WebAuthn
// Level 3 where nothing else is said. What is in no row is a difference that has to be understood; a row that is never met with goes,
// but for the rare ones, which ten thousand ceremonies may miss.
const refuse = (of) => (what, why) => ({ of, we: 'refuse', ...what, why });
const simple = refuse('simplewebauthn'), fido = refuse('libfido2');
const fault = (...names) => ({ faults: names });
const at = (...steps) => ({ steps });

export const DIFFERENCES = [
  simple(fault('client-data-not-utf-8'), '7.1 step 5: no client writes such bytes (5.8.1.1 says UTF-8); the decoder that it uses puts U+FFFD in their place'),
  simple(fault('client-data-with-a-member-twice'), 'RFC 8259 4: names SHOULD be unique; which of two origins counts must not depend on the parser'),
  simple(fault('cross-origin', 'top-origin', 'top-origin-alone'), '7.1 steps 10 and 11, 7.2 steps 13 and 14: it leaves them to its caller at registration, and crossOrigin at sign-in'),
  simple(fault('credential-not-allowed'), '7.2 step 5: left to its caller'),
  simple(fault('record-of-another', 'user-handle-of-another'), '7.2 step 6: left to its caller'),
  simple(fault('eligibility-gained', 'eligibility-lost'), '7.2 step 19: not looked at'),
  simple(fault('extensions-without-a-name'), '9: an extension is named by a string; it passes over all of them'),
  simple(fault('id-padded'), '3, "Base64url Encoding": without padding; its decoder takes it'),
  simple(fault('signature-not-der', 'signature-with-a-tail'), '6.5.5: an ASN.1 DER Ecdsa-Sig-Value; it reads BER and what stands before a tail'),
  simple(fault('android-not-for-signatures', 'android-not-made-in-the-device'), '8.4: purpose and origin of the authorization lists are not looked at'),
  simple(fault('safetynet-signed-with-another-alg'), 'RFC 8725 3.1: alg has to be the one that is checked; it goes by the key of the certificate and does not read the header\'s'),
  simple(fault('cose-not-on-the-curve', 'cose-of-another-curve', 'cose-with-a-short-x', 'cose-with-another-kty', 'cose-with-one-more', 'cose-without-x'),
    '6.5.1 and 5.8.5: with attestation none it does not read the key; it could never sign in'),
  simple(fault('self-with-another-alg'), '8.2: "Validate that alg matches the algorithm of the credentialPublicKey"; it takes the key\'s own'),
  simple(fault('u2f-of-two-certificates'), '8.6: "Check that x5c has exactly one element"; its check of the chain throws for some and not for others'),
  simple(fault('id-of-another-in-the-response'), '5.1: rawId is that of the credential; it compares id with rawId alone'),
  simple(fault('id-of-1024-bytes'), '7.1 step 25: "Verify that the credentialId is <= 1023 bytes"'),
  simple(fault('id-of-no-bytes'), '6.5.1: an id of no bytes names nothing, and would be the same for everybody'),
  simple(fault('object-with-a-tail', 'object-cut', 'data-cut'), '7.1 step 13, 2 and CTAP 2.2 8: its decoder of CBOR takes bytes behind the end, and byte strings that are cut off'),
  { of: 'simplewebauthn', we: 'take', faults: ['u2f-with-a-model'], why: '8.6 asks nothing of the AAGUID, and the U2F vector of 16.1 has one; nothing signs it, and we believe nothing of it' },
  simple({ ...fault('flip-in-attestation-object'), ...at('7.1-13-attestation-object', '7.1-20-algorithm', '7.1-22-attestation-statement') },
    'as above: bits of what nothing signs, in the id, the key and the outer CBOR'),
  simple({ ...fault('flip-in-client-data'), ...at('7.1-5-utf-8'), rare: true }, 'as above: with attestation none nothing signs the client data'),

  fido(at('7.1-5-utf-8', '7.1-6-client-data', '7.1-7-type', '7.1-8-challenge', '7.1-9-origin', '7.1-10-cross-origin', '7.1-11-top-origin'),
    'it sees a hash of the client data'),
  fido(at('7.2-8-utf-8', '7.2-9-client-data', '7.2-10-type', '7.2-11-challenge', '7.2-12-origin', '7.2-13-cross-origin', '7.2-14-top-origin'),
    'it sees a hash of the client data'),
  fido(at('7.1-3-response', '7.2-3-response'), 'it sees no JSON'),
  fido(at('7.2-5-allowed-credentials', '7.2-6-user-handle', '7.2-22-counter'), 'it has no record of the credential'),
  fido(at('7.1-17-backup-flags', '7.2-18-backup-flags', '7.2-19-backup-eligibility'), 'it is older than the flags'),
  fido(at('7.1-24-attestation-trust'), 'it leaves chains to its caller'),
  fido(at('7.1-28-extensions', '7.2-23-extensions'), '9: an extension is named by a string; it passes over what it does not know'),
  fido(fault('algorithm-not-offered'), '7.1 step 20: it is told the one algorithm that came'),
  fido(fault('cose-with-one-more', 'cose-without-x'), '6.5.1: "MUST NOT contain any other OPTIONAL parameters"; it passes over what it does not know, and takes absent numbers for zero'),
  fido(fault('cose-not-on-the-curve'), '5.8.5: the key is not read where another one signs; it could never sign in'),
  fido(fault('self-with-another-alg'), '8.2: "Validate that alg matches the algorithm of the credentialPublicKey"; it takes the key\'s own'),
  fido(fault('u2f-of-another-algorithm', 'u2f-of-two-certificates'), '8.6: "Check that x5c has exactly one element"; it takes the first, and any key'),
  fido(fault('x5c-of-an-authority', 'x5c-of-another-model', 'x5c-of-another-unit', 'x5c-of-version-1', 'x5c-without-a-country', 'x5c-without-a-unit'),
    '8.2.1: it checks the signature by the certificate and leaves the certificate to its caller'),
  fido(fault('tpm-of-another-use', 'tpm-of-an-authority', 'tpm-with-a-subject', 'tpm-without-a-maker'), '8.3.1: it leaves the certificate to its caller'),
  fido(fault('tpm-of-another-version'), '8.3: it does not look at ver'),
  fido(fault('id-of-another-in-the-response'), 'it sees no JSON'),
  fido(fault('id-of-no-bytes'), '6.5.1: an id of no bytes names nothing, and would be the same for everybody'),
  fido({ ...fault('flip-in-attestation-object'), ...at('7.1-22-attestation-statement'), rare: true },
    'as above: bits of a certificate that it leaves to its caller, and of the name "alg", whose absence it takes for ES256 (8.2 requires it)'),
  fido(fault('data-with-a-tail'), '6.1: it passes over what stands behind'),
];

const fits = (row, { fault: name }, verdict) => (row.faults === undefined || row.faults.includes(name)) &&
  (row.steps === undefined || row.steps.includes(verdict.reason.split(':')[0])) && (row.we === 'take') === verdict.accepted;

// The row that explains why `of` differs; undefined: none does.
export const explanation = (of, vector, verdict) => DIFFERENCES.find((row) => row.of === of && fits(row, vector, verdict));
