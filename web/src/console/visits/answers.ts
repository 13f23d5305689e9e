/** What a visit's answers say, read by the engine that took them: labels, chosen words, mistakes. */

import { OpenForm } from '../../form/open';
import { linesOf, type Line, type Names } from '../../form/readout';
import { language } from '../../i18n';
import { api, bytes } from '../api';

/** A form's bundle, as far as it is read here. */
export interface Bundle {
  xform: string;
  files: { name: string; hash: string }[];
}

export type { Line, Names } from '../../form/readout';

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

const files = new Map<string, Promise<ArrayBuffer>>();

/** A file that goes with a form, fetched once: it never changes. */
function fileOf(form: string, name: string): Promise<ArrayBuffer> {
  const key = `${form}/${name}`;
  let found = files.get(key);
  if (!found) {
    found = bytes(`/sync/v1/forms/${form}/files/${encodeURIComponent(name)}`).then((blob) => blob.arrayBuffer());
    found.catch(() => files.delete(key));
    files.set(key, found);
  }
  return found;
}

/** The files that go with a form, by their names: all, or its lists alone. */
export async function filesOf(form: string, bundle: Bundle, isWanted = (name: string) => /\.(csv|xml|geojson)$/i.test(name)): Promise<Map<string, ArrayBuffer>> {
  const wanted = bundle.files.filter((file) => isWanted(file.name));
  return new Map(await Promise.all(wanted.map(async ({ name }) => [name, await fileOf(form, name)] as const)));
}

/** Rows for lists that are registers: the records that were chosen. */
function registerLists(bundle: Bundle, names: Names): Map<string, Record<string, string>[]> {
  const own = new Set(bundle.files.map((file) => file.name));
  const rows = Object.entries(names).map(([name, label]) => ({ name, label }));
  const named = bundle.xform.matchAll(/<instance\s+id="([^"]+)"\s+src="jr:\/\/[^"]*?\/([^"/]+\.csv)"/g);
  return new Map([...named].filter(([, , file]) => !own.has(file!)).map(([, id]) => [id!, rows]));
}

/** Opens a form on answers, to be read. */
export async function openOn(hash: string, answers: unknown, names: Names): Promise<OpenForm> {
  const bundle = await bundleOf(hash);
  return OpenForm.start({
    xform: bundle.xform,
    files: await filesOf(hash, bundle),
    lists: registerLists(bundle, names),
    language: language.value,
    properties: {},
    seed: '0'.repeat(64),
    answers: JSON.stringify(answers),
    oneByOne: () => false,
  });
}

/** Every question that is asked, with what was answered. */
export async function readOut(hash: string, answers: unknown, names: Names): Promise<Line[]> {
  const form = await openOn(hash, answers, names);
  try {
    return linesOf(form.items.value, '', names);
  } finally {
    form.close();
  }
}
