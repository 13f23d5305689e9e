/** Finds households by name, by sound, by the last four characters of a number, by address. */

import type { Line } from '../store/types';

/** Households in the order in which one walks through a village. */
export function inOrder(lines: Iterable<Line>): Line[] {
  return [...lines].filter((line) => line.isHousehold).sort(byAddress);
}

/** Those of the lines that what is typed fits, in their order. */
export function search(lines: Line[], words: string, scope: string): Line[] {
  const sought = plain(words).trim();
  return lines.filter((line) => (!scope || line.scope === scope) && (!sought || fits(line, sought)));
}

/** Letters, figures and brackets of both widths are the same, and so are capitals. */
const plain = (words: string) => words.normalize('NFKC').toLowerCase();

function fits(line: Line, sought: string): boolean {
  if (plain(line.title).includes(sought) || plain(line.address).includes(sought)) return true;
  const joined = sought.replace(/\s/g, '');
  if (/^[a-z]+$/.test(joined)) return line.sound.split(' ').some((sound) => sound.startsWith(joined));
  return /^\d{3,4}x?$|^\d{4}$/.test(joined) && line.tails.split(' ').some((tail) => tail.endsWith(joined.toUpperCase()));
}

const natural = new Intl.Collator('zh', { numeric: true });

function byAddress(a: Line, b: Line): number {
  return a.scope.localeCompare(b.scope) || natural.compare(a.address, b.address) || natural.compare(a.title, b.title);
}
