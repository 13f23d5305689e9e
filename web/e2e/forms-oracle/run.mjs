// Random forms and answers through the engines; every difference is printed.
//
//   node run.mjs RUHU [--forms N] [--from SEED] [--javarosa JAR] [FILE…]
//
// Files are XLSForms or XForms. They are answered by chance, or by the JSON that begins with the same
// digits and lies beside them.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { FILES, generate, numbers } from './generate.mjs';
import { fill, improvise, open, state } from './odk.mjs';
import * as javarosa from './javarosa.mjs';
import * as wasm from './wasm.mjs';

const [ruhu, ...options] = process.argv.slice(2);
const option = (name, usual) => {
  const at = options.indexOf(name);
  return at < 0 ? usual : Number(options[at + 1]);
};
const jar = options[options.indexOf('--javarosa') + 1];
const collect = options.includes('--javarosa') ? javarosa.start(jar) : undefined;
const forms = option('--forms', 100);
const from = option('--from', 1);
const folder = mkdtempSync(join(tmpdir(), 'forms-oracle-'));

const quietly = { encoding: 'utf8', stdio: 'pipe', maxBuffer: 256 * 1024 * 1024 };
const convert = (file) =>
  execFileSync(ruhu, ['form', 'convert', file], quietly);

/** The language that a form is in first. */
const languageOf = (xform) => /<translation lang="([^"]+)" default/.exec(xform)?.[1]
  ?? /<translation lang="([^"]+)"/.exec(xform)?.[1] ?? 'en';

/** The state of our engine after answers. */
function ours(file, answers, language) {
  const given = answers.map((one, at) => {
    const path = join(folder, `${basename(file)}-${at}.json`);
    writeFileSync(path, JSON.stringify(one));
    return path;
  });
  const run = ['form', 'run', file, '--language', language, '--json', ...given.flatMap((path) => ['--answers', path])];
  try {
    return JSON.parse(execFileSync(ruhu, run, quietly));
  } catch (failed) {
    // It fails where answers don't do; what it printed counts.
    return JSON.parse(failed.stdout);
  }
}

/** Where the columns of a generated form stand in its rows. */
const [DEFAULT, REPEAT_COUNT] = [11, 12];

