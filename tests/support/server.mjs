// Starts the real program for a story, in a folder of its own and on a free port, and keeps all that it says.
//
//   const server = await startServer();                        // or { env: { POSTERN_ARGON2_T: '3' }, limits: true }
//   const answer = await server.call('GET', '/ping');          // { status, headers, text, json }
//   await server.assertNoCanary();
//   assert.equal(await server.stop(), 0);
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Canaries } from './canary.mjs';
import { databaseUrl, dump, query } from './database.mjs';
import { children, run } from './run.mjs';

export { run };

export const top = fileURLToPath(new URL('../..', import.meta.url));
export const program = path.resolve(process.env.POSTERN_PROGRAM ?? path.join(top, 'build/postern'));

// What later releases will be: the same with more migrations. Not part of a release build.
export const laterProgram = (name) => path.join(path.dirname(program), `postern-${name}`);

const START_LIMIT_MS = 30_000; // a program that does not listen by then never will
const CALL_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 30_000;

// What outlives a failed story is cleared when the tests of the file are over: a program that is left would keep its file from ending.
// The hooks of the file itself, which may stop it in peace, come after this one.
const folders = new Set();
const killAll = () => children.forEach((child) => child.kill('SIGKILL'));
after(() => void setTimeout(killAll, STOP_LIMIT_MS).unref());
process.on('exit', () => {
  killAll();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function newFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'postern-story-'));
  folders.add(folder);
  return folder;
}

// The environment holds nothing but this, so that no setting of the developer reaches a story.
export function environment(folder, limits, env) {
  const own = {};
  for (const [name, value] of Object.entries(process.env))
    if (/^(PATH|HOME|LANG|TZ|TMPDIR|LD_LIBRARY_PATH|[A-Z]+SAN_OPTIONS|GCOV_.*|LLVM_PROFILE_FILE)$/.test(name)) own[name] = value;
  return {
    ...own,
    POSTERN_DATA_DIR: folder,
    DATABASE_URL: databaseUrl(folder),
    POSTERN_MIGRATE: 'on',
    POSTERN_LISTEN: '127.0.0.1:0',
    POSTERN_LOG_FORMAT: 'json',
    POSTERN_LIMITS: limits ? 'on' : 'off',
    POSTERN_ARGON2_M_KIB: '1024',
    POSTERN_ARGON2_T: '1',
    ...env,
  };
}

class Server {
  lines = []; // of stdout, as objects; a line that is no JSON is { text }
  stderr = '';
  canaries;
  url;
  #child;
  #ended;
  #watchers = new Set();
  #agent = new http.Agent({ keepAlive: true });

