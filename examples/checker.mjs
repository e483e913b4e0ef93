// Checks access tokens of Postern in a Node service: signature and claims by its public keys, ended sessions by its
// revocation feed. Needs Node 18 and the package jose.
//
//   const checker = await makeChecker({ postern, issuer, audience, client, secret });
//   const claims = await checker.check(token);        // throws when the token is not to be taken
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

// Public-key ones only. Each key of the set names its own, and jose holds the token to it.
const ALGORITHMS = ['ES256', 'EdDSA', 'RS256', 'PS256'];
const STALE_MS = 90_000; // without news for so long nobody is let in: who cut us off may have ended sessions

export async function makeChecker({ postern, issuer, audience, client, secret }) {
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', postern));
  const authorization = `Basic ${Buffer.from(`${encodeURIComponent(client)}:${encodeURIComponent(secret)}`).toString('base64')}`;
  let revoked, etag, heardAt, stopped = false;

  // Asks once; with a tag of before, Postern answers when there is news, at the latest after 25 s.
  async function ask() {
    const headers = { authorization, ...(etag && { 'if-none-match': etag }) };
    const answer = await fetch(new URL('/revocations?wait=25', postern), { headers, signal: AbortSignal.timeout(40_000) });
    if (answer.status === 200) {
      const { payload } = await jwtVerify(await answer.text(), keys, { issuer, algorithms: ALGORITHMS, typ: 'revocations+jwt', requiredClaims: ['exp'] });
      const users = new Map(payload.users.map(({ sub, tv }) => [sub, tv]));
      revoked = { users, sessions: new Set(payload.sessions), clients: new Set(payload.clients), before: payload.not_before };
      etag = answer.headers.get('etag');
    } else if (answer.status !== 304) {
      throw new Error(`the revocation feed answers ${answer.status}`);
    }
    heardAt = Date.now();
  }

  async function follow() {
    while (!stopped) await ask().catch(() => new Promise((resolve) => setTimeout(resolve, 1000)));
  }

  await ask();
  follow();
  return {
    stop: () => (stopped = true),
    async check(token) {
      const { payload: t } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt', algorithms: ALGORITHMS, requiredClaims: ['exp', 'iat', 'sub'] });
      if (Date.now() - heardAt > STALE_MS) throw new Error('no news from the revocation feed');
      if (t.iat < revoked.before || revoked.sessions.has(t.sid) || revoked.clients.has(t.client_id) || t.tv < (revoked.users.get(t.sub) ?? 0))
        throw new Error('the token was taken back');
      return t;
    },
  };
}

// By itself: settings from the environment, a token a line on stdin, a verdict a line on stdout.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { POSTERN: postern, ISSUER: issuer, AUDIENCE: audience, CLIENT: client, SECRET: secret } = process.env;
  const checker = await makeChecker({ postern, issuer, audience, client, secret });
  for await (const token of createInterface({ input: process.stdin }))
    console.log(await checker.check(token).then((claims) => `good ${claims.sub}`, (error) => `refused: ${error.message}`));
  process.exit(0);
}
