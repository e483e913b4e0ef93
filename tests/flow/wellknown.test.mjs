// Stories of what other services find by themselves: the public keys, and the metadata of RFC 8414.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startServer } from '../support/server.mjs';
import { signUp, withServer } from '../support/story.mjs';

const KEYS = '/.well-known/jwks.json';
const METADATA = '/.well-known/oauth-authorization-server';

describe('what may be kept', () => {
  const at = withServer();
  const get = (path, tag) => at.server.call('GET', path, tag === undefined ? {} : { headers: { 'If-None-Match': tag } });

  for (const path of [KEYS, METADATA]) {
    it(`${path} has a tag by which it is not sent twice`, async () => {
      const { status, headers } = await get(path);
      assert.equal(status, 200);
      assert.equal(headers['cache-control'], 'public, max-age=300');
      assert.match(headers.etag, /^"[\w-]{43}"$/);
      for (const tag of [headers.etag, `W/${headers.etag}`, '*', `"other", ${headers.etag}`, `"a","b",W/${headers.etag} , "c"`]) {
        const again = await get(path, tag);
        assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', headers.etag], tag);
        assert.equal(again.headers['cache-control'], 'public, max-age=300');
      }
    });

    it(`${path} is sent to who has another one`, async () => {
      const { headers: { etag }, text } = await get(path);
      for (const tag of ['"other"', 'W/"other"', etag.slice(1, -1), `${etag.slice(0, -1)}A"`, '', ',', '""', `w/${etag}`, `"${'x'.repeat(3000)}"`]) {
        const again = await get(path, tag);
        assert.deepEqual([again.status, again.text], [200, text], tag);
      }
    });

    it(`${path} answers HEAD alike, and takes no query`, async () => {
      const { headers } = await get(path);
      const head = await at.server.call('HEAD', path);
      assert.deepEqual([head.status, head.text, head.headers.etag], [200, '', headers.etag]);
      assert.equal((await get(`${path}?x=1`)).status, 400);
      assert.equal((await at.server.call('POST', path)).status, 405);
    });
  }

  it('the tag of the keys is another one when the keys are', async () => {
    await signUp(at.server);
    const { headers: { etag } } = await get(KEYS);
    assert.equal((await at.server.cli('key', 'rotate')).code, 0);
    let answer = await get(KEYS, etag);
    while (answer.status === 304) answer = await get(KEYS, etag);
    assert.equal(answer.status, 200);
    assert.equal(answer.json.keys.length, 2);
    assert.notEqual(answer.headers.etag, etag);
  });
});

it('the keys are kept no longer than half the time that one is published before it signs', async () => {
  const server = await startServer({ env: { POSTERN_KEY_LEAD: '20' } });
  assert.equal((await server.call('GET', KEYS)).headers['cache-control'], 'public, max-age=10');
  assert.equal(await server.stop(), 0);
});

it('the metadata name the issuer, and what lies beneath it', async () => {
  for (const [issuer, base] of [['https://id.example.com', 'https://id.example.com'], ['https://example.com/auth/', 'https://example.com/auth']]) {
    const server = await startServer({ env: { POSTERN_ISSUER: issuer } });
    const { json } = await server.call('GET', METADATA);
    assert.equal(json.issuer, issuer);
    assert.equal(json.jwks_uri, `${base}/.well-known/jwks.json`);
    assert.equal(json.token_endpoint, `${base}/oauth/token`);
    assert.equal(json.introspection_endpoint, `${base}/oauth/introspect`);
    assert.equal(json.revocation_endpoint, `${base}/oauth/revoke`);
    assert.deepEqual(json.response_types_supported, []);
    assert.deepEqual(json.grant_types_supported, ['client_credentials']);
    assert.deepEqual(json.token_endpoint_auth_methods_supported, ['client_secret_basic', 'private_key_jwt']);
    assert.deepEqual(json.token_endpoint_auth_signing_alg_values_supported, ['ES256', 'EdDSA', 'RS256', 'PS256']);
    assert.deepEqual(json.dpop_signing_alg_values_supported, ['ES256', 'EdDSA', 'Ed25519']);
    assert.ok(!('authorization_endpoint' in json));
    assert.equal(await server.stop(), 0);
  }
});
