// The table of a run, on the terminal and as docs/performance.md.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';

export function median(list) {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
}

function number(value) {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

// A row: what, figure, unit; against: the peer's figure in the same unit; beside: what that is.
// Its aim, if any: aim (at most), floor (at least), least and most (of the ratio to the peer).
export class Table {
  rows = [];

  add(row) {
    const ratio = row.figure / (row.against ?? row.aim ?? row.floor);
    const checks = [
      row.aim !== undefined && row.figure <= row.aim,
      row.floor !== undefined && row.figure >= row.floor,
      row.least !== undefined && ratio >= row.least,
      row.most !== undefined && ratio <= row.most,
    ];
    const asked = [row.aim, row.floor, row.least, row.most].map((bound) => bound !== undefined);
    const verdict = !asked.includes(true) ? '' : asked.every((is, i) => !is || checks[i]) ? 'reached' : '**below the aim**';
    this.rows.push({ ...row, ratio, verdict });
  }

  #aimOf(row) {
    const parts = [];
    if (row.aim !== undefined) parts.push(`≤ ${number(row.aim)} ${row.unit}`);
    if (row.floor !== undefined) parts.push(`≥ ${number(row.floor)} ${row.unit}`);
    if (row.least !== undefined) parts.push(`≥ ${row.least} ×`);
    if (row.most !== undefined) parts.push(`≤ ${row.most} ×`);
    return parts.join(', ');
  }

  #cells(row) {
    const peer = row.against === undefined ? '' : `${number(row.against)} ${row.unit}: `;
    const ratio = Number.isFinite(row.ratio) ? `${row.ratio.toFixed(2)} ×` : '';
    return [row.what, `${number(row.figure)} ${row.unit}`, peer + row.beside, ratio, this.#aimOf(row), row.verdict];
  }

  markdown() {
    const lines = [['what', 'figure', 'beside it', 'ratio', 'aim', ''], ['---', '---:', '---', '---:', '---', '---']];
    return [...lines, ...this.rows.map((row) => this.#cells(row))].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  }

  text() {
    const rows = this.rows.map((row) => this.#cells(row).map((cell) => cell.replaceAll('*', '')));
    const widths = [0, 1, 3, 4].map((column) => Math.max(...rows.map((cells) => cells[column].length)));
    const line = ([what, figure, beside, ratio, aim, verdict]) => [
      what.padEnd(widths[0]), figure.padStart(widths[1]), ratio.padStart(widths[2]), aim.padEnd(widths[3]), verdict.padEnd(13), beside,
    ];
    return rows.map((cells) => line(cells).join('  ')).join('\n');
  }

  below() {
    return this.rows.filter((row) => row.verdict.includes('below')).length;
  }

  aims() {
    return this.rows.filter((row) => row.verdict !== '').length;
  }
}

function machine({ busy, seconds, folder }) {
  const [{ model }] = os.cpus();
  const disk = execFileSync('df', ['--output=fstype', folder], { encoding: 'utf8' }).split('\n')[1].trim();
  return [
    `- ${os.availableParallelism()} processors: ${model}, ${(os.totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${os.release()}`,
    `- the database lies on ${disk}`,
    `- ${new Date().toISOString().slice(0, 10)}, ${seconds.toFixed(0)} s; load average before the run ${busy.toFixed(2)}`,
  ].join('\n');
}

const meaning = `- **Start** is counted from before \`exec\` to the first byte of \`200\` on a new connection, so it holds the loading of the
  libraries, the check of the schema, the keys and the audit row of the start with its fsync.
- **Memory** is the proportional set size, from \`smaps_rollup\`. What only the start needed is given back before the program
  says that it listens (\`src/proc/trim.c\`); the row "at rest after that work" shows what it holds once everything has been
  used. Each hash worker keeps the 64 MiB of its last hash for 10 s, and then gives them back.
- **Sign-ins** and the bare hash take turns, so that both see the same machine; the bare hash is the program's own password
  room in a loop, without HTTP, tokens and database. A ratio near 1 says that sign-ins cost their hash and nothing else.
- **The tail**: 2,000 requests a second leave at even moments whether or not earlier ones were answered, and each latency is
  counted from the moment at which its request was due. Shown is the quietest round, and beside it all of them: whatever
  else runs on the machine can only add to a latency.
- **One core**: the server alone on one processor, the client on another. The cost is the processor time of the server,
  divided by the requests; that of the signature is measured the same way, on the same processor, in turn. The quietest of
  three rounds counts for each. The client polls: one that sleeps has to be woken by an interrupt to the other processor,
  which on a virtual machine costs the server several microseconds; the row with \`wrk\` shows that. What is beyond the
  signature is reading and sending, parsing the token, one statement that reads session and account, and writing the JSON.
  nginx answers the same bytes from its configuration.
- **Services**: what \`GET /verify\` adds to the bare HTTP of \`GET /ping\`, and what an introspection costs, with one token that is asked about again and
  again: it is read and its signature checked once, session and account are read each time.
- **Assertions**: from the members of the response to the verdict, in a loop on one processor: base64url, the JSON of the client data, the key
  from its COSE form, and the signature. No HTTP and no database. Beside it \`openssl speed ecdsap256\`, which does the signature alone. The
  quietest of five rounds counts for each.
- **Sign-ups** run on a build of their own (\`build/bench\`), in which a password hash costs nothing; a release can't be built
  so. Each is a row, an audit row and a share of an fsync. Beside it: how many single durable writes of one page the disk takes.
- **PATCH** is a durable write. The worker that has the request writes; those that write together share one fsync, so more workers
  share more.
- **Refreshes** rotate: each client sends the token that it was given last. A refresh is a changed row, an audit row, a signature and
  a share of an fsync; \`BENCH_REFRESHES\` asks for another number than 1,000,000.`;

const SECTION = '\n## On PostgreSQL\n';

// The page in two parts, each written by a run of its own: all else, and the section on PostgreSQL ('' before its first run).
function parts(file) {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const at = text.indexOf(SECTION);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)];
}

const postgresMeaning = `The program, pgbench and the server share the same processors, and take turns. pgbench (\`-M prepared\`) sends the statements
of [queries.h](../src/store/queries.h) that the request sends, and does nothing else: no HTTP, no JSON, no signature. It has as many
clients as the program, each with a connection of its own; and, in a second row, as many as the program has connections, which is
where it reads most: with so few the kernel may keep each of its threads on one processor with its server, and then it reads half as
many again. The build is that of the sign-ups above, in which a password hash costs nothing.

What comes together the program sends together: reads of sessions in one statement, sign-ups and renewals in one transaction of the
server. pgbench has a statement and a transaction for each; so the program can have a greater rate than it, and a longer way to wait.

- **GET /users/me** is a look for the session with its account; a token is read and its ES256 signature checked once, then known. What is
  left of the distance is HTTP: each request crosses two sockets, and its client runs on the same processors.
- **Sign-ups** are a look for the address, then account and audit row in one transaction.
- **Renewals** are a look for the session, then its new token and the audit row in one transaction, and an ES256 signature.`;

export function writeSection(file, table, { version, ...about }) {
  const text = `${SECTION}
Written by \`script/bench --store postgresql\`, with PostgreSQL ${version} as it comes, on the same machine.

${machine(about)}

${table.markdown()}

${postgresMeaning}
`;
  writeFileSync(file, parts(file)[0] + text);
}

export function writePage(file, table, about) {
  const text = `# Performance

Written by \`script/bench\`, which measures the release build on the machine it runs on, over loopback, with
\`POSTERN_LIMITS=off\`. Absolute figures are this machine's; the ratios to what was measured beside them, in the same run,
travel better. Timings are no tests: a figure below its aim is marked, and fails nothing.

${machine(about)}

${table.markdown()}

## What each means

${meaning}
`;
  writeFileSync(file, text + parts(file)[1]);
}
