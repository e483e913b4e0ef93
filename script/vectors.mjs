#!/usr/bin/env node
// Run build/check-vectors over the shared vectors and hold its answers against what each vector expects.
//
// A vector of level `must` has to agree; at `should` and `may` sound programs differ, so those are only counted.
// What the program calls `unsupported` is an algorithm or a bound that we do not take; it has to be refused, not accepted.
//
// usage: script/vectors.mjs [folder]        without the folder: skipped, and said so
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const top = fileURLToPath(new URL("..", import.meta.url));
const folder = process.argv[2] ?? join(top, "../shared/vectors");
const program = join(top, "build/check-vectors");

// What each vector expects, by area: true, false, or undefined where there is nothing to agree with.
const areas = {
  "password-hashes": (vector) => vector.expected,
  email: (vector) => vector.valid,
  jose: (vector) => vector.expected?.verified ?? vector.expected?.accepted,
};

// Quoted local parts are left open by the set's own README; a display name before the address is no addr-spec at all, which is
// what an account takes, though the library that the vector comes from can be told to read one.
const isOpen = (vector) => /^"|>$/.test(vector.address ?? "");

const total = { passed: 0, failed: 0, unsupported: 0, differ: 0 };

function answers(area, file) {
  const run = spawnSync(program, [area, file], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (run.status !== 0) {
    console.log(`  check-vectors ${area} ${file}: ${(run.stderr || `${run.error ?? `ends with ${run.signal ?? run.status}`}`).trim()}`);
    return new Map();
  }
  return new Map(run.stdout.trim().split("\n").map((line) => JSON.parse(line)).map((answer) => [answer.name, answer]));
}

function judge(expected, level, answer) {
  if (answer === undefined) return "failed";
  if (answer.reason === "unsupported") return answer.accepted ? "failed" : "unsupported";
  if (answer.accepted === expected) return "passed";
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

function check(area, file) {
  const vectors = readVectors(area, file);
  const given = vectors.length > 0 ? answers(area, file) : new Map();
  for (const vector of vectors) {
    const level = isOpen(vector) ? "may" : (vector.level ?? vector.expected?.level ?? "must");
    const answer = given.get(vector.name);
    const end = judge(areas[area](vector), level, answer);
    total[end] += 1;
    if (end === "failed" && given.size > 0)
      console.log(`  ${vector.name}: expected ${areas[area](vector)}, got ${JSON.stringify(answer)}`);
  }
}

function jsonFiles(path) {
  return existsSync(path) ? readdirSync(path).filter((name) => name.endsWith(".json")).sort().map((name) => join(path, name)) : [];
}

if (!existsSync(folder)) {
  console.log("skipped: no vectors");
  process.exit(0);
}
for (const area of Object.keys(areas)) {
  const before = { ...total };
  for (const file of [...jsonFiles(join(folder, area)), ...jsonFiles(join(folder, area, "wycheproof"))]) check(area, file);
  console.log(`  ${area}: ` + Object.keys(total).map((end) => `${total[end] - before[end]} ${end}`).join(", "));
}
console.log(`vectors: ${total.passed} passed, ${total.failed} failed, ${total.unsupported} unsupported, ${total.differ} differ where they may`);
process.exit(total.failed === 0 ? 0 : 1);
