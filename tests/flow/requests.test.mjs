// requests.http, run as a whole against the real program: each request says in its title which status it gets.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Contract } from '../support/openapi.mjs';
import { run, startServer, top } from '../support/server.mjs';

const source = readFileSync(path.join(top, 'requests.http'), 'utf8');
const written = [...source.matchAll(/^### (\d{3}): .*\n(?:@.*\n)*# @name (\w+)$/gm)].map(([, status, name]) => [name, Number(status)]);
let server, answers;

// The file names its server itself, so it is run from a copy that names ours.
before(async () => {
  server = await startServer();
  assert.match(source, /^@base = http:\/\/127\.0\.0\.1:8000$/m);
  writeFileSync(path.join(server.folder, 'requests.http'), source.replace(/^@base = .*$/m, `@base = ${server.url}`));
  copyFileSync(path.join(top, 'httpyac.config.cjs'), path.join(server.folder, 'httpyac.config.cjs'));
  const command = [path.join(top, 'node_modules/httpyac/bin/httpyac.js'), 'send', 'requests.http', '--all', '--json', '--output', 'exchange'];
  const { code, stdout, stderr } = await run(process.execPath, command, { cwd: server.folder });
  assert.equal(code, 0, stderr + stdout.slice(0, 2000));
  answers = JSON.parse(stdout).requests;
});

after(async () => assert.equal(await server?.stop(), 0));

test('every request has a title with a status', () => {
  assert.equal(written.length, source.match(/^(?:GET|POST|PATCH|DELETE) /gm).length);
});

test('every request gets the status of its title', () => {
  assert.deepEqual(answers.map(({ name, response }) => [name, response?.statusCode]), written);
});

test('every answer is as documented', () => {
  const contract = new Contract();
  for (const { response } of answers) {
    const { method, url } = response.request;
    const text = response.body ?? '';
    const json = /json/.test(response.headers['content-type'] ?? '') ? JSON.parse(text) : undefined;
    contract.check(method, new URL(url).pathname, { status: response.statusCode, headers: response.headers, text, json });
    server.canaries.rememberIn(json);
  }
});

test('its password and its tokens are in no log, audit trail or database', async () => {
  server.canaries.remember(/^@password = (.*)$/m.exec(source)[1]);
  await server.assertNoCanary();
});
