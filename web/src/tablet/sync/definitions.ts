/** Fetches what the tablet has to know to work alone: registers, rules, templates, forms, areas. */

import { sha256 } from '../../api/bytes';
import type { Schemas } from '../../api/types';
import type { Write } from '../store/shelves';
import type { Shelves } from '../store/shelves';
import type { FormBundle } from '../store/types';
import type { Client } from './client';

export interface Definition {
  kind: string;
  name: string;
  version: number;
  text: string;
}

const WANTED = new Set(['register', 'rules', 'notice']);

/** What is offered, as it was told last. */
export interface Offers {
  forms: Schemas['OfferedForm'][];
  areas: Schemas['Area'][];
}

export const NOTHING_OFFERED: Offers = { forms: [], areas: [] };

/** Brings the definitions up to date; says whether anything is new. */
export async function fetchDefinitions(
  client: Client,
  shelves: Shelves,
  onProgress: (done: number, of: number) => void,
): Promise<boolean> {
  const [listed, forms, areas] = await Promise.all([
    client.json<Schemas['BundleView'][]>('/api/v1/bundles'),
    client.json<Schemas['OfferedForm'][]>('/sync/v1/forms'),
    client.json<Schemas['Area'][]>('/api/v1/areas'),
  ]);
  const known = new Set(await shelves.keys('definitions'));
  const files = new Set(await shelves.keys('files'));
  const wanted = [
    ...listed.filter((bundle) => WANTED.has(bundle.kind)),
    ...forms.map(({ hash, name }) => ({ hash, name, kind: 'form', version: 0 })),
  ].filter((bundle) => !known.has(bundle.hash));
  let done = 0;
  for (const { hash, kind, name, version } of wanted) {
    onProgress(done, wanted.length);
    const bytes = await fetchBytes(client, `/sync/v1/bundles/${hash}`, hash);
    const text = new TextDecoder().decode(bytes);
    const definition: Definition = { kind, name, version, text };
    const writes: Write[] = [{ shelf: 'definitions', key: hash, value: definition }];
    if (kind === 'form') {
      // A form is there only with all its files.
      for (const file of (JSON.parse(text) as FormBundle).files) {
        if (files.has(file.hash)) continue;
        const path = `/sync/v1/forms/${hash}/files/${encodeURIComponent(file.name)}`;
        writes.push({ shelf: 'files', key: file.hash, value: await fetchBytes(client, path, file.hash) });
        files.add(file.hash);
      }
    }
    await shelves.write(writes);
    done += 1;
  }
  const offers: Offers = { forms, areas };
  const before = await shelves.read<Offers>('profile', 'offers');
  const isNews = wanted.length > 0 || JSON.stringify(before) !== JSON.stringify(offers);
  if (isNews) await shelves.write([await shelves.sealed('profile', 'offers', offers)]);
  return isNews;
}

async function fetchBytes(client: Client, path: string, hash: string): Promise<ArrayBuffer> {
  const bytes = await (await client.send(path)).arrayBuffer();
  const found = await sha256(bytes);
  if (found !== hash) throw new Error(`${path} is not what its hash says`);
  return bytes;
}
