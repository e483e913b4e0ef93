// What the bench runs: the program under test, nginx beside it, and its small clients; each on the processors it is told.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));
process.on('SIGINT', () => process.exit(130));

// A folder of its own on the disk of the checkout: a folder in memory would make every fsync free.
export function newFolder(under) {
  const folder = mkdtempSync(path.join(under, 'bench-data-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function pinned(cpus, command) {
  return cpus === undefined ? command : ['taskset', '-c', String(cpus), ...command];
}

function begin(cpus, command, options) {
  const [file, ...args] = pinned(cpus, command);
  const child = spawn(file, args, options);
  children.add(child);
  child.on('error', (error) => {
    throw error;
  });
  child.ended = new Promise((resolve) => child.on('close', resolve)).finally(() => children.delete(child));
  return child;
}

// Run a client to its end and give what it prints; it has seconds of its own, this is for one that hangs.
export async function run(command, { input = '', cpus, limitMs = 60_000, ...options } = {}) {
  const child = begin(cpus, command, { stdio: ['pipe', 'pipe', 'inherit'], timeout: limitMs, ...options });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece) => (text += piece));
  child.stdin.on('error', () => {}); // one that reads nothing may be gone
  child.stdin.end(input);
  if ((await child.ended) !== 0) throw new Error(`${command.slice(0, 3).join(' ')} failed`);
  return text;
}

// "rate=1.5 p50=2" as { rate: 1.5, p50: 2 }
export function figures(text) {
  return Object.fromEntries([...text.matchAll(/(\w+)=([\d.]+)/g)].map(([, name, value]) => [name, Number(value)]));
}

export function freePort() {
  return new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

// Nothing of the caller's settings reaches the program.
export function settings(folder, port, more = {}) {
  return { PATH: process.env.PATH, POSTERN_LIMITS: 'off', POSTERN_DATA_DIR: folder, POSTERN_LISTEN: `127.0.0.1:${port}`, ...more };
}

export async function startServer(program, folder, { cpus, env = {} } = {}) {
  const child = begin(cpus, [program, 'serve'], { cwd: folder, env: settings(folder, 0, env), stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const url = await new Promise((resolve, reject) => {
    lines.on('line', (line) => line.includes('"listening"') && resolve(JSON.parse(line).address));
    child.ended.then((code) => reject(new Error(`${program} ended with ${code} before it listened`)));
  });
  return new Server(child, url);
}

export async function startNginx(folder, cpus, body, headers) {
  const port = await freePort();
  const conf = readFileSync(path.join(here, 'nginx.conf.in'), 'utf8')
    .replaceAll('@FOLDER@', folder)
    .replace('@PORT@', port)
    .replace('@HEADERS@', headers.map(([name, value]) => `    add_header ${name} "${value}";`).join('\n'))
    .replace('@BODY@', body);
  writeFileSync(path.join(folder, 'nginx.conf'), conf);
  const child = begin(cpus, ['nginx', '-p', folder, '-c', path.join(folder, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'inherit'] });
  const server = new Server(child, `http://127.0.0.1:${port}`);
  await server.answers();
  return server;
}

class Server {
  #child;

  constructor(child, url) {
    this.#child = child;
    this.url = url;
    this.port = Number(new URL(url).port);
    this.pid = child.pid; // taskset becomes the program: it keeps its number
  }

  async answers() {
    for (let tries = 0; tries < 500; tries++) {
      if (await fetch(this.url).then(() => true, () => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${this.url} does not answer`);
  }

  async json(method, target, body, token) {
    const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
    const answer = await fetch(this.url + target, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${target}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  // A request as its bytes, for the load client.
  request(method, target, { token, body } = {}) {
    const text = body === undefined ? '' : JSON.stringify(body);
    const lines = [`${method} ${target} HTTP/1.1`, `Host: 127.0.0.1:${this.port}`];
    if (token !== undefined) lines.push(`Authorization: Bearer ${token}`);
    if (body !== undefined) lines.push('Content-Type: application/json', `Content-Length: ${text.length}`);
    return `${lines.join('\r\n')}\r\n\r\n${text}`;
  }

  form(target, text, authorization) {
    const lines = [`POST ${target} HTTP/1.1`, `Host: 127.0.0.1:${this.port}`, `Authorization: ${authorization}`];
    lines.push('Content-Type: application/x-www-form-urlencoded', `Content-Length: ${text.length}`);
    return `${lines.join('\r\n')}\r\n\r\n${text}`;
  }

  async metric(name) {
    const text = await fetch(`${this.url}/metrics`).then((answer) => answer.text());
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)[1]);
  }

  // Processor time that all its threads have used, in microseconds (proc(5), schedstat is in nanoseconds).
  cpuUs() {
    const threads = `/proc/${this.pid}/task`;
    const used = readdirSync(threads).map((thread) => Number(readFileSync(`${threads}/${thread}/schedstat`, 'utf8').split(' ')[0]));
    return used.reduce((sum, ns) => sum + ns, 0) / 1e3;
  }

  // Proportional set size in bytes: of pages that several processes share, this one's part (proc(5), smaps_rollup).
  pss() {
    return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/smaps_rollup`, 'utf8'))[1]) * 1024;
  }

  // The set size when it no longer changes, and is below a bound that it is known to come under.
  async pssAtRest(below = Infinity) {
    let before = this.pss();
    for (let tries = 0; tries < 200; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const now = this.pss();
      if (now === before && now < below) return now;
      before = now;
    }
    return before;
  }

  async stop() {
    this.#child.kill('SIGTERM');
    await this.#child.ended;
  }
}

// Bytes of the program without symbols, and of all shared objects that it loads beyond the C library's own.
export function sizes(program, folder) {
  const stripped = path.join(folder, 'stripped');
  execFileSync('strip', ['-o', stripped, program]);
  const own = readFileSync(stripped).length;
  const libc = /^(libc|libm|libdl|librt|libpthread|libresolv|ld-linux.*)\.so/;
  const libraries = execFileSync('ldd', [program], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /(?:=> )?(\/\S+) \(/.exec(line)?.[1])
    .filter((file) => file !== undefined && !libc.test(path.basename(file)))
    .map((file) => ({ name: path.basename(file), bytes: readFileSync(file).length }));
  return { own, installed: libraries.reduce((sum, { bytes }) => sum + bytes, own), libraries };
}
