// Times ODK's engine on a form of `mobile-schema/benches/forms.rs`: a row of its table.

import { readFileSync } from 'node:fs';
import { open } from './odk.mjs';
import * as wasm from './wasm.mjs';

const [file, questions] = process.argv.slice(2);
const xform = readFileSync(file, 'utf8');
const median = (all) => all.sort((one, other) => one - other)[Math.floor(all.length / 2)];
const shown = (ms) => (ms >= 1 ? `${ms.toFixed(2)} ms` : `${(ms * 1000).toFixed(1)} µs`);

const loads = [];
let root;
for (let run = 0; run < 3; run += 1) {
  const start = performance.now();
  root = await open(xform);
  loads.push(performance.now() - start);
}

const nodes = new Map();
const visit = (node) => {
  nodes.set(node.currentState.reference, node);
  node.currentState.children?.forEach(visit);
};
visit(root);

const valueOf = (at, round) => [
  `name ${round}`, String((at + round) % 9), String((at + round) % 9), '', `t${(at + round) % 20}`, '',
  ['rice tea', 'maize'][round % 2], `${(at + round) % 90}.5`, '2024-02-29', '',
][at % 10];

const engine = await wasm.load();
if (engine) {
  const files = new engine.FormFiles();
  const starts = [];
  let session;
  for (let run = 0; run < 9; run += 1) {
    const start = performance.now();
    session = engine.FormSession.begin(xform, files, wasm.world());
    starts.push(performance.now() - start);
  }
  const answered = [];
  for (let round = 0; round < 2; round += 1) {
    for (let at = 0; at < Number(questions); at += 1) {
      if ([3, 5, 9].includes(at % 10)) continue;
      const start = performance.now();
      session.set(`/data/g${Math.floor(at / 10)}/q${at}`, valueOf(at, round));
      answered.push(performance.now() - start);
    }
  }
  answered.sort((one, other) => one - other);
  const share = (part) => shown(answered[Math.floor(((answered.length - 1) * part) / 100)]);
  const validated = [];
  for (let run = 0; run < 9; run += 1) {
    const start = performance.now();
    session.validate('/data');
    validated.push(performance.now() - start);
  }
  console.log(`| ${questions} questions | ours, WebAssembly in Node | ${shown(median(starts))} | ${share(50)} | ${share(95)} | ${share(99)} | ${shown(median(validated))} |`);
}

const sets = [];
for (let round = 0; round < 2; round += 1) {
  for (let at = 0; at < Number(questions); at += 1) {
    if ([3, 5, 9].includes(at % 10)) continue;
    const node = nodes.get(`/data/g${Math.floor(at / 10)}/q${at}`);
    const value = valueOf(at, round);
    const start = performance.now();
    if (node.nodeType === 'select') node.selectValues(value.split(' '));
    else node.setValue(value);
    sets.push(performance.now() - start);
  }
}
sets.sort((one, other) => one - other);
const percentile = (share) => shown(sets[Math.floor(((sets.length - 1) * share) / 100)]);

const validations = [];
for (let run = 0; run < 5; run += 1) {
  const start = performance.now();
  void root.validationState.violations.length;
  validations.push(performance.now() - start);
}
console.log(`| ${questions} questions | ODK Web Forms in Node | ${shown(median(loads))} | ${percentile(50)} | ${percentile(95)} | ${percentile(99)} | ${shown(median(validations))} |`);
