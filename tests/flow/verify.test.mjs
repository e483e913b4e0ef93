// Stories of forward-auth: GET /verify by itself, and behind a real nginx and a real Caddy that run the files of examples/.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { issuerOf, serviceClient, tokenOf } from '../support/client.mjs';
import { children } from '../support/run.mjs';
import { newFolder, top } from '../support/server.mjs';
import { alter, assertFaults, assertProblem, auditOf, forbidden, member, sessionEnded, signIn, signUp, tokenInvalid, tokenMissing, withServer } from '../support/story.mjs';

const at = withServer();
const verify = (token, query = '', headers = {}) => at.server.call('GET', `/verify${query}`, { token, headers });

describe('the question of a proxy', () => {
  it('is answered with who it is', async () => {
    const user = await member(at.server, { roles: ['auditor', 'user'] });
    const answer = await verify(user.token);
    assert.deepEqual([answer.status, answer.text, answer.headers['cache-control']], [200, '', 'no-store']);
    assert.deepEqual(
      ['x-auth-user', 'x-auth-roles', 'x-auth-session'].map((name) => answer.headers[name]), [user.id, 'auditor,user', user.tokens.session_id],
    );
  });

  it('is refused without a token, with one that is not good, and after the end', async () => {
    const user = await member(at.server);
    const client = await serviceClient(at.server);
    assertProblem(await verify(undefined), tokenMissing);
    for (const token of ['x', `${user.token}A`, (await tokenOf(at.server, client)).json.access_token]) assertProblem(await verify(token), tokenInvalid);
    assertProblem(await verify(undefined, '', client.headers), tokenMissing);
    await at.server.call('POST', '/logout', { token: user.token });
    assertProblem(await verify(user.token), sessionEnded);
  });

  it('may demand a role', async () => {
    const [user, admin] = [await member(at.server), await member(at.server, { roles: ['admin', 'user'] })];
    assertProblem(await verify(user.token, '?role=admin'), forbidden);
    for (const role of ['admin', 'user']) assert.equal((await verify(admin.token, `?role=${role}`)).status, 200);
    assertProblem(await verify(admin.token, '?role=auditor'), forbidden);
    assertFaults(await verify(admin.token, '?role=root'), { role: 'unknown_role' });
  });

  it('may demand scopes, all of them', async () => {
    const [user, auditor] = [await member(at.server), await member(at.server, { roles: ['auditor'] })];
    assert.equal((await verify(auditor.token, '?scope=users:read+audit:read')).status, 200);
    for (const [one, scope] of [[user, 'users:read'], [auditor, 'users:read users:write'], [auditor, 'users']]) {
      const answer = await verify(one.token, `?scope=${encodeURIComponent(scope)}`);
      assert.deepEqual([answer.status, answer.json.code], [403, 'insufficient_scope']);
      assert.match(answer.headers['www-authenticate'], new RegExp(`^Bearer realm="[^"]*", error="insufficient_scope", scope="${scope}", DPoP realm="[^"]*", algs="ES256 EdDSA Ed25519"$`));
    }
    for (const scope of ['a%22b', 'a%5Cb', 'a%0Ab', 'a%C3%A9']) assertFaults(await verify(user.token, `?scope=${scope}`), { scope: 'bad_scope' });
  });

  it('may demand a stronger sign-in', async () => {
    const user = await member(at.server);
    assert.equal((await verify(user.token, '?acr=aal1')).status, 200);
    for (const [has, asked, status] of [
      ['aal1', 'aal2', 401], ['aal2', 'aal2', 200], ['aal2', 'aal2-phr', 401], ['aal2-phr', 'aal2', 200], ['aal2-phr', 'aal3', 401], ['aal3', 'aal2-phr', 200],
    ]) {
      const { refresh_token, session_id } = await signIn(at.server, user);
      await alter(at.server, `UPDATE sessions SET acr = '${has}' WHERE id = '${session_id}'`);
      const { json: strong } = await at.server.call('POST', '/token/refresh', { body: { refresh_token } });
      const answer = await verify(strong.access_token, `?acr=${asked}`);
      assert.equal(answer.status, status, `${has} ${asked}`);
      if (status === 200) continue;
      assert.equal(answer.json.code, 'insufficient_user_authentication');
      assert.match(answer.headers['www-authenticate'], new RegExp(`, error="insufficient_user_authentication", acr_values="${asked}", DPoP realm="[^"]*", algs="ES256 EdDSA Ed25519"$`));
    }
    assertFaults(await verify(user.token, '?acr=aal9'), { acr: 'unknown_acr' });
  });

  it('is refused when it is not understood', async () => {
    const user = await member(at.server);
    for (const query of ['?roles=admin', '?role=admin&role=user', '?token=hunter-two-three']) assert.equal((await verify(user.token, query)).status, 400);
  });
});

