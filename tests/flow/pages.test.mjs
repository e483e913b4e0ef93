// What the program answers to a browser that comes for a page: no story of people yet, see pages_*.test.mjs.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, it, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { languages, messages } from '../../web/pages/messages.js';
import { withServer } from '../support/story.mjs';
import { startServer, top } from '../support/server.mjs';

const PAGES = ['/sign-in', '/sign-up', '/account'];
const at = withServer();
const get = (path, headers = {}) => at.server.call('GET', path, { headers: { Accept: 'text/html', ...headers } });
const asset = async (name) => {
  const { text } = await get('/account');
  const version = /pages\/([0-9a-f]{12})\//.exec(text)[1];
  return { version, path: `/pages/${version}/${name}` };
};

describe('a page', () => {
  for (const path of PAGES) {
    it(`${path} may load its own files alone, run nothing inline and make no markup of text`, async () => {
      const { status, headers } = await get(path);
      assert.equal(status, 200);
      assert.equal(headers['content-type'], 'text/html; charset=utf-8');
      assert.deepEqual(headers['content-security-policy'].split('; ').sort(), [
        "base-uri 'none'", "connect-src 'self'", "default-src 'none'", "form-action 'none'", "frame-ancestors 'none'",
        "img-src 'self' data:", "require-trusted-types-for 'script'", "script-src 'self'", "style-src 'self'", "trusted-types 'none'",
      ]);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['x-frame-options'], 'DENY');
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.match(headers['permissions-policy'], /publickey-credentials-get=\(self\)/);
    });

    it(`${path} holds no script, style, handler, foreign address or unfilled place`, async () => {
      for (const language of languages) {
        const { text } = await get(path, { 'Accept-Language': language });
        assert.doesNotMatch(text, /<script(?![^>]* src="pages\/)|<style|\sstyle=|\son\w+=|https?:\/\/(?!www\.w3\.org)|[{}@]/);
        for (const [whole] of text.matchAll(/<[^>]* data-t="[^"]+"[^>]*><\//g)) assert.fail(`no text in ${whole}`);
      }
    });

    it(`${path} is kept, and asked for again each time`, async () => {
      const { headers } = await get(path);
      assert.equal(headers['cache-control'], 'no-cache');
      const again = await get(path, { 'If-None-Match': headers.etag });
      assert.deepEqual([again.status, again.text], [304, '']);
      assert.equal((await get(path, { 'If-None-Match': headers.etag, 'Accept-Language': 'de' })).status, 200, 'another language is another page');
      assert.equal((await at.server.call('HEAD', path)).status, 200);
      assert.equal((await at.server.call('POST', path, { body: {} })).status, 405);
    });
  }

  for (const [what, headers, expected] of [
    ['no wish', {}, 'en'],
    ['German', { 'Accept-Language': 'de-AT,de;q=0.9,en;q=0.8' }, 'de'],
    ['a language that is not there, then German', { 'Accept-Language': 'fr, de;q=0.1' }, 'de'],
    ['German unwanted', { 'Accept-Language': 'de;q=0' }, 'en'],
    ['nonsense', { 'Accept-Language': ';;q=,=,de;q=2,,' }, 'en'],
    ['the choice of before', { 'Accept-Language': 'en', Cookie: '__Host-postern-language=de' }, 'de'],
    ['a choice that nobody offered', { 'Accept-Language': 'de', Cookie: '__Host-postern-language=../x' }, 'de'],
    ['two choices', { Cookie: '__Host-postern-language=de; __Host-postern-language=de' }, 'en'],
  ])
    it(`speaks ${expected} for ${what}`, async () => {
      const { headers: got, text } = await get('/sign-in', headers);
      assert.equal(got['content-language'], expected);
      assert.equal(got.vary, 'Accept-Language, Cookie');
      assert.ok(text.includes(`<html lang="${expected}">`));
      assert.ok(text.includes(messages['sign_in.heading'][languages.indexOf(expected)]));
    });
});

describe('the query of a page', () => {
  const QUERY = '?utm_source=news&utm_source=letter&fbclid=a%20b&ref';
  for (const path of PAGES)
    it(`is passed over at ${path}`, async () => {
      const [plain, linked] = [await get(path), await get(`${path}${QUERY}`)];
      assert.deepEqual([linked.status, linked.text, linked.headers.etag], [200, plain.text, plain.headers.etag]);
    });

  it('is passed over at the front door', async () => {
    const { status, headers } = await get(`/${QUERY}`);
    assert.deepEqual([status, headers.location], [303, 'account']);
  });

  const many = (count) => `?${Array.from({ length: count }, (_, i) => `p${i}=x`).join('&')}`;
  const long = (bytes) => `/sign-in?x=${'y'.repeat(bytes - '/sign-in?x='.length)}`;
  it('has its bounds, and just within them it is fine', async () => {
    for (const [target, status] of [[`/sign-in${many(16)}`, 200], [`/sign-in${many(17)}`, 400], [long(4096), 200], [long(4097), 414]])
      assert.equal((await get(target)).status, status, `${target.slice(0, 40)} ${target.length}`);
  });

  for (const [what, query, code] of [
    ['a broken escape', '?x=%', 'invalid_query'],
    ['a broken escape in a name', '?%zz=1', 'invalid_query'],
    ['a NUL', '?x=%00', 'invalid_query'],
    ['what is not UTF-8', '?x=%ff', 'invalid_query'],
    ['a pair that is none', '?a=1&&b=2', 'invalid_query'],
    ['a password', '?utm_source=x&password=y', 'secret_in_query'],
    ['a token', '?token=y', 'secret_in_query'],
  ])
    it(`is refused for ${what}`, async () => {
      for (const path of ['/', ...PAGES]) {
        const { status, json } = await get(`${path}${query}`);
        assert.deepEqual([status, json.code], [400, code], path);
      }
    });

  it('is none for a part of the pages, nor for the API', async () => {
    const { path } = await asset('style.css');
    for (const target of [path, '/ping', '/users/me', '/.well-known/jwks.json'])
      assert.equal((await get(`${target}?utm_source=x`)).json.code, 'invalid_query', target);
  });
});

describe('the front door', () => {
  it('leads to the account', async () => {
    const { status, headers } = await get('/');
    assert.deepEqual([status, headers.location], [303, 'account']);
  });
});

describe('a part of the pages', () => {
  it('has its version in its address and may be kept for ever', async () => {
    const { path } = await asset('style.css');
    const { status, headers } = await get(path);
    assert.equal(status, 200);
    assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(headers['content-type'], 'text/css; charset=utf-8');
    assert.equal(headers['x-content-type-options'], 'nosniff');
  });

  it('is compressed for who takes that, and plain for everybody else; caches know the two apart', async () => {
    for (const name of ['messages.js', 'style.css', 'simplewebauthn.js', 'mark.svg']) {
      const { path } = await asset(name);
      const [plain, small] = [await get(path), await get(path, { 'Accept-Encoding': 'gzip, deflate, br, zstd' })];
      assert.equal(plain.headers['content-encoding'], undefined);
      assert.equal(small.headers['content-encoding'], 'gzip');
      assert.ok(small.bytes.length < plain.bytes.length * 0.9, name);
      assert.deepEqual(gunzipSync(small.bytes), plain.bytes);
      for (const header of ['content-type', 'cache-control', 'vary', 'content-security-policy']) assert.equal(small.headers[header], plain.headers[header]);
      assert.equal(plain.headers.vary, 'Accept-Encoding');
      const head = await at.server.call('HEAD', path, { headers: { 'Accept-Encoding': 'gzip' } });
      assert.deepEqual([head.headers['content-encoding'], Number(head.headers['content-length'])], ['gzip', small.bytes.length]);
    }
  });

  for (const wish of ['', 'br', 'gzip;q=0', 'identity', '*;q=0', 'gzip;q=0, *', 'gzipped', 'gzip;q=2'])
    it(`is plain for "${wish}"`, async () => {
      const { path } = await asset('style.css');
      const { headers, text } = await get(path, { 'Accept-Encoding': wish });
      assert.equal(headers['content-encoding'], undefined);
      assert.match(text, /^[\x20-\x7e\s]*\{/);
    });

  it('has its two forms at the API\'s page too, and no page itself, which is filled in as it is sent', async () => {
    const wish = { 'Accept-Encoding': 'gzip' };
    for (const path of ['/openapi.json', '/docs', '/docs/docs.css', '/docs/swagger-ui-bundle.js']) {
      const [plain, small] = [await at.server.call('GET', path), await fetch(at.server.url + path, { headers: wish })];
      assert.deepEqual([small.headers.get('content-encoding'), small.headers.get('vary')], ['gzip', 'Accept-Encoding'], path);
      assert.ok(Buffer.from(await small.arrayBuffer()).equals(plain.bytes), path);
    }
    for (const path of ['/docs/favicon.png', ...PAGES, '/ping']) assert.equal((await get(path, wish)).headers['content-encoding'], undefined, path);
  });

  it('of another version is what there is, and is not kept', async () => {
    const { status, headers } = await get('/pages/000000000000/style.css');
    assert.deepEqual([status, headers['cache-control']], [200, 'no-store']);
  });

  for (const name of ['nothing.js', 'sign-in.en.html', '..%2Fstyle.css', '%2e%2e', 'style.css%00', 'STYLE.CSS'])
    it(`is not ${name}`, async () => {
      const { version } = await asset('');
      const { status, headers } = await get(`/pages/${version}/${name}`, { Accept: '*/*' });
      assert.ok(status === 404 || status === 400, String(status));
      assert.equal(headers['content-type'], 'application/problem+json');
    });

  it('loads nothing that is not there', async () => {
    for (const path of PAGES) {
      const { text } = await get(path);
      for (const [, file] of text.matchAll(/(?:href|src)="(pages\/[^"]+)"/g)) assert.equal((await get(`/${file}`)).status, 200, file);
    }
  });
});

describe('an address that is none', () => {
  it('is a page for who came with a browser, and points home from any depth', async () => {
    const { status, headers, text } = await get('/a/b/c');
    assert.equal(status, 404);
    assert.equal(headers['content-type'], 'text/html; charset=utf-8');
    assert.equal(headers['cache-control'], 'no-store');
    assert.match(text, /href="\.\.\/\.\.\/account"/);
    assert.match(text, /href="\.\.\/\.\.\/pages\/[0-9a-f]{12}\/style\.css"/);
    assert.equal(headers.etag, undefined);
  });

  for (const [what, method, headers] of [['a program', 'GET', { Accept: 'application/json' }], ['who wants anything', 'GET', { Accept: '*/*' }], ['a call', 'POST', { Accept: 'text/html' }]])
    it(`is a problem document for ${what}`, async () => {
      const { status, json } = await at.server.call(method, '/a/b/c', { headers });
      assert.deepEqual([status, json.code], [404, 'not_found']);
    });
});

test('the name of the service stands in the pages as text, whatever it holds', async () => {
  const server = await startServer({ env: { APP_NAME: '<b>Gate & "Co" @app@' } });
  const { text } = await server.call('GET', '/sign-in', { headers: { Accept: 'text/html' } });
  assert.ok(text.includes('<span>&#60;b&#62;Gate &#38; &#34;Co&#34; &#64;app&#64;</span>'), text);
  assert.ok(!text.includes('<b>Gate'));
  assert.equal(await server.stop(), 0);
});

test('a page says whether the service takes tokens without a proof', async () => {
  const server = await startServer({ env: { POSTERN_DPOP: 'required' } });
  for (const path of PAGES) {
    const [strict, usual] = [await server.call('GET', path), await get(path)];
    assert.match(strict.text, /<meta name="dpop" content="required">/);
    assert.match(usual.text, /<meta name="dpop" content="optional">/);
    assert.notEqual(strict.headers.etag, usual.headers.etag);
  }
  assert.equal(await server.stop(), 0);
});

test('pages that are switched off are not there', async () => {
  const server = await startServer({ env: { POSTERN_PAGES: 'off' } });
  for (const path of ['/', '/a', ...PAGES]) {
    const { status, headers } = await server.call('GET', path, { headers: { Accept: 'text/html' } });
    assert.deepEqual([status, headers['content-type']], [404, 'application/problem+json'], path);
  }
  assert.equal(await server.stop(), 0);
});

test('every text is there in each language, has the same gaps, and is used', () => {
  const gaps = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  const folder = `${top}/web/pages`;
  const sources = readdirSync(folder).filter((name) => name !== 'messages.js').map((name) => readFileSync(`${folder}/${name}`, 'utf8')).join('\n');
  const isUsed = (key) => sources.includes(`"${key}"`) || sources.includes(`'${key}'`) || sources.includes(`\`${key.replace(/\.\w+$/, '.')}\${`);
  for (const [key, texts] of Object.entries(messages)) {
    assert.equal(texts.length, languages.length, key);
    for (const text of texts) assert.ok(text.trim() !== '' && gaps(text).join() === gaps(texts[0]).join(), key);
    assert.ok(isUsed(key) || /^(error|fault)\./.test(key), `nobody says ${key}`);
  }
});

test('codes that a page has words for are codes of the service', () => {
  const known = new Set([...readFileSync(`${top}/src/base/why.h`, 'utf8').matchAll(/"([a-z_]+)"/g)].map(([, code]) => code));
  const ours = ['offline', 'unexpected', 'wait'];
  const ofCeremonies = /^key_/;
  const said = Object.keys(messages).filter((key) => key.startsWith('error.')).map((key) => key.slice('error.'.length));
  assert.deepEqual(said.filter((code) => !known.has(code) && !ours.includes(code) && !ofCeremonies.test(code)), []);
});
