// Has the program killed, as by kill -9, before the n-th call that changes what is on the disk.
import assert from 'node:assert/strict';
import path from 'node:path';
import { newFolder, run, top } from './server.mjs';

let library;

// The environment that does it. after: a file; nothing is counted until it is there.
export async function dyingAt(n, after) {
  library ??= await build();
  const counted = after === undefined ? {} : { DIE_AFTER: after };
  return { DIE_AT: String(n), ...counted, LD_PRELOAD: library, ASAN_OPTIONS: 'verify_asan_link_order=0:detect_leaks=0' };
}

async function build() {
  const file = path.join(newFolder(), 'die_at.so');
  const built = await run('gcc', ['-D_GNU_SOURCE', '-shared', '-fPIC', '-o', file, path.join(top, 'tests/support/die_at.c')]);
  assert.equal(built.code, 0, built.stderr);
  return file;
}
