// ODK's engine, in Node with jsdom's DOM, filled in as a person would.

import { createRequire } from 'node:module';
import { JSDOM } from 'jsdom';

const { window } = new JSDOM('<!doctype html><body></body>', { url: 'http://localhost/' });
// Its XPath parser was built for Node's older modules.
globalThis.__dirname = process.cwd();
globalThis.require = createRequire(import.meta.url);
for (const name of [
  'window', 'document', 'DOMParser', 'XMLSerializer', 'Node', 'Element', 'Document', 'XMLDocument',
  'Attr', 'Text', 'Comment', 'CDATASection', 'CharacterData', 'DocumentFragment',
  'ProcessingInstruction', 'XPathResult', 'XPathEvaluator', 'XPathExpression',
]) {
  globalThis[name] ??= window[name];
}

const engine = await import('@getodk/xforms-engine');

const EMPTY = {
  csv: 'name,label\n',
  geojson: '{"type":"FeatureCollection","features":[]}',
  xml: '<root/>',
};

const reactive = (state) => state;

/** Opens an XForm; `files` are its attachments by name. */
export async function open(xform, files = {}) {
  const fetchFormAttachment = async (url) => {
    const name = decodeURIComponent(String(url).split('/').pop());
    // Files that aren't there are empty lists, as they are to our engine.
    return new Response(files[name] ?? EMPTY[name.split('.').pop()]);
  };
  const opened = await engine.createInstance(xform, {
    form: { fetchFormAttachment },
    instance: { stateFactory: reactive },
  });
  return opened.root;
}

const children = (node) => node.currentState.children ?? [];

/** The nodes below a node by their names; a repeat is one node with its instances below. */
function named(node, name) {
  return children(node).find((child) => child.currentState.reference.split('/').pop() === name);
}

/** Answers as `ruhu form run` takes them: objects by group, arrays for repeats. */
export function fill(node, answers) {
  for (const child of children(node)) {
    const name = child.currentState.reference.split('/').pop().replace(/\[\d+\]$/, '');
    if (!(name in answers)) continue;
    const given = answers[name];
    if (child.nodeType.startsWith('repeat-range')) {
      if (child.nodeType === 'repeat-range:uncontrolled') {
        while (children(child).length < given.length) child.addInstances();
        if (children(child).length > given.length) {
          child.removeInstances(given.length, children(child).length - given.length);
        }
      }
      given.forEach((inner, at) => {
        if (children(child)[at]) fill(children(child)[at], inner);
      });
    } else if (child.nodeType === 'group') {
      fill(child, given);
    } else {
      answer(child, given);
    }
  }
}

function answer(node, given) {
  const { relevant, readonly } = node.currentState;
  if (!relevant || readonly) return;
  if (node.nodeType === 'select' || node.nodeType === 'rank') {
    const values = String(given).split(' ').filter((value) => value !== '');
    const offered = new Set(node.currentState.valueOptions.map((option) => option.value));
    if (!values.every((value) => offered.has(value))) return;
    if (node.nodeType === 'select') node.selectValues(values);
    else node.setValues(values);
  } else if (node.nodeType === 'input') {
    node.setValue(String(given));
  }
}

/** Answers whatever is asked, by chance, and tells the answers. */
export function improvise(node, next) {
  const answers = {};
  const pick = (all) => all[Math.floor(next() * all.length)];
  for (const child of children(node)) {
    const name = child.currentState.reference.split('/').pop().replace(/\[\d+\]$/, '');
    if (!child.currentState.relevant || child.currentState.readonly || name === 'meta') continue;
    if (child.nodeType.startsWith('repeat-range')) {
      if (child.nodeType === 'repeat-range:uncontrolled') child.addInstances();
      answers[name] = children(child).map((instance) => improvise(instance, next));
      continue;
    }
    if (child.nodeType === 'group') {
      answers[name] = improvise(child, next);
      continue;
    }
    let given;
    if (child.nodeType === 'select') {
      const values = child.currentState.valueOptions.map((option) => option.value);
      if (values.length > 0) given = pick(values);
    } else if (child.nodeType === 'input') {
      given = {
        int: () => String(Math.floor(next() * 100)),
        decimal: () => String(Math.floor(next() * 1000) / 10),
        date: () => pick(['1955-03-01', '2024-02-29', '2025-11-25']),
        string: () => pick(['a', 'yes', '1', 'Wang', 'x y']),
      }[child.valueType]?.();
    }
    if (given === undefined) continue;
    answers[name] = given;
    answer(child, given);
  }
  return answers;
}

/** Every node with its state, as `ruhu form run --json` prints it. */
export function state(root) {
  const nodes = [];
  const invalid = [];
  const visit = (node) => {
    const current = node.currentState;
    if (node.nodeType.startsWith('repeat-range')) {
      children(node).forEach(visit);
      return;
    }
    const told = {
      path: current.reference,
      relevant: current.relevant,
      readonly: current.readonly,
      required: current.required,
    };
    if (current.children === null) told.value = current.instanceValue;
    if (node.nodeType === 'select') {
      told.choices = current.valueOptions.map((option) => ({
        value: option.value,
        label: option.label?.asString?.trim() ?? '',
      }));
    }
    nodes.push(told);
    const violation = current.relevant ? node.validationState.violation : null;
    if (violation) invalid.push({ path: current.reference, reason: violation.condition });
    children(node).forEach(visit);
  };
  visit(root);
  return { nodes, invalid };
}
