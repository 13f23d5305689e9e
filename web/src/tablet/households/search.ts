/** Finds households by name, by sound, by the last four characters of a number, by address. */

import type { Line } from '../store/types';

/** Households in the order in which one walks through a village. */
export function inOrder(lines: Iterable<Line>): Line[] {
  return [...lines].filter((line) => line.isHousehold).sort(byAddress);
}

/** Those of the lines that what is typed fits, in their order. */
export function search(lines: Line[], words: string, scope: string): Line[] {
  const sought = words.normalize('NFKC').trim().toLowerCase();
  return lines.filter((line) => (!scope || line.scope === scope) && (!sought || fits(line, sought)));
}

function fits(line: Line, sought: string): boolean {
  if (line.title.toLowerCase().includes(sought) || line.address.toLowerCase().includes(sought)) return true;
  const plain = sought.replace(/\s/g, '');
  if (/^[a-z]+$/.test(plain)) return line.sound.split(' ').some((sound) => sound.startsWith(plain));
  return /^\d{3,4}x?$|^\d{4}$/.test(plain) && line.tails.split(' ').some((tail) => tail.endsWith(plain.toUpperCase()));
}

const natural = new Intl.Collator('zh', { numeric: true });

function byAddress(a: Line, b: Line): number {
  return a.scope.localeCompare(b.scope) || natural.compare(a.address, b.address) || natural.compare(a.title, b.title);
}