const NAME = '__Host-postern-refresh';
const AGENT = { 'User-Agent': 'Mozilla/5.0 Firefox/140.0' };
const PAGE = () => ({ ...AGENT, 'X-Postern-Client': 'web', Origin: issuerOf(at.server), 'Sec-Fetch-Site': 'same-origin' });
const refreshInvalid = { status: 401, code: 'refresh_token_invalid' };
const crossSite = { status: 403, code: 'cross_site_request' };
const cookieOf = (answer) => at.server.canaries.remember(/^__Host-postern-refresh=([^;]*);/.exec([answer.headers['set-cookie']].flat()[0])[1]);
const renew = (cookie, headers = {}) =>
  at.server.call('POST', '/token/refresh', { body: {}, headers: { ...PAGE(), ...headers, Cookie: `${NAME}=${cookie}` } });
const show = (cookie, headers = {}, query = '') => verify(undefined, query, { ...AGENT, Cookie: `theme=dark; ${NAME}=${cookie}; lang=en`, ...headers });
const setSession = (id, what) => alter(at.server, `UPDATE sessions SET ${what} WHERE id = '${id}'`);

async function page(more) {
  const account = await signUp(at.server, more);
  const answer = await at.server.call('POST', '/login', { body: { email: account.email, password: account.password }, headers: PAGE() });
  assert.equal(answer.status, 200, answer.text);
  return { ...account, cookie: cookieOf(answer), token: answer.json.access_token, session: answer.json.session_id };
}

describe('the cookie of a page', () => {
  it('says who it is, and is not spent by that', async () => {
    const user = await page();
    for (let asked = 0; asked < 3; asked++) {
      const { status, headers } = await show(user.cookie, { 'Sec-Fetch-Site': ['same-origin', 'none', undefined][asked] });
      assert.deepEqual([status, headers['x-auth-user'], headers['x-auth-roles'], headers['x-auth-session']], [200, user.id, 'user', user.session]);
      assert.equal('set-cookie' in headers, false);
    }
    assert.equal((await renew(user.cookie)).status, 200);
    assertProblem(await show(user.cookie, {}, '?role=admin'), forbidden);
  });

  it('counts a moment longer when it was spent meanwhile, in the same browser', async () => {
    const user = await page();
    const next = cookieOf(await renew(user.cookie));
    for (const cookie of [user.cookie, next]) assert.equal((await show(cookie)).status, 200);
    assertProblem(await show(user.cookie, { 'User-Agent': 'thief/1' }), refreshInvalid);
    await setSession(user.session, 'last_used_at = last_used_at - 11000000');
    assertProblem(await show(user.cookie), refreshInvalid);
    assert.equal((await show(next)).status, 200, 'and ends nothing');
  });

  it('is refused when it was spent two renewals ago, and ends nothing', async () => {
    const user = await page();
    const second = cookieOf(await renew(user.cookie));
    const third = cookieOf(await renew(second));
    const answer = await show(user.cookie);
    assertProblem(answer, refreshInvalid);
    assert.match(answer.headers['www-authenticate'], /^Bearer realm="[^"]*", DPoP realm="[^"]*", algs="ES256 EdDSA Ed25519"$/);
    assert.deepEqual(await auditOf(at.server, answer), []);
    assert.equal((await show(third)).status, 200);
  });

  it('is refused after the end of its session, or of its account', async () => {
    const no = process.env.POSTERN_STORE === 'postgres' ? 'false' : 0;
    for (const end of [
      (user) => at.server.call('POST', '/logout', { token: user.token }),
      (user) => at.server.call('POST', '/logout/all', { token: user.token }),
      (user) => setSession(user.session, 'idle_until = last_used_at'),
      (user) => setSession(user.session, 'expires_at = last_used_at'),
      (user) => alter(at.server, `UPDATE users SET is_active = ${no} WHERE public_id = '${user.id}'`),
    ]) {
      const user = await page();
      assert.equal((await show(user.cookie)).status, 200);
      await end(user);
      assertProblem(await show(user.cookie), refreshInvalid);
    }
  });

  it('is refused when it is of no web session, or bound to a key', async () => {
    const api = await member(at.server);
    assertProblem(await show(api.tokens.refresh_token), refreshInvalid);
    const bound = await page();
    await setSession(bound.session, `jkt = '${'A'.repeat(43)}'`);
    assertProblem(await show(bound.cookie), refreshInvalid);
  });

  it('is refused when we did not make it', async () => {
    const [user, other] = [await page(), await page()];
    for (const cookie of ['', 'x', 'x'.repeat(70), `${user.cookie}A`, `"${user.cookie}"`, user.token, user.cookie.slice(0, 27) + other.cookie.slice(27),
      other.cookie.slice(0, 22) + user.cookie.slice(22), `${user.cookie.slice(0, 60)}${user.cookie[60] === 'A' ? 'E' : 'A'}${user.cookie.slice(61)}`])
      assertProblem(await show(cookie), refreshInvalid);
  });

  it('is refused when another was tossed in, and not found under another name', async () => {
    const { cookie } = await page();
    for (const header of [`${NAME}=${cookie}; ${NAME}=${cookie}`, `${NAME}=tossed; ${NAME}=${cookie}`, `${NAME}=${cookie}; ${NAME}=`, [`${NAME}=${cookie}`, `${NAME}=${cookie}`]])
      assertProblem(await verify(undefined, '', { ...AGENT, Cookie: header }), refreshInvalid);
    for (const header of [`__Host-Postern-Refresh=${cookie}`, `postern-refresh=${cookie}`, `x${NAME}=${cookie}`])
      assertProblem(await verify(undefined, '', { ...AGENT, Cookie: header }), tokenMissing);
  });

  it('is not asked for when there is a bearer, be it a bad one', async () => {
    const user = await page();
    const other = await member(at.server);
    assert.equal((await show(user.cookie, { Authorization: `Bearer ${other.token}` })).headers['x-auth-user'], other.id);
    assertProblem(await show(user.cookie, { Authorization: 'Bearer x' }), tokenInvalid);
    for (const header of ['', 'Basic eDp5', 'Bearer ', ['Bearer x', 'Bearer y']])
      assert.equal((await show(user.cookie, { Authorization: header })).status, 401, JSON.stringify(header));
  });

  it('is refused when the browser says that a page from elsewhere sends it', async () => {
    const { cookie } = await page();
    for (const site of ['cross-site', 'same-site', 'Same-Origin', '']) assertProblem(await show(cookie, { 'Sec-Fetch-Site': site }), crossSite);
  });

  it('is taken by no other route', async () => {
    const user = await page();
    for (const [method, target] of [['GET', '/users/me'], ['GET', `/users/${user.id}/sessions`], ['POST', '/logout'], ['DELETE', '/users/me'], ['GET', '/audit/events']]) {
      const answer = await at.server.call(method, target, { headers: { ...PAGE(), Cookie: `${NAME}=${user.cookie}` } });
      assert.ok([401, 404].includes(answer.status), `${method} ${target}: ${answer.status}`);
    }
    assert.equal((await show(user.cookie)).status, 200);
  });
});

