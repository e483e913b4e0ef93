// A PostgreSQL of a story's own, to be stopped, started and killed: script/postgres starts it, and wipes it when the story's process ends.
//
//   const postgres = await startPostgres();        // postgres.url
//   await postgres.control('stop', '--mode=immediate');
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { run } from './run.mjs';
import { top } from './server.mjs';

class Postgres {
  #script;

  async start() {
    this.#script = spawn(path.join(top, 'script/postgres'), ['--', 'sh', '-c', 'echo "$POSTERN_TEST_POSTGRES"; cat'], {
      stdio: ['pipe', 'pipe', 'inherit'], // its input ends when we do
    });
    [this.url] = await once(createInterface({ input: this.#script.stdout }), 'line');
    this.data = await this.#ask('SHOW data_directory');
    this.programs = path.dirname(readlinkSync(`/proc/${this.#postmaster()}/exe`));
    return this;
  }

  async #ask(text) {
    const { code, stdout, stderr } = await run('psql', ['-X', '-A', '-t', '-c', text, this.url]);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  }

  #postmaster() {
    return Number(readFileSync(path.join(this.data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  }

  // As the last start was told: postmaster.opts is a line of quoted words, the program and its folder first.
  #options() {
    const words = [...readFileSync(path.join(this.data, 'postmaster.opts'), 'utf8').matchAll(/"([^"]*)"/g)].map(([, word]) => word);
    return words.slice(words.indexOf('-c')).join(' ');
  }

  // What pg_ctl does, as the server's own user; a start is told what the last one was.
  async control(act, ...options) {
    const folder = path.dirname(this.data);
    const { uid, gid } = statSync(this.data);
    const log = act === 'stop' ? [] : [`--log=${folder}/server.log`];
    const last = act === 'start' ? [`--options=${this.#options()}`] : [];
    const { code, stdout, stderr } = await run(
      path.join(this.programs, 'pg_ctl'), [act, `--pgdata=${this.data}`, '--wait', '--silent', ...log, ...last, ...options],
      { cwd: folder, uid, gid }
    );
    assert.equal(code, 0, `pg_ctl ${act}: ${stdout}${stderr}`);
  }

  // Kills one process of a session: the server ends all the others and recovers as after a crash.
  async crash() {
    const pid = await this.#ask("SELECT pid FROM pg_stat_activity WHERE application_name = 'postern' LIMIT 1");
    process.kill(Number(pid), 'SIGKILL');
  }

  async stop() {
    this.#script.stdin.end();
    await once(this.#script, 'close');
  }
}

export const startPostgres = () => new Postgres().start();
