// Random forms and answers through both engines; every difference is printed.
//
//   node run.mjs RUHU [--forms N] [--from SEED] [FILE…]
//
// Files are XLSForms or XForms, which are answered by chance.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { generate, numbers } from './generate.mjs';
import { fill, improvise, open, state } from './odk.mjs';
import * as wasm from './wasm.mjs';

const [ruhu, ...options] = process.argv.slice(2);
const option = (name, usual) => {
  const at = options.indexOf(name);
  return at < 0 ? usual : Number(options[at + 1]);
};
const forms = option('--forms', 100);
const from = option('--from', 1);
const folder = mkdtempSync(join(tmpdir(), 'forms-oracle-'));

const quietly = { encoding: 'utf8', stdio: 'pipe', maxBuffer: 256 * 1024 * 1024 };
const convert = (file) =>
  execFileSync(ruhu, ['form', 'convert', file], quietly);

/** The state of our engine after answers. */
function ours(file, answers) {
  const given = answers.map((one, at) => {
    const path = join(folder, `${basename(file)}-${at}.json`);
    writeFileSync(path, JSON.stringify(one));
    return path;
  });
  const run = ['form', 'run', file, '--json', ...given.flatMap((path) => ['--answers', path])];
  try {
    return JSON.parse(execFileSync(ruhu, run, quietly));
  } catch (failed) {
    // It fails where answers don't do; what it printed counts.
    return JSON.parse(failed.stdout);
  }
}

/**
 * Differences that are meant: ODK's engine for browsers against ODK Collect, which forms are
 * written for.
 */
const EXPLAINED = [
  {
    // getodk/web-forms issue 878; Collect and Enketo leave out what is empty or no number.
    why: 'an empty summand: ODK Web Forms gives nothing, Collect leaves it out',
    fits: (name, own, odk, calculation) =>
      name === 'value' && odk === '' && /\b(sum|max|min)\(/.test(calculation),
  },
];
const explained = new Map();

/** What differs between the states of both engines. */
function differences(own, odk, form) {
  const found = [];
  const calculation = (path) => {
    const name = path.split('/').pop();
    return form.split('\n').find((row) => row.split('|')[3]?.trim() === name) ?? '';
  };
  // What the clock, chance and the device fill in is different each time.
  const skipped = (path) => {
    const filled = /^(start|end|today|deviceid|username|phonenumber|email)$|\bnow\(\)/;
    return /\/(orx:)?meta(\/|$)/.test(path)
      || calculation(path).split('|').some((cell) => filled.test(cell.trim()));
  };
  const byPath = new Map(odk.nodes.map((node) => [node.path, node]));
  for (const node of own.nodes) {
    if (skipped(node.path)) continue;
    const other = byPath.get(node.path);
    if (!other) {
      found.push(`${node.path}: only ours`);
      continue;
    }
    byPath.delete(node.path);
    const same = ['relevant', 'readonly'];
    // Whether what isn't asked is required is nobody's question.
    if (node.relevant) same.push('required', 'value');
    for (const name of same) {
      if ((node[name] ?? '') !== (other[name] ?? '')) {
        const reason = EXPLAINED.find(({ fits }) =>
          fits(name, node[name], other[name] ?? '', calculation(node.path)));
        if (reason) {
          explained.set(reason.why, (explained.get(reason.why) ?? 0) + 1);
          continue;
        }
        found.push(`${node.path} ${name}: ours ${JSON.stringify(node[name])}, ODK ${JSON.stringify(other[name])}`);
      }
    }
    if (node.relevant && other.choices) {
      // Without a seed, chance orders them.
      const row = calculation(node.path);
      const shuffled = /randomize=true/.test(row) && !/seed=/.test(row);
      const list = (choices) => {
        const all = (choices ?? []).map((one) => `${one.value}=${one.label}`);
        return (shuffled ? all.sort() : all).join(' ');
      };
      if (list(node.choices) !== list(other.choices)) {
        found.push(`${node.path} choices: ours ${list(node.choices)}, ODK ${list(other.choices)}`);
      }
    }
  }
  for (const path of byPath.keys()) if (!skipped(path)) found.push(`${path}: only ODK`);
  const list = (invalid) => invalid.map((one) => `${one.path} ${one.reason}`).sort().join('\n');
  if (list(own.invalid) !== list(odk.invalid)) {
    found.push(`invalid: ours\n${list(own.invalid)}\nODK\n${list(odk.invalid)}`);
  }
  return found;
}

const engine = await wasm.load();
if (!engine) console.log('skipped: the engine in WebAssembly; `make web` builds it');
let different = 0;
let nodes = 0;

/** Runs a form through both; `answering` answers it in ODK's engine and tells the answers. */
async function hold(what, file, form, answering) {
  let found;
  try {
    const folderOfFile = dirname(file);
    const files = new Proxy({}, {
      get: (_, name) => {
        const path = join(folderOfFile, name);
        return existsSync(path) ? readFileSync(path) : undefined;
      },
    });
    const xform = convert(file);
    const root = await open(xform, files);
    const answers = answering(root);
    const odk = state(root);
    nodes += odk.nodes.length;
    const native = ours(file, answers);
    found = differences(native, odk, form);
    if (engine) {
      const browser = wasm.run(engine, xform, files, answers);
      found.push(...differences(native, browser, form).map((one) => `WebAssembly (as ODK): ${one}`));
    }
  } catch (failed) {
    found = [`failed: ${failed.stderr || failed.stack}`];
  }
  if (found.length > 0) {
    different += 1;
    console.log(`${what}: ${found.length} differences\n${found.slice(0, 12).join('\n')}`);
  }
}

for (let seed = from; seed < from + forms; seed += 1) {
  const { form, answers } = generate(seed);
  const file = join(folder, `seed-${seed}.md`);
  writeFileSync(file, form);
  await hold(`seed ${seed}`, file, form, (root) => {
    for (const one of answers) fill(root, one);
    return answers;
  });
}
const values = options.filter((_, at) => !options[at - 1]?.startsWith('--'));
const named = values.filter((value) => !value.startsWith('--'));
for (const file of named) {
  const text = /\.(md|csv|xml)$/.test(file) ? readFileSync(file, 'utf8') : '';
  await hold(file, file, text, (root) => [improvise(root, numbers(7))]);
}
rmSync(folder, { recursive: true });
for (const [why, times] of explained) console.log(`explained ${times} times: ${why}`);
console.log(`${forms + named.length} forms, ${nodes} nodes, ${different} forms differ`);
process.exitCode = different === 0 ? 0 : 1;
