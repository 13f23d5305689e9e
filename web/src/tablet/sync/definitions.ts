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
  /** Also those that were the tablet's once. */
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
    await fetchDefinition(client, shelves, { hash, kind, name, version }, files);
    done += 1;
  }
  const before = await shelves.read<Offers>('profile', 'offers');
  const codes = new Set(areas.map((area) => area.code));
  // What is said of a village that was taken away still has its name.
  const gone = before?.areas.filter((area) => !codes.has(area.code)) ?? [];
  const offers: Offers = { forms, areas: [...areas, ...gone] };
  const isNews = wanted.length > 0 || JSON.stringify(before) !== JSON.stringify(offers);
  if (isNews) await shelves.write([await shelves.sealed('profile', 'offers', offers)]);
  return isNews;
}

/** Fetches one definition and keeps it; a form is there only with all its files. */
export async function fetchDefinition(
  client: Client,
  shelves: Shelves,
  { hash, kind, name, version }: Pick<Schemas['BundleView'], 'hash' | 'kind' | 'name' | 'version'>,
  files: Set<string>,
): Promise<Definition> {
  const bytes = await fetchBytes(client, `/sync/v1/bundles/${hash}`, hash);
  const text = new TextDecoder().decode(bytes);
  const definition: Definition = { kind, name, version, text };
  const writes: Write[] = [{ shelf: 'definitions', key: hash, value: definition }];
  if (kind === 'form') {
    for (const file of (JSON.parse(text) as FormBundle).files) {
      if (files.has(file.hash)) continue;
      const path = `/sync/v1/forms/${hash}/files/${encodeURIComponent(file.name)}`;
      writes.push({ shelf: 'files', key: file.hash, value: await fetchBytes(client, path, file.hash) });
      files.add(file.hash);
    }
  }
  await shelves.write(writes);
  return definition;
}

async function fetchBytes(client: Client, path: string, hash: string): Promise<ArrayBuffer> {
  const bytes = await (await client.send(path)).arrayBuffer();
  const found = await sha256(bytes);
  if (found !== hash) throw new Error(`${path} is not what its hash says`);
  return bytes;
}
