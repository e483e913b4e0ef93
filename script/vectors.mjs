#!/usr/bin/env node
// Run build/check-vectors over the shared vectors and hold its answers against what each vector expects.
//
// A vector of level `must` has to agree; at `should` and `may` sound programs differ, so those are only counted.
// What the program calls `unsupported` is an algorithm or a bound that we do not take; it has to be refused, not accepted. Of
// webauthn nothing that must agree may be unsupported.
//
// usage: script/vectors.mjs [folder]        without the folder: skipped, and said so
//        POSTERN_VECTORS names another folder, POSTERN_CHECK_VECTORS another program
import { execFile, spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual, promisify } from "node:util";

const top = fileURLToPath(new URL("..", import.meta.url));
export const usualFolder = process.env.POSTERN_VECTORS ?? join(top, "../shared/vectors");
const program = process.env.POSTERN_CHECK_VECTORS ?? join(top, "build/check-vectors");

// What each vector expects, by area: true, false, or undefined where there is nothing to agree with.
export const areas = {
  "password-hashes": (vector) => vector.expected,
  email: (vector) => vector.valid,
  jose: (vector) => vector.expected?.verified ?? vector.expected?.accepted,
  webauthn: (vector) => vector.expected?.verified,
};

const whole = new Set(["webauthn"]);

// Where we mean to differ, and why.
const deviations = {
  "email.65d417e2e776": "a display name before the address is no addr-spec, which is what an account takes",
  "email.af8a7fa52b83": "a display name before the address is no addr-spec, which is what an account takes",
};

const linesOf = (text) => text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));

function answers(area, file) {
  const run = spawnSync(program, [area, file], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (run.status !== 0) throw new Error(`check-vectors ${area} ${file}: ${run.stderr || (run.error ?? `ends with ${run.signal ?? run.status}`)}`);
  return new Map(linesOf(run.stdout).map((answer) => [answer.name, answer]));
}

// What check-vectors read out of an accepted vector has to be what the vector says is in it.
function sameFields(expected, got = {}) {
  return Object.keys(got).every((name) => isDeepStrictEqual(expected?.[name], got[name]));
}

function judge(area, { expected, level, answer, fields }) {
  if (answer === undefined) return "failed";
  if (answer.reason === "unsupported") return answer.accepted || (whole.has(area) && level === "must") ? "failed" : "unsupported";
  if (answer.accepted === expected) return sameFields(fields, answer.got) ? "passed" : "failed";
  return level === "must" ? "failed" : "differ";
}

// Wycheproof keeps a layout of its own; check-vectors names its tests after the algorithm, or else the type, and their number.
function fromWycheproof(file) {
  return (file.testGroups ?? []).flatMap((group) => group.tests.map((test) => ({
    name: `${file.algorithm ?? group.type}.tc${test.tcId}`,
    expected: { verified: test.result === "valid", level: test.result === "acceptable" ? "may" : "must" },
  })));
}

function readVectors(area, file) {
  const content = JSON.parse(readFileSync(file, "utf8"));
  const vectors = Array.isArray(content) ? content : fromWycheproof(content);
  return vectors.filter((vector) => typeof areas[area](vector) === "boolean");
}

function jsonFiles(path) {
  return existsSync(path) ? readdirSync(path).filter((name) => name.endsWith(".json")).sort().map((name) => join(path, name)) : [];
}

// { passed, failed, unsupported, differ: numbers; faults: a sentence for each that failed }
export function checkArea(area, folder = usualFolder) {
  const result = { passed: 0, failed: 0, unsupported: 0, differ: 0, faults: [] };
  for (const file of [...jsonFiles(join(folder, area)), ...jsonFiles(join(folder, area, "wycheproof"))]) {
    const vectors = readVectors(area, file);
    const given = vectors.length > 0 ? answers(area, file) : new Map();
    for (const vector of vectors) {
      const level = vector.name in deviations ? "may" : (vector.level ?? vector.expected?.level ?? "must");
      const answer = given.get(vector.name);
      const end = judge(area, { expected: areas[area](vector), level, answer, fields: vector.expected });
      result[end] += 1;
      if (end === "failed") result.faults.push(`${vector.name}: expected ${areas[area](vector)}, got ${JSON.stringify(answer)}`);
    }
  }
  return result;
}

// As many files at once as there are processors.
async function flipsOf(files) {
  const rest = [...files], given = [];
  const lane = async () => {
    for (let file = rest.shift(); file !== undefined; file = rest.shift())
      given.push(...linesOf((await promisify(execFile)(program, ["webauthn-flips", file], { maxBuffer: 1 << 28 })).stdout));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return given;
}

// Every bit of what is signed in the accepted vectors, turned over: { vectors, flips, taken: numbers; faults }
export async function checkFlips(folder = usualFolder) {
  const given = await flipsOf(jsonFiles(join(folder, "webauthn")));
  return {
    vectors: given.length,
    flips: given.reduce((sum, answer) => sum + answer.flips, 0),
    taken: given.reduce((sum, answer) => sum + answer.taken, 0),
    faults: given.filter((answer) => answer.taken > 0).map((answer) => `${answer.name}: ${answer.taken} flips are taken`),
  };
}

export function inWords({ passed, failed, unsupported, differ }) {
  return `${passed} passed, ${failed} failed, ${unsupported} unsupported, ${differ} differ where they may`;
}

async function main(folder = usualFolder) {
  if (!existsSync(folder)) {
    console.log("skipped: no vectors");
    return 0;
  }
  const total = { passed: 0, failed: 0, unsupported: 0, differ: 0 };
  for (const area of Object.keys(areas)) {
    const result = checkArea(area, folder);
    for (const fault of result.faults) console.log(`  ${fault}`);
    console.log(`  ${area}: ${inWords(result)}`);
    for (const end of Object.keys(total)) total[end] += result[end];
  }
  const turned = await checkFlips(folder);
  for (const fault of turned.faults) console.log(`  ${fault}`);
  console.log(`  webauthn: ${turned.flips} single bits turned over in ${turned.vectors} accepted vectors, ${turned.taken} taken`);
  total.failed += turned.faults.length;
  console.log(`vectors: ${inWords(total)}`);
  return total.failed === 0 ? 0 : 1;
}

if (resolve(process.argv[1] ?? "") === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv[2]);
