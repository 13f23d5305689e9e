/** What answers say, read off a form that is open on them: labels, chosen words, mistakes. */

import { isGroup, isRepeat, type Item, type Question } from './types';

export interface Line {
  path: string;
  label: string;
  /** The answer in words; empty where there is none. */
  text: string;
  /** The answer as it is kept: a file's name, say. */
  value: string;
  type: string;
  /** The groups and instances it stands in. */
  within: string;
  invalid?: string;
}

/** Titles of records by their ids. */
export type Names = Record<string, string>;

/** Every question that is asked, with what was answered. */
export function linesOf(items: Item[], within = '', names: Names = {}): Line[] {
  const inside = (label: string | undefined) => [within, label].filter(Boolean).join(' › ');
  return items.flatMap((item) => {
    if (isGroup(item)) return linesOf(item.children, inside(item.label), names);
    if (isRepeat(item)) return item.instances.flatMap((one, at) => linesOf(one.children, inside(`${item.label ?? item.name} ${at + 1}`), names));
    if (item.type === 'note') return [];
    return [lineOf(item, within, names)];
  });
}

function lineOf(question: Question, within: string, names: Names): Line {
  const line: Line = {
    path: question.path,
    label: question.label || question.path.split('/').pop() || '',
    text: wordsOf(question, names),
    value: question.value ?? '',
    type: question.type,
    within,
  };
  return question.invalid ? { ...line, invalid: question.invalid.message } : line;
}

function wordsOf({ type, chosen, choices, value }: Question, names: Names): string {
  // Of a long list, only the labels of what was chosen are told.
  if (chosen?.some(Boolean)) return chosen.join('、');
  if (!value) return '';
  const labels = new Map(choices?.map((choice) => [choice.value, choice.label]));
  const chosenOnes = type === 'select_one' ? [value] : value.split(' ');
  const isKnown = (one: string) => labels.has(one) || one in names;
  // Words that are no choices stay as they were written.
  return chosenOnes.some(isKnown) ? chosenOnes.map((one) => labels.get(one) || names[one] || one).join('、') : value;
}

/** Whether a file was the answer; its name is not for people. */
export const isFile = ({ type, value }: Line) => value !== '' && ['image', 'audio', 'video', 'file'].includes(type);
const TELLING = ['select_one', 'text', 'string'];

/**
 * What the files of the answers show, by their names: the question's words, and in an instance what was
 * chosen or written first beside it; where that is “other”, what it is then.
 */
export function labelsIn(lines: Line[]): Map<string, string> {
  const instanceOf = ({ path }: Line) => path.slice(0, path.lastIndexOf(']') + 1);
  const label = (line: Line) => {
    const instance = instanceOf(line);
    const said = instance ? lines.filter((one) => instanceOf(one) === instance && one.text && TELLING.includes(one.type)) : [];
    const telling = said[0]?.value === 'other' ? (said[1] ?? said[0]) : said[0];
    return telling?.text ?? line.label;
  };
  return new Map(lines.filter(isFile).map((line) => [line.value, label(line)]));
}

export const labelsOf = (items: Item[]): Map<string, string> => labelsIn(linesOf(items));
