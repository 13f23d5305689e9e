/** Copies of photos, fetched with the caller's token and kept while they are near. */

import { shallowReactive } from 'vue';
import { bytes } from '../api';

export type Size = 320 | 1600;

/** Photos that were on the screen, large, since the page was opened. */
export const looked = shallowReactive(new Set<string>());

/** How many are kept; those asked for longest ago go first. */
const KEPT = 160;
const known = new Map<string, Promise<string>>();

/** An address that shows a copy of a photo. Asked for again, it is there. */
export function picture(hash: string, size: Size): Promise<string> {
  const key = `${hash}/${size}`;
  let found = known.get(key);
  known.delete(key);
  found ??= bytes(`/api/v1/media/${hash}/thumbnails/${size}`).then((blob) => URL.createObjectURL(blob));
  known.set(key, found);
  found.catch(() => known.delete(key));
  while (known.size > KEPT) {
    const [oldest, address] = known.entries().next().value!;
    known.delete(oldest);
    void address.then((url) => URL.revokeObjectURL(url), () => undefined);
  }
  return found;
}