/** What is listed by a `join(…)`, without what is empty; another cell as it is. */
const listed = (calculation, text) =>
  (/\bjoin\(/.test(calculation) ? text.split(',').filter(Boolean).join(',') : text);

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
  {
    why: 'no number in words: ODK Web Forms writes nothing, Collect NaN',
    fits: (name, own, odk) => name === 'value' && own.replaceAll('NaN', '') === odk,
  },
  {
    why: 'a blank place, or one below 1: ODK Web Forms gives nothing, Collect the first',
    fits: (name, own, odk, calculation) => name === 'value' && odk === '' && /\bindexed-repeat\(/.test(calculation),
  },
  {
    // getodk/web-forms issues 920 and 922.
    why: 'a decimal: ODK Web Forms writes 7.0 for 7, also in words',
    fits: (name, own, odk, calculation) => name === 'value' && (odk.replace(/\b(\d+)\.0\b/g, '$1') === own
      || (/\bstring-length\(/.test(calculation) && Number(odk) === Number(own) + '.0'.length)),
  },
  {
    why: 'answers that are not asked: ODK Web Forms has them in sets, empty, Collect leaves them out',
    fits: (name, own, odk, calculation) => name === 'value'
      && (/\bcount\(/.test(calculation) ? Number(own) < Number(odk) : listed(calculation, own) === listed(calculation, odk)),
  },
  {
    why: 'a default of which nothing is offered: ODK Web Forms shows nothing and takes it for an answer',
    fits: (name, own, odk, calculation) => name === 'invalid' && own === 'required'
      && /^ (wheat|T1|East) *$/.test(calculation.split('|')[DEFAULT] ?? ''),
  },
];
/** Differences from JavaRosa that are meant. */
const EXPLAINED_JAVAROSA = [
  {
    why: 'a condition as a value: JavaRosa stores 1 and 0, XForms and ODK Web Forms true and false',
    fits: (name, own, odk) => name === 'value' && own === (odk === '1' ? 'true' : 'false') && /^[01]$/.test(odk),
  },
  {
    why: 'a number: JavaRosa writes 10.0 and 1.0E7 for 10 and 10000000',
    fits: (name, own, odk) => name === 'value' && own !== '' && /^-?[\d.]+(E-?\d+)?$/.test(odk)
      && Math.abs(Number(own) - Number(odk)) < 1e-12,
  },
  {
    why: 'a date in words: JavaRosa writes the time of day behind it',
    fits: (name, own, odk) => name === 'value' && /^\d{4}-\d\d-\d\d$/.test(own) && odk.startsWith(`${own}T00:00:00`),
  },
  {
    why: 'the label of a choice with an answer in it: JavaRosa keeps what it was when it was chosen',
    fits: (name, own, odk, calculation) => name === 'value' && calculation.includes('jr:choice-name('),
  },
  {
    why: 'a default in a repeat that is counted: JavaRosa adds what is missing when it comes there, here and in ODK Web Forms it is there once it is counted',
    fits: (name, own, odk, calculation, where) => /^(value|invalid)$/.test(name) && where.isCounted
      && /\$\{/.test(calculation.split('|')[DEFAULT] ?? ''),
  },
  {
    why: 'a repeat whose count became blank: JavaRosa adds what was missing only when it comes there, and never came',
    fits: (name, own, odk, calculation, where) => name === 'missing' && where.isUncounted,
  },
  {
    // getodk/javarosa issue 45.
    why: 'a set with the instances that JavaRosa leaves where a count is lowered or there is none',
    fits: (name, own, odk, calculation, where) => name === 'value' && where.readsSurplus
      && /\b(count|count-non-empty|sum|join|max|min)\(/.test(calculation),
  },
];
const explained = new Map();

/** Where JavaRosa stops: what of it is no difference. */
function givenUp(error) {
  const meant = [
    [/cannot handle function 'pulldata'/, 'pulldata: Collect has it beside JavaRosa'],
    [/bouncycastle/, 'a shuffle by words: the validator lacks the hash of it'],
    [/This field is repeated|more than one node/, 'a question of a repeat from outside: JavaRosa stops, ours tells beforehand'],
  ];
  const why = meant.find(([pattern]) => pattern.test(error))?.[1];
  if (!why) return [`JavaRosa stops: ${error}`];
  explained.set(why, (explained.get(why) ?? 0) + 1);
  return [];
}

/** What differs between the states of both engines. */
function differences(own, odk, form, meant = EXPLAINED) {
  const found = [];
  const calculation = (path) => {
    const name = path.split('/').pop();
    return form.split('\n').find((row) => row.split('|')[3]?.trim() === name) ?? '';
  };
  const isCounted = (path) => path.split('/').some((name) => name.endsWith(']')
    && /\S/.test(calculation(name.replace(/\[\d+\]$/, '')).split('|')[REPEAT_COUNT] ?? ''));
  /** Whether a path goes through a repeat that is counted by a question that is blank. */
  const isUncounted = (path) => path.split('/').filter((name) => name.endsWith(']')).some((name) => {
    const cell = calculation(name.replace(/\[\d+\]$/, '')).split('|')[REPEAT_COUNT] ?? '';
    const count = /\$\{(\w+)\}/.exec(cell)?.[1];
    return own.nodes.some((node) => node.path.endsWith(`/${count}`) && !(node.relevant && node.value));
  });
  // What the clock, chance and the device fill in is different each time.
  const skipped = (path) => {
    const filled = /^(start|end|today|deviceid|username|phonenumber|email)$|\bnow\(\)/;
    return /\/(orx:)?meta(\/|$)/.test(path)
      || calculation(path).split('|').some((cell) => filled.test(cell.trim()));
  };
  const byPath = new Map(odk.nodes.map((node) => [node.path, node]));
  const ownPaths = new Set(own.nodes.map((node) => node.path));
  const isSurplus = (path) => meant === EXPLAINED_JAVAROSA && isCounted(path) && !ownPaths.has(path);
  const surplus = odk.nodes.map((node) => node.path).filter(isSurplus);
  const readsSurplus = (path) => [...calculation(path).matchAll(/\$\{(\w+)\}/g)]
    .some(([, name]) => surplus.some((one) => one.replace(/\[\d+\]$/, '').endsWith(`/${name}`)));
  /** Whether a difference is meant; it is told how often it was. */
  const isMeant = (name, path, ours, theirs) => {
    const where = { isCounted: isCounted(path), isUncounted: isUncounted(path), readsSurplus: readsSurplus(path) };
    const reason = meant.find(({ fits }) => fits(name, ours, theirs, calculation(path), where));
    if (reason) explained.set(reason.why, (explained.get(reason.why) ?? 0) + 1);
    return Boolean(reason);
  };
  for (const node of own.nodes) {
    if (skipped(node.path)) continue;
    const other = byPath.get(node.path);
    if (!other) {
      if (node.relevant && !isMeant('missing', node.path, '', '')) found.push(`${node.path}: only ours`);
      continue;
    }
    byPath.delete(node.path);
    const same = ['relevant', 'readonly'];
    // Whether what isn't asked is required is nobody's question.
    if (node.relevant) same.push('required', 'value');
    for (const name of same) {
      const [ours, theirs] = [node[name], other[name] ?? ''];
      if ((ours ?? '') !== theirs && !isMeant(name, node.path, ours, theirs)) {
        found.push(`${node.path} ${name}: ours ${JSON.stringify(ours)}, ODK ${JSON.stringify(other[name])}`);
      }
    }
    if (node.relevant && other.label !== undefined && node.label !== other.label) {
      found.push(`${node.path} label: ours ${JSON.stringify(node.label)}, ODK ${JSON.stringify(other.label)}`);
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
  for (const [path, node] of byPath) {
    if (skipped(path) || !node.relevant) continue;
    if (isSurplus(path)) {
      const why = 'a count that is lowered: JavaRosa leaves instances that were there before';
      explained.set(why, (explained.get(why) ?? 0) + 1);
    } else {
      found.push(`${path}: only ODK`);
    }
  }
  const reasons = (invalid) => new Map(invalid.map((one) => [one.path, one.reason]));
  const [ours, theirs] = [reasons(own.invalid), reasons(odk.invalid)];
  for (const path of new Set([...ours.keys(), ...theirs.keys()])) {
    const [one, other] = [ours.get(path) ?? '', theirs.get(path) ?? ''];
    if (one !== other && !isSurplus(path) && !isMeant('invalid', path, one, other)) {
      found.push(`${path} invalid: ours ${JSON.stringify(one)}, ODK ${JSON.stringify(other)}`);
    }
  }
  return found;
}

const engine = await wasm.load();
if (!engine) console.log('skipped: the engine in WebAssembly; `make web` builds it');
let different = 0;
let nodes = 0;

/**
 * Runs a form through the engines; `answering` answers it in ODK's engine for browsers and tells the
 * answers. Where it is the answers themselves, that one is left out: it is known to do otherwise.
 */
async function hold(what, file, form, answering) {
  const found = [];
  try {
    const folderOfFile = dirname(file);
    const files = new Proxy({}, {
      get: (_, name) => {
        const path = join(folderOfFile, name);
        return existsSync(path) ? readFileSync(path) : undefined;
      },
    });
    const xform = convert(file);
    const root = Array.isArray(answering) ? undefined : await open(xform, files);
    const answers = root ? answering(root) : answering;
    const native = ours(file, answers, languageOf(xform));
    nodes += native.nodes.length;
    if (root) found.push(...differences(native, state(root), form));
    if (engine) {
      const browser = wasm.run(engine, xform, files, answers, languageOf(xform));
      found.push(...differences(native, browser, form, []).map((one) => `WebAssembly (as ODK): ${one}`));
    }
    if (collect) {
      const written = join(folder, 'form.xml');
      writeFileSync(written, xform);
      const told = await collect.state(written, folderOfFile, answers);
      if (told.error) found.push(...givenUp(told.error));
      else found.push(...differences(native, told, form, EXPLAINED_JAVAROSA).map((one) => `JavaRosa (as ODK): ${one}`));
    }
  } catch (failed) {
    found.push(`failed: ${failed.stderr || failed.stack}`);
  }
  if (found.length > 0) {
    different += 1;
    console.log(`${what}: ${found.length} differences\n${found.slice(0, 12).join('\n')}`);
  }
}

for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
for (let seed = from; seed < from + forms; seed += 1) {
  const { form, answers } = generate(seed);
  const file = join(folder, `seed-${seed}.md`);
  writeFileSync(file, form);
  await hold(`seed ${seed}`, file, form, (root) => {
    for (const one of answers) fill(root, one);
    return answers;
  });
  if (!collect) continue;
  const decimals = generate(seed, true);
  writeFileSync(file, decimals.form);
  await hold(`seed ${seed} with sums of decimals`, file, decimals.form, decimals.answers);
}
const values = options.filter((_, at) => !options[at - 1]?.startsWith('--'));
const named = values.filter((value) => !value.startsWith('--'));
for (const file of named) {
  const text = /\.(md|csv|xml)$/.test(file) ? readFileSync(file, 'utf8') : '';
  const beside = readdirSync(dirname(file)).find((name) => name === `${basename(file).split('-')[0]}.json`);
  const answers = beside && [JSON.parse(readFileSync(join(dirname(file), beside), 'utf8'))];
  await hold(file, file, text, answers ?? ((root) => [improvise(root, numbers(7))]));
}
collect?.end();
rmSync(folder, { recursive: true });
for (const [why, times] of explained) console.log(`explained ${times} times: ${why}`);
console.log(`${forms + named.length} forms, ${nodes} nodes, ${different} forms differ`);
process.exitCode = different === 0 ? 0 : 1;
