// Has the program killed, as by kill -9, before the n-th call that changes what is on the disk or says something to a peer.
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import path from 'node:path';
import { newFolder, run, top } from './server.mjs';

let library;

// The environment that does it. after: a file; nothing is counted until it is there. by: the name of another signal.
export async function dyingAt(n, { after, by = 'SIGKILL' } = {}) {
  library ??= await build();
  const counted = after === undefined ? {} : { DIE_AFTER: after };
  const preloaded = { LD_PRELOAD: library, ASAN_OPTIONS: 'verify_asan_link_order=0:detect_leaks=0' };
  return { DIE_AT: String(n), DIE_BY: String(constants.signals[by]), ...counted, ...preloaded };
}

async function build() {
  const file = path.join(newFolder(), 'die_at.so');
  const built = await run('gcc', ['-D_GNU_SOURCE', '-shared', '-fPIC', '-o', file, path.join(top, 'tests/support/die_at.c')]);
  assert.equal(built.code, 0, built.stderr);
  return file;
}