const freePort = () => new Promise((resolve) => {
  const probe = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

// The service behind the proxy: it answers with the headers that reached it.
function startService() {
  const service = http.createServer((request, response) => {
    request.resume().on('end', () => response.end(JSON.stringify({ url: request.url, headers: request.headers })));
  });
  return new Promise((resolve) => service.listen(0, '127.0.0.1', () => resolve(service)));
}

async function ask(port, target, headers = {}, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, path: target, headers, method: body === undefined ? 'GET' : 'POST', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => (text += piece)).on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, seen: response.statusCode === 200 ? JSON.parse(text) : undefined }));
    });
    request.on('error', reject).end(body);
  });
}

async function listens(port, child) {
  while (child.exitCode === null) {
    const open = await new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => socket.end(() => resolve(true)));
      socket.on('error', () => setTimeout(resolve, 10, false));
    });
    if (open) return;
  }
  assert.fail(`the proxy ended with ${child.exitCode}`);
}

// The example as it stands but for its three addresses.
const withPorts = (file, { listen, postern, service }) => readFileSync(path.join(top, 'examples', file), 'utf8')
  .replaceAll('127.0.0.1:8080', `127.0.0.1:${listen}`).replaceAll('127.0.0.1:8000', `127.0.0.1:${postern}`).replaceAll('127.0.0.1:9000', `127.0.0.1:${service}`);

