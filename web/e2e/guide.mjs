/** Which pictures the guides show. */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const GUIDES = fileURLToPath(new URL('../../docs/guide/', import.meta.url));
export const PICTURES = `${GUIDES}pictures/`;

/** The pictures that the guides show: `en/console-triage.webp`. */
export function picturesOf() {
  const guides = readdirSync(GUIDES).filter((name) => name.endsWith('.md'));
  const named = guides.flatMap((name) => [...readFileSync(GUIDES + name, 'utf8').matchAll(/\]\(pictures\/([^)]+)\)/g)]);
  return [...new Set(named.map(([, picture]) => picture))].sort();
}
