// A proxy between the program and PostgreSQL that does mischief when it is told to. It reads enough of the protocol to see messages
// and a COMMIT go by (PostgreSQL 15, 55.7).
//
//   const proxy = await openProxy(url);      // proxy.url: the same database through it
//   proxy.does(cutAfterCommit(3));           // every third
//   proxy.harms                              // how often it has done so since
import net from 'node:net';

const STARTUP = 196608; // protocol 3.0; what comes before it without a type asks for encryption

// Mischief: a request (one message of the program) and an answer (bytes of the server) are handed on, unless these say no. What they
// await holds up what comes behind on the same way.
export const honest = () => ({});
export const silent = () => ({ request: () => false, answer: () => false }); // everything is taken, nothing handed on
export const deaf = () => ({ closes: true, connects: false }); // takes connections, and then nothing

// B, length, the portal "", the statement "COMMIT". No part of what was sent with it is answered before it is done.
const bindsCommit = (message) => message[0] === 0x42 && message.toString('latin1', 5, 13) === '\0COMMIT\0';

const everyNth = (n) => {
  let count = 0;
  return () => ++count % n === 0;
};

export const cutBeforeCommit = (n) => {
  const turn = everyNth(n);
  return { request: (pair, message) => !(message.commits && turn()) || pair.reset() };
};

// The server has done it: its answer is here, and goes no further.
export const cutAfterCommit = (n) => {
  const turn = everyNth(n);
  return {
    request: (pair, message) => {
      pair.doomed ||= message.commits && turn(); // what belongs to it comes behind
      return true;
    },
    answer: (pair) => !pair.doomed || pair.reset(),
  };
};

const half = (bytes) => bytes.subarray(0, Math.ceil(bytes.length / 2));

export const cutInRequest = (n) => {
  const turn = everyNth(n);
  return { request: (pair, message) => message.first || !turn() || pair.reset(pair.server, half(message.bytes)) };
};

export const cutInAnswer = (n) => {
  const turn = everyNth(n);
  return { answer: (pair, bytes) => !pair.started || !turn() || pair.reset(pair.program, half(bytes)) };
};

// So many bytes a millisecond, each way.
export const slow = (pace) => {
  const dribble = async (proxy, to, bytes) => {
    proxy.harms += 1;
    for (let at = 0; at < bytes.length && !to.destroyed; at += pace) {
      to.write(bytes.subarray(at, at + pace));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return false;
  };
  return {
    request: (pair, message) => dribble(pair.proxy, pair.server, message.bytes),
    answer: (pair, bytes) => dribble(pair.proxy, pair.program, bytes),
  };
};

// One connection of the program, and ours to the server.
class Pair {
  started = false;
  #waiting = Buffer.alloc(0);
  #ways = new Map();

  constructor(proxy, program, server) {
    Object.assign(this, { proxy, program, server });
    for (const [from, to] of [[program, server], [server, program]]) {
      from.setNoDelay(true).on('error', () => {}).on('close', () => to.destroy());
      this.#ways.set(from, Promise.resolve());
    }
    program.on('data', (bytes) => {
      for (const message of this.#messages(bytes)) this.#queue(program, () => this.#hand('request', server, message, message.bytes));
    });
    server.on('data', (bytes) => this.#queue(server, () => this.#hand('answer', program, bytes, bytes)));
  }

  #queue(from, act) {
    this.#ways.set(from, this.#ways.get(from).then(act));
  }

  async #hand(what, to, given, bytes) {
    const { mischief } = this.proxy;
    const may = mischief[what] === undefined || (await mischief[what](this, given));
    if (may) to.write(bytes);
    else if (!this.program.destroyed) this.proxy.harms += 1;
  }

  // Whole messages; the first ones of a connection have no type before their length.
  *#messages(bytes) {
    this.#waiting = Buffer.concat([this.#waiting, bytes]);
    for (;;) {
      const head = this.started ? 1 : 0;
      if (this.#waiting.length < head + 4) return;
      const end = head + this.#waiting.readInt32BE(head);
      if (this.#waiting.length < end) return;
      const message = this.#waiting.subarray(0, end);
      this.#waiting = this.#waiting.subarray(end);
      const first = !this.started;
      if (first) this.started = message.readInt32BE(4) === STARTUP;
      yield { bytes: message, first, commits: !first && bindsCommit(message) };
    }
  }

  // After these last bytes, if any, both sides hear that the other has hung up.
  reset(to, bytes) {
    this.proxy.harms += 1;
    const cut = () => [this.program, this.server].forEach((socket) => socket.resetAndDestroy());
    if (to === undefined) cut();
    else to.write(bytes, cut);
    return false;
  }
}

class Proxy {
  mischief = honest();
  harms = 0;
  #sockets = new Set();
  #listener;

  async open(url) {
    const at = new URL(url);
    const server = { host: at.hostname, port: Number(at.port) };
    this.#listener = net.createServer((program) => this.#letIn(program, server)).listen(0, '127.0.0.1');
    await new Promise((resolve) => this.#listener.on('listening', resolve));
    at.port = this.#listener.address().port;
    at.searchParams.set('connect_timeout', '2'); // the least that libpq takes: stories of deaf servers wait for it
    this.url = at.href;
    return this;
  }

  #keep(socket) {
    this.#sockets.add(socket);
    return socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
  }

  #letIn(program, server) {
    this.#keep(program);
    if (this.mischief.connects === false) this.harms += 1;
    else new Pair(this, program, this.#keep(net.connect(server)));
  }

  does(mischief) {
    this.mischief = mischief;
    this.harms = 0;
    if (mischief.closes) this.#cutAll();
  }

  #cutAll() {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  close() {
    this.#listener.close();
    this.#cutAll();
  }
}

export const openProxy = (url) => new Proxy().open(url);
