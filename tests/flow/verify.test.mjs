// Stories of forward-auth: GET /verify by itself, and behind a real nginx and a real Caddy that run the files of examples/.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { serviceClient, tokenOf } from '../support/client.mjs';
import { children } from '../support/run.mjs';
import { newFolder, top } from '../support/server.mjs';
import { alter, assertFaults, assertProblem, forbidden, member, sessionEnded, tokenInvalid, tokenMissing, withServer } from '../support/story.mjs';

const at = withServer();
const verify = (token, query = '', headers = {}) => at.server.call('GET', `/verify${query}`, { token, headers });
const setAcr = ({ tokens }, acr) => alter(at.server, `UPDATE sessions SET acr = '${acr}' WHERE id = '${tokens.session_id}'`);

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
      await setAcr(user, has);
      const answer = await verify(user.token, `?acr=${asked}`);
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

    it('an ended session is refused at once', async () => {
      const other = await member(at.server);
      assert.equal((await ask(port, '/things', bearer(other))).status, 200);
      await at.server.call('POST', '/logout', { token: other.token });
      assert.equal((await ask(port, '/things', bearer(other))).status, 401);
    });
  });
