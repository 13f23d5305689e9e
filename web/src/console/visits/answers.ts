/** What a visit's answers say, read by the engine that took them: labels, chosen words, mistakes. */

import { OpenForm } from '../../form/open';
import { isGroup, isRepeat, type Item, type Question } from '../../form/types';
import { language } from '../../i18n';
import { api } from '../api';

/** A form's bundle, as far as it is read here. */
export interface Bundle {
  xform: string;
  files: { name: string; hash: string }[];
}

export interface Line {
  path: string;
  label: string;
  /** The answer in words; empty where there is none. */
  text: string;
  type: string;
  /** The groups and instances it stands in. */
  within: string;
  invalid?: string;
}

const bundles = new Map<string, Promise<Bundle>>();

/** A form's bundle, fetched once: it never changes. */
export function bundleOf(hash: string): Promise<Bundle> {
  let found = bundles.get(hash);
  if (!found) {
    found = api
      .GET('/sync/v1/bundles/{hash}', { params: { path: { hash } }, parseAs: 'json' })
      .then(({ data }) => data as unknown as Bundle);
    found.catch(() => bundles.delete(hash));
    bundles.set(hash, found);
  }
  return found;
}

/** Opens a form on answers, to be read. */
export async function openOn(hash: string, answers: unknown): Promise<OpenForm> {
  const bundle = await bundleOf(hash);
  return OpenForm.start({
    xform: bundle.xform,
    files: new Map(),
    language: language.value,
    properties: {},
    seed: '0'.repeat(64),
    answers: JSON.stringify(answers),
    oneByOne: () => false,
  });
}

/** Every question that is asked, with what was answered. */
export async function readOut(hash: string, answers: unknown): Promise<Line[]> {
  const form = await openOn(hash, answers);
  try {
    return linesOf(form.items.value, '');
  } finally {
    form.close();
  }
}

function linesOf(items: Item[], within: string): Line[] {
  const inside = (label: string | undefined) => [within, label].filter(Boolean).join(' › ');
  return items.flatMap((item) => {
    if (isGroup(item)) return linesOf(item.children, inside(item.label));
    if (isRepeat(item)) return item.instances.flatMap((one, at) => linesOf(one.children, inside(`${item.label ?? item.name} ${at + 1}`)));
    if (item.type === 'note') return [];
    return [lineOf(item, within)];
  });
}

function lineOf(question: Question, within: string): Line {
  const line: Line = {
    path: question.path,
    label: question.label || question.path.split('/').pop() || '',
    text: wordsOf(question),
    type: question.type,
    within,
  };
  return question.invalid ? { ...line, invalid: question.invalid.message } : line;
}

function wordsOf({ type, chosen, choices, value }: Question): string {
  // Of a long list, only the labels of what was chosen are told.
  if (chosen) return chosen.join('、');
  if (!value || !choices) return value ?? '';
  const labels = new Map(choices.map((choice) => [choice.value, choice.label]));
  const names = type === 'select_one' ? [value] : value.split(' ');
  return names.map((name) => labels.get(name) ?? name).join('、');
}
