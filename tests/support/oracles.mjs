// What others say of ceremonies: @simplewebauthn/server, libfido2, and our own check-vectors, of vectors as ceremonies.mjs makes them.
//
//   await simpleWebAuthn(vectors)      Map of name -> { accepted, reason }; likewise ours(vectors) and libfido2(vectors)
//
// reason is "unsupported" where one has no say.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = fileURLToPath(new URL('../..', import.meta.url));
const checkVectors = process.env.POSTERN_CHECK_VECTORS ?? join(top, 'build/release/check-vectors');
const checkLibfido2 = join(dirname(checkVectors), 'check-libfido2');
const FORMATS = ['packed', 'fido-u2f', 'tpm', 'android-key', 'android-safetynet', 'apple', 'none'];
const bytesOf = (text) => new Uint8Array(Buffer.from(text, 'base64url'));

export const hasLibfido2 = existsSync(checkLibfido2);

function ask(program, args, vectors) {
  const folder = mkdtempSync(join(tmpdir(), 'postern-oracles-'));
  const file = join(folder, 'vectors.json');
  writeFileSync(file, JSON.stringify(vectors));
  const run = spawnSync(program, [...args, file], { encoding: 'utf8', maxBuffer: 1 << 28 });
  rmSync(folder, { recursive: true });
  if (run.status !== 0) throw new Error(`${program}: ${run.stderr || (run.error ?? run.signal ?? run.status)}`);
  return new Map(run.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line)).map(({ name, ...verdict }) => [name, verdict]));
}

export const ours = (vectors) => ask(checkVectors, ['webauthn'], vectors);
export const libfido2 = (vectors) => ask(checkLibfido2, [], vectors);

const asked = (input) => ({ expectedChallenge: input.expectedChallenge, expectedOrigin: input.expectedOrigin, expectedRPID: input.expectedRPID,
  requireUserVerification: input.requireUserVerification });

async function register({ verifyRegistrationResponse, SettingsService }, input) {
  for (const identifier of FORMATS) SettingsService.setRootCertificates({ identifier, certificates: input.trustAnchorsPem ?? [] });
  return verifyRegistrationResponse({ ...asked(input), response: input.credential, supportedAlgorithmIDs: input.supportedAlgs });
}

async function authenticate({ verifyAuthenticationResponse }, input) {
  const { id, publicKey, counter } = input.storedCredential;
  return verifyAuthenticationResponse({ ...asked(input), response: input.credential, expectedTopOrigin: input.expectedTopOrigin,
    credential: { id, publicKey: bytesOf(publicKey), counter } });
}

// ESP256 and Ed448 are none of its algorithms.
const knows = ({ alg }) => ![-9, -53].includes(alg);

// It throws what it refuses for, or answers that it did not verify.
async function verdictOf(library, vector) {
  const { kind, input } = vector;
  if (!knows(vector)) return { accepted: false, reason: 'unsupported' };
  try {
    const { verified } = await (kind === 'registration' ? register : authenticate)(library, structuredClone(input));
    return { accepted: verified, reason: verified ? '' : 'not verified' };
  } catch (error) {
    return { accepted: false, reason: error.message };
  }
}

export async function simpleWebAuthn(vectors) {
  const library = await import('@simplewebauthn/server');
  const verdicts = new Map();
  for (const vector of vectors) verdicts.set(vector.name, await verdictOf(library, vector));
  return verdicts;
}
