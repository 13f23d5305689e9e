/** Finds households by whatever is remembered: names, sounds, numbers, addresses, what waits there. */

import type { Line, MarkKind } from '../store/types';
import { soundsLike, soundsOf } from './pinyin';

/** What a list shows only: what waits there, that nobody was there this month, or was there in vain. */
export type Only = MarkKind | 'open' | 'again';

/** What a person looks for. */
export interface Sought {
  words: string;
  scope: string;
  kind: string;
  only: Only[];
}

export const nothingSought = (): Sought => ({ words: '', scope: '', kind: '', only: [] });

/** A household, and whose name it was found by where that is not its own. */
export interface Found {
  line: Line;
  member: string;
}

/** Households in the order in which one walks through a village. */
export function inOrder(lines: Iterable<Line>): Line[] {
  return [...lines].filter((line) => line.isHousehold).sort(byAddress);
}

/** What is sought, as far as there is such a thing: a village may have been taken away. */
export function within(sought: Sought, lines: Line[]): Sought {
  const scope = lines.some((line) => line.scope === sought.scope) ? sought.scope : '';
  const kind = lines.some((line) => line.kinds.includes(sought.kind)) ? sought.kind : '';
  return { ...sought, scope, kind };
}

/** Those of the lines that fit, in their order. `month` is this one: `2026-11`. */
export function search(lines: Line[], sought: Sought, month: string): Found[] {
  const { scope, kind, only } = sought;
  const words = plain(sought.words);
  const found: Found[] = [];
  for (const line of lines) {
    if ((scope && line.scope !== scope) || (kind && !line.kinds.includes(kind))) continue;
    if (!only.every((one) => is(line, one, month))) continue;
    const by = words ? fit(line, words) : '';
    if (by !== undefined) found.push({ line, member: by });
  }
  return found;
}

export function is(line: Line, only: Only, month: string): boolean {
  if (only === 'open') return !line.visited?.startsWith(month);
  return only === 'again' ? line.missed !== null : line.marks.some((mark) => mark.kind === only);
}

/** Letters, figures and brackets of both widths are the same, and so are capitals; spaces are nothing. */
const plain = (words: string) => (IS_PLAIN.test(words) ? words : words.normalize('NFKC').toLowerCase().replace(/\s/g, ''));
const IS_PLAIN = /^[\u4e00-\u9fff0-9]*$/;

/** What of a line is compared, a text a line, made when it is first looked for. */
interface Compared {
  own: string;
  people: string;
  numbers: string;
  sounds?: { own: string[][]; people: string[][][] };
}

const compared = new WeakMap<Line, Compared>();

function comparedOf(line: Line): Compared {
  const known = compared.get(line);
  if (known) return known;
  const made = {
    own: `${plain(line.title)}\n${plain(line.address)}`,
    people: line.people.map(plain).join('\n'),
    numbers: line.numbers.join('\n'),
  };
  compared.set(line, made);
  return made;
}

/** The member by whose name it fits; empty where it fits by itself, nothing where it does not. */
function fit(line: Line, sought: string): string | undefined {
  const all = comparedOf(line);
  if (all.own.includes(sought)) return '';
  if (all.people.includes(sought)) return line.people.find((name) => plain(name).includes(sought));
  if (/^[a-z]+$/.test(sought)) {
    all.sounds ??= { own: soundsOf(line.title), people: line.people.map(soundsOf) };
    if (soundsLike(all.sounds.own, sought)) return '';
    const heard = all.sounds.people.findIndex((sounds) => soundsLike(sounds, sought));
    return line.people[heard];
  }
  if (!/^\d{3,}x?$/.test(sought)) return undefined;
  const typed = sought.toUpperCase();
  return all.numbers.includes(typed) && line.numbers.some((number) => isNumber(number, typed)) ? '' : undefined;
}

/** A number is typed from its beginning on, or its last digits are. */
const isNumber = (number: string, typed: string) => number.endsWith(typed) || (typed.length >= 6 && number.startsWith(typed));

const natural = new Intl.Collator('zh', { numeric: true });

function byAddress(a: Line, b: Line): number {
  return a.scope.localeCompare(b.scope) || natural.compare(a.address, b.address) || natural.compare(a.title, b.title);
}