  constructor(folder, env, canaries, args, own) {
    this.program = own;
    this.folder = folder;
    this.env = env;
    this.canaries = canaries;
    this.#child = spawn(own, ['serve', ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    children.add(this.#child);
    createInterface({ input: this.#child.stdout }).on('line', (text) => this.#heard(text));
    this.#child.stderr.setEncoding('utf8').on('data', (text) => (this.stderr += text));
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code, signal) => {
        children.delete(this.#child);
        resolve({ code, signal });
      });
    });
    this.#ended.catch(() => {}); // told by listening()
  }

  get pid() {
    return this.#child.pid;
  }

  get port() {
    return Number(new URL(this.url).port);
  }

  #heard(text) {
    let line;
    try {
      line = JSON.parse(text);
    } catch {
      line = { text };
    }
    this.lines.push(line);
    for (const watcher of this.#watchers) watcher(line);
  }

  // The first log line that fits, said already or still to come; fails when the program ends without it.
  logged(fits, limitMs = START_LIMIT_MS) {
    const said = this.lines.find(fits);
    if (said !== undefined) return Promise.resolve(said);
    return new Promise((resolve, reject) => {
      const done = (settle, value) => {
        clearTimeout(timer);
        this.#watchers.delete(watcher);
        settle(value);
      };
      const watcher = (line) => fits(line) && done(resolve, line);
      const timer = setTimeout(() => done(reject, new Error(`not logged within ${limitMs} ms: ${fits}\n${this.said()}`)), limitMs);
      this.#watchers.add(watcher);
      this.#ended.then(
        ({ code, signal }) => done(reject, new Error(`the program ended (${signal ?? code}) without logging it\n${this.said()}`)),
        (error) => done(reject, error),
      );
    });
  }

  said() {
    return this.lines.map((line) => line.text ?? JSON.stringify(line)).join('\n') + '\n' + this.stderr;
  }

  async listening() {
    this.url = (await this.logged((line) => line.event === 'listening')).address;
    return this;
  }

  // body: an object is sent as JSON, a string or Buffer as it is. token: an access token, sent as Bearer.
  // from: the address to call from, any of 127.0.0.0/8.
  call(method, target, { body, token, headers = {}, from } = {}) {
    const plain = typeof body === 'string' || Buffer.isBuffer(body);
    const bytes = body === undefined ? undefined : Buffer.from(plain ? body : JSON.stringify(body));
    const sent = {};
    if (bytes !== undefined) Object.assign(sent, { 'Content-Type': 'application/json', 'Content-Length': bytes.length });
    if (token !== undefined) sent.Authorization = `Bearer ${this.canaries.remember(token)}`;
    for (const [name, value] of Object.entries(headers)) {
      const same = Object.keys(sent).find((known) => known.toLowerCase() === name.toLowerCase());
      if (same !== undefined) delete sent[same];
      if (value !== undefined) sent[name] = value; // undefined takes a usual header away
    }
    if (!plain) this.canaries.rememberIn(body);
    return this.#exchange({ method, path: target, headers: sent, localAddress: from }, bytes);
  }

  #exchange(options, bytes) {
    return new Promise((resolve, reject) => {
      const request = http.request(this.url, { ...options, agent: this.#agent, timeout: CALL_LIMIT_MS }, (response) => {
        const pieces = [];
        response.on('data', (piece) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => resolve(this.#answer(response, Buffer.concat(pieces))));
      });
      request.on('timeout', () => request.destroy(new Error(`no answer to ${options.method} ${options.path}`)));
      request.on('error', reject);
      request.end(bytes);
    });
  }

  #answer(response, bytes) {
    const text = bytes.toString('utf8');
    let json;
    if (/[/+]json\b/.test(response.headers['content-type'] ?? '') && text !== '') json = JSON.parse(text);
    this.canaries.rememberIn(json);
    return { status: response.statusCode, headers: response.headers, bytes, text, json };
  }

  // Bytes as they are on a connection of their own, a string as Latin-1; all that comes back until the other side closes.
  raw(bytes, limitMs = CALL_LIMIT_MS) {
    return new Promise((resolve, reject) => {
      let got = '';
      const socket = net.connect(this.port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
      socket.setEncoding('latin1').setTimeout(limitMs, () => socket.destroy(new Error(`the connection stays open after: ${got}`)));
      socket.on('data', (text) => (got += text));
      socket.on('error', (error) => (error.code === 'ECONNRESET' ? resolve(got) : reject(error)));
      socket.on('close', () => resolve(got));
    });
  }

  // One command of the program, on the same data.
  cli(...args) {
    return this.cliWith({}, ...args);
  }

  cliWith({ input, env = {} }, ...args) {
    return run(this.program, args, { cwd: this.folder, env: { ...this.env, ...env }, input });
  }

  // Rows of a query, as objects, beside the running program. write: for what no interface does, such as turning a clock back.
  query(text, options) {
    return query(this.folder, text, options);
  }

  // No password and no token of this story stands in the log, the audit trail or the database.
  async assertNoCanary() {
    assert.ok(this.canaries.count > 0, 'no secret was used, so this would show nothing');
    const audit = await this.cli('audit', 'export');
    assert.equal(audit.code, 0, `audit export: ${audit.stderr}`);
    assert.deepEqual(this.canaries.foundIn(this.said()), [], 'in the log');
    assert.deepEqual(this.canaries.foundIn(audit.stdout + audit.stderr), [], 'in the audit trail');
    assert.doesNotMatch(this.said() + audit.stdout, /\$(argon2|2[abxy]\$|[5-7y]\$)/, 'a password hash, in the log or the audit trail');
    for (const [name, text] of await dump(this.folder)) assert.deepEqual(this.canaries.foundIn(text), [], `in ${name}`);
  }

  // SIGTERM, then the exit status: 0 after a clean drain. The data stay, for another start in the same folder.
  stop(signal = 'SIGTERM') {
    this.#agent.destroy();
    this.#child.kill(signal);
    return this.#ended.then(({ code }) => code);
  }

  // As a power cut sees it.
  kill9() {
    this.#agent.destroy();
    this.#child.kill('SIGKILL');
    return this.#ended;
  }

  get ended() {
    return this.#ended;
  }
}

// folder: of an earlier server, to start again on its data. canaries: hand on those of an earlier server. by: another program.
export function startServer({ env = {}, limits = false, args = [], folder = newFolder(), canaries = new Canaries(), by = program } = {}) {
  return new Server(folder, environment(folder, limits, env), canaries, args, by).listening();
}