const proxies = {
  nginx(folder, ports) {
    writeFileSync(path.join(folder, 'site.conf'), withPorts('nginx-forward-auth.conf', ports));
    for (const name of ['client', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(path.join(folder, name));
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name.split('_')[0]};`).join('\n');
    const around = `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error;\nevents {}\nhttp { access_log off; ${temp}\ninclude ${folder}/site.conf; }\n`;
    writeFileSync(path.join(folder, 'nginx.conf'), around);
    return ['nginx', ['-p', folder, '-c', path.join(folder, 'nginx.conf'), '-e', path.join(folder, 'error')]];
  },
  caddy(folder, ports) {
    writeFileSync(path.join(folder, 'Caddyfile'), withPorts('Caddyfile', ports));
    return ['caddy', ['run', '--config', path.join(folder, 'Caddyfile'), '--adapter', 'caddyfile']];
  },
};

for (const [name, prepare] of Object.entries(proxies))
  describe(`behind ${name}, by the file in examples/`, () => {
    let service, child, port, user, admin;

    before(async () => {
      const folder = newFolder();
      chmodSync(folder, 0o755); // its workers may run as another user
      service = await startService();
      port = await freePort();
      const [command, args] = prepare(folder, { listen: port, postern: at.server.port, service: service.address().port });
      child = spawn(command, args, { stdio: 'ignore', cwd: folder, env: { PATH: `${process.env.PATH}:/usr/sbin`, HOME: folder, XDG_DATA_HOME: folder } });
      children.add(child);
      await listens(port, child);
      user = await member(at.server);
      admin = await member(at.server, { roles: ['admin', 'user'] });
    });

    after(async () => {
      const ended = new Promise((resolve) => child.on('close', resolve));
      child.kill('SIGTERM');
      await ended;
      children.delete(child);
      service.closeAllConnections();
      await new Promise((resolve) => service.close(resolve));
    });

    const bearer = ({ token }, more = {}) => ({ Authorization: `Bearer ${token}`, ...more });

    it('a good token passes, and the service learns whose it is', async () => {
      const { status, seen } = await ask(port, '/things?a=1', bearer(user));
      assert.equal(status, 200);
      assert.equal(seen.url, '/things?a=1');
      const { 'x-auth-user': id, 'x-auth-roles': roles, 'x-auth-session': session } = seen.headers;
      assert.deepEqual([id, roles, session], [user.id, 'user', user.tokens.session_id]);
      assert.equal((await ask(port, '/things', bearer(user, { 'Content-Type': 'text/plain' }), 'a body')).status, 200);
    });

    it('nobody passes without one, and is told how', async () => {
      for (const headers of [{}, { Authorization: 'Bearer x' }, { Authorization: 'Basic eDp5' }, { 'X-Auth-User': admin.id, 'X-Auth-Roles': 'admin' }]) {
        const answer = await ask(port, '/things', headers);
        assert.equal(answer.status, 401);
        assert.match(answer.headers['www-authenticate'], /^Bearer realm=/);
      }
    });

    it('headers from outside do not reach the service', async () => {
      const forged = { 'X-Auth-User': admin.id, 'X-Auth-Roles': 'admin', 'x-auth-session': 'forged', 'X-Auth-Email': 'root@example.com' };
      const { seen } = await ask(port, '/things', bearer(user, forged));
      assert.deepEqual([seen.headers['x-auth-user'], seen.headers['x-auth-roles'], seen.headers['x-auth-session'], seen.headers['x-auth-email']],
        [user.id, 'user', user.tokens.session_id, undefined]);
    });

    it('what demands a role refuses who has it not', async () => {
      assert.equal((await ask(port, '/admin/things', bearer(user))).status, 403);
      assert.equal((await ask(port, '/admin/things', bearer(admin))).status, 200);
      assert.equal((await ask(port, '/admin/things', bearer(user, { 'X-Auth-Roles': 'admin' }))).status, 403);
    });

    it('the cookie of a page passes to Postern, and no further', async () => {
      const one = await page();
      const cookie = `${NAME}=${one.cookie}`;
      for (const [sent, kept] of [[cookie, undefined], [`a=1; ${cookie}`, 'a=1'], [`${cookie}; b=2`, 'b=2'], [`a=1; ${cookie}; b=2`, 'a=1; b=2']]) {
        const { status, seen } = await ask(port, '/things', { ...AGENT, Cookie: sent });
        assert.deepEqual([status, seen?.headers['x-auth-user'], JSON.stringify(seen?.headers).includes(one.cookie)], [200, one.id, false], sent);
        assert.deepEqual(seen.headers.cookie?.split(/; */).filter(Boolean).join('; ') || undefined, kept);
      }
      const both = await ask(port, '/things', bearer(user, { Cookie: `${cookie}; a=1; ${NAME}=other; ${cookie}` }));
      assert.deepEqual([both.seen.headers['x-auth-user'], JSON.stringify(both.seen.headers).includes(one.cookie)], [user.id, false]);
      assert.equal((await ask(port, '/admin/things', { ...AGENT, Cookie: cookie })).status, 403);
      assert.equal((await ask(port, '/things', { ...AGENT, Cookie: cookie, 'Sec-Fetch-Site': 'cross-site' })).status, 403);
      await at.server.call('POST', '/logout', { token: one.token });
      assert.equal((await ask(port, '/things', { ...AGENT, Cookie: cookie })).status, 401);
    });

    it('an ended session is refused at once', async () => {
      const other = await member(at.server);
      assert.equal((await ask(port, '/things', bearer(other))).status, 200);
      await at.server.call('POST', '/logout', { token: other.token });
      assert.equal((await ask(port, '/things', bearer(other))).status, 401);
    });
  });
