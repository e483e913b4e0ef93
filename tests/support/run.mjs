// Runs a program to its end.
import { spawn } from 'node:child_process';

export const children = new Set(); // what runs; server.mjs ends what outlives its story

// { code, signal, stdout, stderr }
export function run(command, args, { input = '', ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    const said = { stdout: '', stderr: '' };
    children.add(child);
    for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (said[name] += text));
    child.stdin.on('error', () => {}); // a program that reads nothing may be gone already
    child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      children.delete(child);
      resolve({ code, signal, ...said });
    });
  });
}
