/** Saves files that the server makes: how far each has come is shown, and each can be stopped. */

import { shallowReactive, shallowRef, type ShallowRef } from 'vue';
import { saveFile } from '../../ui/save';
import { ask } from '../api';
import { attempt } from './toast';

export interface Download {
  name: string;
  /** Bytes that are here; none while the server makes the file. */
  read: ShallowRef<number>;
  /** Bytes it has all told; none where the server does not say. */
  size: ShallowRef<number | undefined>;
  stop: () => void;
}

/** Those under way. */
export const downloads = shallowReactive<Download[]>([]);

/** Saves what is behind an address under a name; nothing is saved of what was stopped. */
export async function download(path: string, name: string): Promise<void> {
  const stopped = new AbortController();
  const entry: Download = { name, read: shallowRef(0), size: shallowRef(), stop: () => stopped.abort() };
  downloads.push(entry);
  const blob = await attempt(async () => {
    try {
      const response = await ask(path, { signal: stopped.signal });
      return await counted(response, entry);
    } catch (error) {
      if (stopped.signal.aborted) return undefined;
      throw error;
    }
  });
  downloads.splice(downloads.indexOf(entry), 1);
  if (!blob) return;
  saveFile(blob, name);
}

/** Bytes that are held in memory while more comes. */
const AT_MOST = 32 * 1024 * 1024;

async function counted(response: Response, { read, size }: Download): Promise<Blob> {
  const isPlain = !response.headers.has('content-encoding');
  const length = Number(response.headers.get('content-length'));
  if (isPlain && length > 0) size.value = length;
  let parts: BlobPart[] = [];
  let held = 0;
  const reader = response.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    read.value += value.length;
    held += value.length;
    // A browser keeps large blobs on disk, and what a page holds in memory.
    if (held > AT_MOST) [parts, held] = [[new Blob(parts)], 0];
  }
  return new Blob(parts, { type: response.headers.get('content-type') ?? '' });
}
