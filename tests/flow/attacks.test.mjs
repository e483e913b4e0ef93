// Stories of people who mean harm: forged tokens, requests that two servers would read differently, addresses bent out of shape.
import assert from 'node:assert/strict';
import { createHmac, createPublicKey, generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { describe, it } from 'node:test';
import { forge, signerOf } from '../support/forge.mjs';
import {
  NOBODY, assertProblem, auditOf, member, person, sessionEnded, signIn, signUp, tokenExpired, tokenInvalid, withServer,
} from '../support/story.mjs';

describe('a forged token is refused with one sentence, and its fault stands in the trail:', () => {
  let ada, admin, real;
  const at = withServer({}, async (server) => {
    ada = await member(server);
    admin = await member(server, { roles: ['admin'] });
    real = await signerOf(server, ada.token);
  });

  const now = () => Math.floor(Date.now() / 1000);
  const parts = () => ada.token.split('.');
  const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const strangerJwk = stranger.publicKey.export({ format: 'jwk' });
  const by = (pair) => (text) => signBytes('sha256', text, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
  const hmac = (secret, hash = 'sha256') => (text) => createHmac(hash, secret).update(text).digest();
  const der = () => createPublicKey(real.key).export({ type: 'spki', format: 'der' });
  const jwk = () => JSON.stringify(createPublicKey(real.key).export({ format: 'jwk' }));
  const signature = (change) => {
    const bytes = Buffer.from(parts()[2], 'base64url');
    return [parts()[0], parts()[1], change(bytes).toString('base64url')].join('.');
  };
  const N = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex'); // the order of P-256

  const cases = [
    // the algorithm is ours to say
    ['alg', 'alg none without a signature', () => `${b64({ alg: 'none', typ: 'at+jwt' })}.${parts()[1]}.`],
    ['alg', 'alg none with our kid', () => `${b64({ ...real.header, alg: 'none' })}.${parts()[1]}.`],
    ['alg', 'alg none with the old signature', () => `${b64({ ...real.header, alg: 'none' })}.${parts()[1]}.${parts()[2]}`],
    ...['None', 'NONE', 'nOnE', '', 'ES256 ', 'es256', 'ES256K', 'ES384', 'EdDSA', 'RS256', 'PS256'].map((alg) =>
      ['alg', `alg "${alg}"`, () => real.token({}, { alg })]),
    ['alg', 'HS256 with the public key in PEM as secret', () => real.token({}, { alg: 'HS256' }, { by: hmac(real.publicPem) })],
    ['alg', 'HS256 with the public key in DER as secret', () => real.token({}, { alg: 'HS256' }, { by: hmac(der()) })],
    ['alg', 'HS256 with the published key as secret', () => real.token({}, { alg: 'HS256' }, { by: hmac(jwk()) })],
    ['alg', 'HS256 with an empty secret', () => real.token({}, { alg: 'HS256' }, { by: hmac('') })],
    ['alg', 'HS512 with the kid as secret', () => real.token({}, { alg: 'HS512' }, { by: hmac(real.kid, 'sha512') })],
    ['malformed', 'no alg', () => real.token({}, { alg: undefined })],
    ['malformed', 'a list as alg', () => real.token({}, { alg: ['ES256'] })],
    ['malformed', 'null as alg', () => real.token({}, { alg: null })],
    [
      'bad_sig', 'HMAC under the name ES256',
      () => real.token({}, {}, { by: (text) => Buffer.concat([hmac(real.publicPem)(text), hmac(real.publicPem)(text)]) }),
    ],

    // the key is ours to choose
    ['kid', 'no kid', () => real.token({}, { kid: undefined })],
    ['kid', 'an empty kid', () => real.token({}, { kid: '' })],
    ['kid', 'an unknown kid', () => real.token({}, { kid: 'A'.repeat(43) })],
    [
      'kid', 'a kid with a letter in the other case',
      () => real.token({}, { kid: real.kid.replace(/[a-z]/i, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())) }),
    ],
    ['kid', 'a kid that is a path', () => real.token({}, { kid: `../postern-master-key/${real.kid}` })],
    [
      'kid', 'a kid that is /dev/null, signed with nothing',
      () => real.token({}, { kid: '../../../../dev/null' }, { by: () => Buffer.alloc(64) }),
    ],
    ['kid', 'a kid that is text of a database', () => real.token({}, { kid: "x' UNION SELECT 'key' --" })],
    ['kid', 'a kid with a NUL behind it', () => real.token({}, { kid: `${real.kid}\u0001` })],
    ['malformed', 'a kid with an escaped NUL', () => forge(real.key, `{"alg":"ES256","typ":"at+jwt","kid":"${real.kid}\\u0000"}`, real.claims)],
    ['malformed', 'a number as kid', () => real.token({}, { kid: 1 })],
    ['malformed', 'a jwk in the header, signed with it', () => real.token({}, { jwk: strangerJwk }, { by: by(stranger) })],
    ['malformed', 'our own jwk in the header', () => real.token({}, { jwk: JSON.parse(jwk()) })],
    ['malformed', 'a jku', () => real.token({}, { jku: 'http://127.0.0.1:9/jwks.json' })],
    ['malformed', 'an x5u', () => real.token({}, { x5u: 'http://127.0.0.1:9/x' })],
    ['malformed', 'an x5c', () => real.token({}, { x5c: ['MIIB'] })],
    ['malformed', 'an x5t', () => real.token({}, { x5t: 'x' })],
    ['malformed', 'crit', () => real.token({}, { crit: ['exp'] })],
    ['malformed', 'an empty crit', () => real.token({}, { crit: [] })],
    ['malformed', 'b64 false', () => real.token({}, { b64: false, crit: ['b64'] })],
    ['malformed', 'zip', () => real.token({}, { zip: 'DEF' })],
    ['malformed', 'enc', () => real.token({}, { enc: 'A256GCM' })],
    ['bad_sig', 'the key of a stranger', () => real.token({}, {}, { by: by(stranger) })],
    [
      'bad_sig', 'the key of a stranger for another account',
      () => real.token({ sub: admin.id, sid: admin.tokens.session_id, role: 'admin' }, {}, { by: by(stranger) }),
    ],

    // it is for another purpose
    ['typ', 'typ JWT', () => real.token({}, { typ: 'JWT' })],
    ['typ', 'no typ', () => real.token({}, { typ: undefined })],
    ['typ', 'typ AT+JWT', () => real.token({}, { typ: 'AT+JWT' })],
    ['typ', 'typ at+jwt;x', () => real.token({}, { typ: 'at+jwt;x' })],
    ['typ', 'typ dpop+jwt', () => real.token({}, { typ: 'dpop+jwt' })],
    ['typ', 'typ logout+jwt', () => real.token({}, { typ: 'logout+jwt' })],
    ['malformed', 'a list as typ', () => real.token({}, { typ: ['at+jwt'] })],
    ['iss', 'another issuer', () => real.token({ iss: 'https://evil.example' })],
    ['iss', 'an issuer with a slash behind it', () => real.token({ iss: `${real.claims.iss}/` })],
    ['claims', 'a list as issuer', () => real.token({ iss: [real.claims.iss] })],
    ['claims', 'no issuer', () => real.token({ iss: undefined })],
    ['aud', 'another audience', () => real.token({ aud: 'another-service' })],
    ['claims', 'two audiences, ours among them', () => real.token({ aud: [real.claims.aud, 'another-service'] })],
    ['claims', 'no audience', () => real.token({ aud: undefined })],

    // its times
    ['nbf', 'nbf in a minute', () => real.token({ nbf: now() + 60 })],
    ['nbf', 'iat in a minute', () => real.token({ iat: now() + 60 })],
    ['claims', 'no exp', () => real.token({ exp: undefined })],
    ['claims', 'exp as text', () => real.token({ exp: String(now() + 900) })],
    ['claims', 'exp as a fraction', () => real.token({ exp: now() + 900.5 })],
    ['claims', 'exp in milliseconds', () => real.token({ exp: (now() + 900) * 1000 })],
    ['claims', 'exp before 1970', () => real.token({ exp: -1 })],
    ['claims', 'exp as null', () => real.token({ exp: null })],
    ['claims', 'exp before iat', () => real.token({ iat: now(), exp: now() - 1 })],

    // its claims
    ['claims', 'no sub', () => real.token({ sub: undefined })],
    ['claims', 'a sub that is no id', () => real.token({ sub: '1' })],
    ['claims', 'a sub that is a list', () => real.token({ sub: [ada.id] })],
    ['claims', 'no sid', () => real.token({ sid: undefined })],
    ['claims', 'a sid that is text of a database', () => real.token({ sid: "' OR 1=1 --" })],
    ['claims', 'no jti', () => real.token({ jti: undefined })],
    ['claims', 'no token version', () => real.token({ tv: undefined })],
    ['claims', 'a token version as text', () => real.token({ tv: '0' })],
    ['claims', 'a negative token version', () => real.token({ tv: -1 })],
    ['claims', 'roles as text', () => real.token({ roles: 'admin' })],
    ['malformed', 'a payload that is a list', () => forge(real.key, real.header, '[]')],
    ['malformed', 'a payload that is no JSON', () => forge(real.key, real.header, 'sub=1')],
    ['malformed', 'an empty payload', () => forge(real.key, real.header, '')],
    [
      'malformed', 'a payload with a name twice',
      () => forge(real.key, real.header, JSON.stringify(real.claims).replace('{', `{"sub":"${admin.id}",`)),
    ],
    ['malformed', 'a payload with text behind it', () => forge(real.key, real.header, `${JSON.stringify(real.claims)} x`)],
    ['malformed', 'a header with a name twice', () => forge(real.key, JSON.stringify(real.header).replace('{', '{"alg":"none",'), real.claims)],
    ['malformed', 'a header that is a list', () => forge(real.key, '["ES256"]', real.claims)],
    ['malformed', 'a header that is no JSON', () => forge(real.key, 'ES256', real.claims)],
    ['malformed', 'a byte order mark before the header', () => forge(real.key, `\ufeff${JSON.stringify(real.header)}`, real.claims)],

    // its signature
    ['bad_sig', 'a changed payload', () => [parts()[0], b64({ ...real.claims, role: 'admin', roles: ['admin'] }), parts()[2]].join('.')],
    ['bad_sig', 'a changed expiry', () => [parts()[0], b64({ ...real.claims, exp: real.claims.exp + 1 }), parts()[2]].join('.')],
    ['bad_sig', 'the signature of another token', () => [parts()[0], parts()[1], admin.token.split('.')[2]].join('.')],
    ['bad_sig', 'a flipped bit', () => signature((s) => { s[10] ^= 1; return s; })],
    ['bad_sig', 'a signature of zeros', () => signature(() => Buffer.alloc(64))],
    ['bad_sig', 'r and s of zero and one', () => signature(() => Buffer.concat([Buffer.alloc(63), Buffer.from([1])]))],
    ['bad_sig', 'r and s of the order of the curve', () => signature(() => Buffer.concat([N, N]))],
    ['bad_sig', 'r and s changed for each other', () => signature((s) => Buffer.concat([s.subarray(32), s.subarray(0, 32)]))],
    ['malformed', 'a signature in DER', () => real.token({}, {}, { by: (text) => signBytes('sha256', text, real.key) })],
    ['malformed', 'a signature of 63 bytes', () => signature((s) => s.subarray(0, 63))],
    ['malformed', 'a signature of 65 bytes', () => signature((s) => Buffer.concat([s, Buffer.alloc(1)]))],
    ['malformed', 'no signature', () => `${parts()[0]}.${parts()[1]}.`],

    // its form
    ['malformed', 'two parts', () => `${parts()[0]}.${parts()[1]}`],
    ['malformed', 'four parts', () => `${ada.token}.x`],
    ['malformed', 'five parts, as an encrypted token has', () => `${ada.token}.x.x`],
    ['malformed', 'a point behind it', () => `${ada.token}.`],
    ['malformed', 'a point before it', () => `.${ada.token}`],
    ['malformed', 'points alone', () => '..'],
    ['malformed', 'one word', () => 'x'],
    ['malformed', 'padding', () => parts().map((p) => p.padEnd(Math.ceil(p.length / 4) * 4, '=')).join('.')],
    ['malformed', 'padding behind the signature', () => `${ada.token}==`],
    ['malformed', 'the other base64', () => `${parts()[0]}.${parts()[1]}.+/${parts()[2].slice(2)}`],
    ['bad_sig', 'a blank inside', () => `${parts()[0]}. ${parts()[1]}.${parts()[2]}`],
    [
      'malformed', 'the same signature in another spelling',
      () => ada.token.slice(0, -1) + String.fromCharCode(ada.token.charCodeAt(ada.token.length - 1) + 1),
    ],
    ['malformed', 'two tokens', () => `${ada.token} ${ada.token}`],
    ['malformed', 'a comma and a second one', () => `${ada.token},${ada.token}`],
    ['malformed', 'quotes around it', () => `"${ada.token}"`],
    ['malformed', 'one byte past 4096', () => `${parts()[0]}.${'A'.repeat(4097 - parts()[0].length - parts()[2].length - 2)}.${parts()[2]}`],
    ['malformed', 'nearly all of the head', () => 'A'.repeat(7900)],
    ['malformed', 'a refresh token', () => ada.tokens.refresh_token],
    ['malformed', 'a session id', () => ada.tokens.session_id],
    ['malformed', 'bytes past ASCII', () => `${parts()[0]}.${parts()[1]}.\u00e9`],
    ['malformed', '64 levels of JSON', () => forge(real.key, real.header, `{"a":${'['.repeat(64)}${']'.repeat(64)}}`)],
    ['malformed', '500 levels of JSON', () => forge(real.key, real.header, `{"a":${'['.repeat(500)}${']'.repeat(500)}}`)],
  ];

  for (const [fault, why, make] of cases)
    it(`${why} (${fault})`, async () => {
      const token = make();
      const answer = await at.server.call('GET', '/users/me', { headers: { Authorization: `Bearer ${token}` } });
      assertProblem(answer, tokenInvalid);
      assert.equal(answer.headers['www-authenticate'], 'Bearer realm="Postern", error="invalid_token", DPoP realm="Postern", algs="ES256 EdDSA Ed25519"');
      const rows = await auditOf(at.server, answer);
      assert.deepEqual(rows.map(({ event, severity, outcome, reason, actor, target, session }) => [event, severity, outcome, reason, actor, target, session]),
        [['authz_fail', 'CRITICAL', 'failure', fault, null, null, null]]);
    });

  it('while the helper of this story can make a good one', async () => {
    assert.equal((await at.server.call('GET', '/users/me', { token: real.token() })).json.id, ada.id);
  });

  it('one second past its end it is told to be expired, and that leaves no row', async () => {
    const answer = await at.server.call('GET', '/users/me', { token: real.token({ iat: now() - 10, nbf: now() - 10, exp: now() }) });
    assertProblem(answer, tokenExpired);
    assert.deepEqual(await auditOf(at.server, answer), []);
  });

  it('what is expired and forged is forged', async () => {
    const token = real.token({ iat: 1, nbf: 1, exp: 2 }, {}, { by: by(stranger) });
    assertProblem(await at.server.call('GET', '/users/me', { token }), tokenInvalid);
  });

  for (const [why, claims] of [
    ['another account', () => ({ sub: admin.id })],
    ['an account that is not there', () => ({ sub: NOBODY })],
    ['a session that is not there', () => ({ sid: NOBODY })],
    ['the session of another', () => ({ sid: admin.tokens.session_id })],
    ['a token version to come', () => ({ tv: 7 })],
  ])
    it(`signed with our own key it still opens nothing for ${why}`, async () => {
      const answer = await at.server.call('GET', '/users/me', { token: real.token(claims()) });
      assertProblem(answer, sessionEnded);
      const [row] = await auditOf(at.server, answer);
      assert.deepEqual([row.event, row.outcome, row.reason], ['session_use_after_expire', 'failure', 'session_ended']);
    });
});

describe('on the wire', () => {
  // A short time for heads, so that what is not answered ends soon.
  const at = withServer({ env: { POSTERN_HEAD_TIMEOUT: '1', POSTERN_BODY_TIMEOUT: '1', POSTERN_MAX_CONNECTIONS: '200' } });
  const next = 'GET /ping HTTP/1.1\r\nHost: a\r\nX-Request-Id: smuggled\r\n\r\n';
  const LIMIT_MS = 10_000;
  const statuses = (got) => [...got.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map((match) => Number(match[1]));

  const json = JSON.stringify({ email: 'x@example.com', password: 'x' });
  const post = (fields, body, version = '1.1') => `POST /login HTTP/${version}\r\nHost: a\r\nContent-Type: application/json\r\n${fields}\r\n${body}`;
  const get = (fields, target = '/ping') => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
  const chunked = `${json.length.toString(16)}\r\n${json}\r\n0\r\n\r\n`;
  const length = `Content-Length: ${json.length}\r\n`;

  describe('a request that two servers could read differently is refused, and what follows on its connection is never run:', () => {
    for (const [why, bytes] of [
      ['Content-Length and Transfer-Encoding', post(`${length}Transfer-Encoding: chunked\r\n`, chunked)],
      ['Transfer-Encoding and Content-Length', post(`Transfer-Encoding: chunked\r\nContent-Length: 4\r\n`, chunked)],
      ['Content-Length 0 and Transfer-Encoding', post('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n`)],
      ['two Content-Length that differ', post(`${length}Content-Length: 0\r\n`, json)],
      ['two Content-Length that agree', post(`${length}${length}`, json)],
      ['a list in Content-Length', post(`Content-Length: ${json.length}, ${json.length}\r\n`, json)],
      ['Content-Length with a sign', post(`Content-Length: +${json.length}\r\n`, json)],
      ['Content-Length below zero', post('Content-Length: -1\r\n', json)],
      ['Content-Length in hex', post('Content-Length: 0x26\r\n', json)],
      ['Content-Length with a blank inside', post('Content-Length: 3 6\r\n', json)],
      ['Content-Length as text', post('Content-Length: x\r\n', json)],
      ['Content-Length past 2^64', post('Content-Length: 18446744073709551652\r\n', json)],
      ['Content-Length past 2^63', post('Content-Length: 9223372036854775809\r\n', json)],
      ['an empty Content-Length', post('Content-Length: \r\n', json)],
      ['Transfer-Encoding xchunked', post('Transfer-Encoding: xchunked\r\n', chunked)],
      ['Transfer-Encoding identity', post('Transfer-Encoding: identity\r\n', chunked)],
      ['Transfer-Encoding gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n', chunked)],
      ['Transfer-Encoding chunked, identity', post('Transfer-Encoding: chunked, identity\r\n', chunked)],
      ['Transfer-Encoding "chunked"', post('Transfer-Encoding: "chunked"\r\n', chunked)],
      ['two Transfer-Encoding', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', chunked)],
      ['two Transfer-Encoding chunked', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', chunked)],
      ['an empty Transfer-Encoding', post('Transfer-Encoding: \r\n', chunked)],
      ['Transfer-Encoding with a vertical tab', post('Transfer-Encoding: \x0bchunked\r\n', chunked)],
      ['Transfer-Encoding on HTTP/1.0', post('Transfer-Encoding: chunked\r\n', chunked, '1.0')],
      ['a blank before the colon', post(`Transfer-Encoding : chunked\r\n`, chunked)],
      ['a blank before the colon of Content-Length', post(`Content-Length : ${json.length}\r\n`, json)],
      ['a tab before the colon', get('X-A\t: b\r\n')],
      ['an empty field name', get(': b\r\n')],
      ['a field name with a blank', get('X A: b\r\n')],
      ['a field name with a bracket', get('X(A): b\r\n')],
      ['a field without a colon', get('X-A\r\n')],
      ['a NUL in a value', get('X-A: b\0c\r\n')],
      ['a NUL in a name', get('X\0A: b\r\n')],
      ['a NUL before Transfer-Encoding', post(`${length}X: \0\r\nTransfer-Encoding: chunked\r\n`, chunked)],
      ['a bare CR in a value', get('X-A: b\rc\r\n')],
      ['lines that end in LF alone', 'GET /ping HTTP/1.1\nHost: a\n\n'],
      ['one line that ends in LF alone', get('X-A: b\n')],
      ['a first line that ends in LF alone', 'GET /ping HTTP/1.1\nHost: a\r\n\r\n'],
      ['a bare CR before a field', get('X-A: b\r Transfer-Encoding: chunked\r\n')],
      ['another control character in a value', get('X-A: b\x01c\r\n')],
      ['DEL in a value', get('X-A: b\x7fc\r\n')],
      ['a NUL at the end of a value', get('X-A: b\0\r\n')],
      ['a NUL in the last value', 'GET /ping HTTP/1.1\r\nHost: a\0b\r\n\r\n'],
      ['a folded field', get('X-A: b\r\n c\r\n')],
      ['a folded Transfer-Encoding', post(`${length}X-A: b\r\n Transfer-Encoding: chunked\r\n`, json)],
      ['a folded field with a tab', get('X-A: b\r\n\tc\r\n')],
      ['a first field that is folded', 'GET /ping HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n'],
      ['two Host', get('Host: b\r\n')],
      ['two Host that agree', get('Host: a\r\n')],
      ['no Host', 'GET /ping HTTP/1.1\r\nX-A: b\r\n\r\n'],
      ['a chunk size with 0x', post('Transfer-Encoding: chunked\r\n', `0x5\r\nhello\r\n0\r\n\r\n`)],
      ['a chunk size past 2^64', post('Transfer-Encoding: chunked\r\n', `10000000000000005\r\nhello\r\n0\r\n\r\n`)],
      ['a chunk size below zero', post('Transfer-Encoding: chunked\r\n', `-5\r\nhello\r\n0\r\n\r\n`)],
      ['a chunk size that is no number', post('Transfer-Encoding: chunked\r\n', `xyz\r\nhello\r\n0\r\n\r\n`)],
      ['a chunk without its end', post('Transfer-Encoding: chunked\r\n', `5\r\nhelloXX0\r\n\r\n`)],
    ])
      it(why, async () => {
        const got = await at.server.raw(`${bytes}${next}`, LIMIT_MS);
        assert.ok(!/HTTP\/1\.[01] 2\d\d|pong|smuggled/.test(got), got);
        assert.ok(statuses(got).length > 0 && statuses(got).every((status) => status >= 400 && status < 500), `answers: ${statuses(got)}`);
      });

    for (const [why, line] of [
      ['a blank in the address', 'GET /ping /x HTTP/1.1'],
      ['two blanks before the address', 'GET  /ping HTTP/1.1'],
      ['two blanks behind the address', 'GET /ping  HTTP/1.1'],
      ['a tab for a blank', 'GET\t/ping\tHTTP/1.1'],
      ['a blank at the start', ' GET /ping HTTP/1.1'],
      ['a NUL in the address', 'GET /pi\0ng HTTP/1.1'],
      ['a NUL behind the address', 'GET /ping\0/users HTTP/1.1'],
      ['a NUL in the method', 'GE\0T /ping HTTP/1.1'],
      ['a NUL in the version', 'GET /ping HTTP/1.1\0'],
      ['no method', '/ping HTTP/1.1'],
      ['no version', 'GET /ping'],
      ['HTTP/2.0', 'GET /ping HTTP/2.0'],
      ['http in small letters', 'GET /ping http/1.1'],
      ['a word behind the version', 'GET /ping HTTP/1.1 x'],
      ['a bare CR', 'GET /ping\r HTTP/1.1'],
      ['the hello of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ])
      it(`${why}, in the first line`, async () => { // some are answered by the end of the connection alone
        const got = await at.server.raw(`${line}\r\nHost: a\r\n\r\n${next}`, LIMIT_MS);
        assert.ok(!/HTTP\/1\.[01] 2\d\d|pong|smuggled/.test(got), got);
        assert.ok(statuses(got).every((status) => (status >= 400 && status < 500) || status === 505), `answers: ${statuses(got)}`);
      });

    it('while blanks around a value are nothing', async () => {
      for (const field of ['X-A:b', 'X-A:  b', 'X-A:\tb', 'X-A: b ', 'X-A: b \t ', 'X-A:', 'X-A: ', 'X-A: b c'])
        assert.deepEqual(statuses(await at.server.raw(get(`${field}\r\nConnection: close\r\n`), LIMIT_MS)), [200], field);
    });

    it('while a later HTTP/1 is read as this one, as the standard asks', async () => {
      const got = await at.server.raw('GET /ping HTTP/1.2\r\nHost: a\r\nConnection: close\r\n\r\n', LIMIT_MS);
      assert.deepEqual(statuses(got), [200]);
    });

    it('and the metrics count them', async () => {
      const { text } = await at.server.call('GET', '/metrics');
      assert.ok(Number(/^http_framing_refused_total (\d+)$/m.exec(text)[1]) > 10);
    });
  });

  describe('a head', () => {
    // The request line and the fields, to a given number of bytes as they go over the wire.
    const headOf = (bytes) => {
      const start = 'GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n';
      const end = '\r\n\r\n';
      const fields = [];
      for (let left = bytes - start.length - end.length + 2; left > 0; ) {
        const size = left > 1200 ? 1000 : left;
        fields.push(`X: ${'v'.repeat(size - 5)}\r\n`);
        left -= size;
      }
      return `${start}${fields.join('')}\r\n`;
    };

    for (const bytes of [1000, 8191, 8192])
      it(`of ${bytes} bytes is taken`, async () => {
        assert.equal(headOf(bytes).length, bytes);
        assert.deepEqual(statuses(await at.server.raw(headOf(bytes), LIMIT_MS)), [200]);
      });
    for (const bytes of [8193, 9000, 16000])
      it(`of ${bytes} bytes is too large`, async () => assert.deepEqual(statuses(await at.server.raw(headOf(bytes) + next, LIMIT_MS)), [431]));
    for (const bytes of [64000, 1_000_000])
      it(`of ${bytes} bytes is cut off`, async () => {
        const answered = statuses(await at.server.raw(headOf(bytes) + next, LIMIT_MS).catch((error) => {
          assert.match(error.code, /EPIPE|ECONNRESET/);
          return '';
        }));
        assert.ok(answered.every((status) => status === 431 || status === 400), `answers: ${answered}`);
      });

    const fields = (n) => get(`Connection: close\r\n${Array.from({ length: n - 2 }, (_, i) => `X-${i}: v\r\n`).join('')}`);
    for (const n of [63, 64])
      it(`of ${n} fields is taken`, async () => assert.deepEqual(statuses(await at.server.raw(fields(n), LIMIT_MS)), [200]));
    for (const n of [65, 500])
      it(`of ${n} fields is too large`, async () => assert.deepEqual(statuses(await at.server.raw(fields(n) + next, LIMIT_MS)), [431]));

    for (const [bytes, status] of [[4095, 404], [4096, 404], [4097, 414], [7000, 414]])
      it(`with an address of ${bytes} bytes is ${status}`, async () => {
        const target = '/'.padEnd(bytes, 'a');
        assert.deepEqual(statuses(await at.server.raw(get('Connection: close\r\n', target), LIMIT_MS)), [status]);
      });
    it('with an address of 64 KiB is refused', async () => {
      const answered = statuses(await at.server.raw(get('', '/'.padEnd(65536, 'a')) + next, LIMIT_MS));
      assert.ok(answered.length > 0 && answered.every((status) => [400, 414, 431].includes(status)), `answers: ${answered}`);
    });
  });

  describe('requests one after another on one connection', () => {
    it('are all answered, in their order', async () => {
      const ids = Array.from({ length: 50 }, (_, i) => `pipelined-${i}`);
      const bytes = ids.map((id, i) => get(`X-Request-Id: ${id}\r\n${i === 49 ? 'Connection: close\r\n' : ''}`)).join('');
      const got = await at.server.raw(bytes, LIMIT_MS);
      assert.deepEqual(statuses(got), Array(50).fill(200));
      assert.deepEqual([...got.matchAll(/X-Request-Id: (\S+)/g)].map((match) => match[1]), ids);
    });

    it('are all answered when some of them hash a password', async () => {
      const body = JSON.stringify({ email: 'nobody@example.com', password: 'wrong-Password-9' });
      const slow = post(`Content-Length: ${body.length}\r\n`, body);
      const got = await at.server.raw(`${get('')}${slow}${get('')}${slow}${slow}${get('Connection: close\r\n')}`, LIMIT_MS);
      assert.deepEqual(statuses(got), [200, 401, 200, 401, 401, 200]);
    });

    it('go on after one that was refused for what it asked', async () => {
      const bad = post(`Content-Length: 2\r\n`, '[]');
      const got = await at.server.raw(`${bad}${get('', '/nothing')}${get('', '/users/me')}${get('Connection: close\r\n')}`, LIMIT_MS);
      assert.deepEqual(statuses(got), [400, 404, 401, 200]);
    });

    for (const [size, bytes] of [
      [1, get('Connection: close\r\n')], [100, get(`${'X: '.padEnd(998, 'v')}\r\n`.repeat(8) + 'Connection: close\r\n')],
    ])
      it(`in pieces of ${size} bytes are still whole, ${bytes.length} bytes in all`, async () => {
        const socket = net.connect(at.server.port, '127.0.0.1').setNoDelay(true);
        let got = '';
        socket.on('data', (piece) => (got += piece));
        let from = 0;
        const send = () => from < bytes.length && socket.write(bytes.slice(from, (from += size)), () => setImmediate(send));
        send();
        await once(socket, 'close');
        assert.deepEqual(statuses(got), [200]);
      });

    it('with an empty line before the first are fine, as the standard asks', async () => {
      assert.deepEqual(statuses(await at.server.raw(`\r\n${get('Connection: close\r\n')}`, LIMIT_MS)), [200]);
    });

    it('that ask before they send a body are told to go on, but not when the body is too large', async () => {
      const body = JSON.stringify({ email: 'nobody@example.com', password: 'wrong-Password-9' });
      const asking = (length) => post(`Connection: close\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n`, '');
      assert.deepEqual(statuses(await at.server.raw(asking(body.length) + body, LIMIT_MS)).at(-1), 401);
      assert.deepEqual(statuses(await at.server.raw(asking(65537), LIMIT_MS)), [413]);
    });

    it('keep their bodies apart', async () => {
      const bodies = ['{}', '[]', '{"email":1}', '{"x":"GET /ping HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"}'];
      const bytes = bodies.map((body, i) => (i % 2
        ? post('Transfer-Encoding: chunked\r\n', `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)
        : post(`Content-Length: ${body.length}\r\n`, body))).join('');
      const got = await at.server.raw(`${bytes}${get('Connection: close\r\n')}`, LIMIT_MS);
      assert.deepEqual(statuses(got), [422, 400, 422, 422, 200]);
    });

    it('on HTTP/1.0 end with the first', async () => {
      const got = await at.server.raw(`GET /ping HTTP/1.0\r\nHost: a\r\n\r\n${next}`, LIMIT_MS);
      assert.deepEqual(statuses(got), [200]);
    });
  });

  describe('methods and addresses', () => {
    const allow = {
      '/ping': 'GET, HEAD, OPTIONS', '/login': 'POST, OPTIONS', '/users': 'GET, HEAD, POST, OPTIONS',
      '/users/me': 'GET, HEAD, PATCH, DELETE, OPTIONS', [`/users/${NOBODY}`]: 'GET, HEAD, PATCH, DELETE, OPTIONS',
      '/logout': 'POST, OPTIONS', '/users/signup': 'POST, OPTIONS', '/.well-known/jwks.json': 'GET, HEAD, OPTIONS', '/.well-known/oauth-authorization-server': 'GET, HEAD, OPTIONS',
    };
    const sameSet = (a, b) => assert.deepEqual(a.split(', ').sort(), b.split(', ').sort());

    for (const [route, methods] of Object.entries(allow))
      for (const method of [
        'GET', 'POST', 'PATCH', 'DELETE', 'PUT', 'TRACE', 'PROPFIND', 'QUERY', 'get',
      ].filter((m) => !methods.split(', ').includes(m)))
        it(`${method} ${route} is 405, with what it takes`, async () => {
          const got = await at.server.raw(`${method} ${route} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, LIMIT_MS);
          assert.deepEqual(statuses(got), [405]);
          sameSet(/^Allow: (.*)$/m.exec(got)[1].trim(), methods);
        });

    for (const [route, methods] of Object.entries(allow))
      it(`OPTIONS ${route} says what it takes`, async () => {
        const answer = await at.server.call('OPTIONS', route);
        assert.deepEqual([answer.status, answer.text], [204, '']);
        sameSet(answer.headers.allow, methods);
        assert.ok(!('access-control-allow-origin' in answer.headers));
      });

    it('CONNECT opens no way through', async () => {
      const got = await at.server.raw('CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', LIMIT_MS);
      assert.deepEqual(statuses(got), [404]);
    });

    for (const target of [
      '/nothing', '/users/', '//users', '/users//me', '/USERS/me', '/ping/', '/.well-known/', '/.well-known/../ping',
      '/../etc/passwd', '/docs/../ping', '/index.php', '/users/me/x',
    ])
      it(`${target} is 404`, async () => {
        const got = await at.server.raw(get('Connection: close\r\n', target), LIMIT_MS);
        assert.deepEqual(statuses(got), [404]);
        assert.match(got, /"detail":"There is nothing at this address"/);
      });

    for (const target of [
      '/users/%00', '/users/me%00', '/users/%', '/users/%4', '/users/%zz', '/users/%ff', '/users/%c0%af', '/users/%ed%a0%80',
    ])
      it(`${target} is 400`, async () => {
        const got = await at.server.raw(get('Connection: close\r\n', target), LIMIT_MS);
        assert.deepEqual(statuses(got), [400]);
        assert.match(got, /"code":"invalid_path"/);
      });

    it('%00 behind a known address does not cut it there', async () => {
      for (const target of ['/ping%00', '/ping%00x', '/healthz%00/../users'])
        assert.ok(!/ 200 /.test(await at.server.raw(get('Connection: close\r\n', target), LIMIT_MS)));
    });

    it('an address with a host in it is no address of ours', async () => {
      const got = await at.server.raw(get('Connection: close\r\n', 'http://evil.example/ping'), LIMIT_MS);
      assert.deepEqual(statuses(got), [404]);
    });

    for (const route of ['/ping', '/healthz', '/openapi.json', '/.well-known/jwks.json', '/users/me', '/nothing'])
      it(`HEAD ${route} is GET without its body`, async () => {
        const [head, whole] = [await at.server.call('HEAD', route), await at.server.call('GET', route)];
        assert.deepEqual([head.status, head.text], [whole.status, '']);
        for (const name of ['content-type', 'content-length', 'cache-control']) assert.equal(head.headers[name], whole.headers[name]);
      });

    it('a body where none is taken is refused when it says something', async () => {
      const answer = await at.server.call('GET', '/ping', { body: { x: 1 } });
      assertProblem(answer, { status: 422, code: 'validation_failed' });
      assert.equal((await at.server.call('GET', '/ping', { body: {} })).status, 200);
      assertProblem(await at.server.call('GET', '/ping', { body: 'x' }), { status: 400, code: 'malformed_json' });
    });

    it('what was typed into the address is never said back', async () => {
      for (const target of ['/<script>alert(1)</script>', '/%3Cscript%3E', "/users/'\"><svg>", '/nothing?x=<b>']) {
        const got = await at.server.raw(get('Connection: close\r\n', target), LIMIT_MS);
        assert.ok(!/script|svg|<b>/i.test(got.replace(/Content-Security-Policy.*/g, '')), got);
      }
    });

    it('line ends in the address or in a request id split no answer', async () => {
      for (const target of ['/%0d%0aX-Evil:%201', '/users/%0d%0aX-Evil:%201', '/ping?%0d%0aX-Evil:%201'])
        assert.ok(!/^X-Evil/im.test(await at.server.raw(get('Connection: close\r\n', target), LIMIT_MS)));
      assert.ok(!/^X-Evil/im.test(await at.server.raw(get('Connection: close\r\nX-Request-Id: a\rX-Evil: 1\r\n'), LIMIT_MS)));
    });
  });

  describe('text of a database or a terminal', () => {
    for (const text of [
      "'; DROP TABLE users; --", "' OR '1'='1", 'x\u001b[31m', '${jndi:ldap://x}', '{{7*7}}', '%s%s%n', '../../etc/passwd',
      '<script>', '=cmd()',
    ])
      it(`${JSON.stringify(text)} is text, or is refused`, async () => {
        const answer = await at.server.call('POST', '/users', { body: person({ name: text, job_title: text }) });
        assert.ok(answer.status === 201 || answer.status === 422, answer.text);
        if (answer.status === 201) assert.equal(answer.json.name, text);
        for (const body of [{ email: text, password: `pw ${text}` }, { username: text, password: `pw ${text}` }])
          assert.equal((await at.server.call('POST', '/login', { body })).status, 401);
        assert.equal((await at.server.query('SELECT count(*) > 0 AS there FROM users'))[0].there, 1);
      });

    it('in User-Agent stays one field of one row', async () => {
      const account = await signUp(at.server);
      const agent = "Mozilla'); DELETE FROM audit_log; -- \"{}";
      await signIn(at.server, account, { headers: { 'User-Agent': agent } });
      const [row] = await at.server.query(`SELECT user_agent FROM audit_log WHERE actor = '${account.id}' AND event = 'authn_login_success'`);
      assert.equal(row.user_agent, agent);
    });

    it('a User-Agent of 5000 bytes is cut, and one that is no text is left out', async () => {
      const account = await signUp(at.server);
      await signIn(at.server, account, { headers: { 'User-Agent': 'x'.repeat(5000) } });
      await signIn(at.server, account, { headers: { 'User-Agent': Buffer.from([0x61, 0xff]).toString('latin1') } });
      const rows = await at.server.query(`SELECT user_agent FROM audit_log WHERE actor = '${account.id}' AND event = 'authn_login_success' ORDER BY seq`);
      assert.deepEqual(rows.map((row) => row.user_agent), ['x'.repeat(256), null]);
    });
  });
});
