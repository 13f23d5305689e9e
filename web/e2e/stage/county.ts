/** What the walks need of the county: a form of their own, and what the server holds. */

import { readFileSync } from 'node:fs';
import type { Caller, Server } from './server';

export const COUNTY = '529901000000';

export interface RecordView {
  id: string;
  collection: string;
  title: string | null;
  status: string | null;
  version: [string, number];
  fields: Record<string, unknown>;
}

/** Publishes a form to the whole county, as an admin does it; gives the version's hash. */
export async function publish(server: Server, file: string, sample: object): Promise<string> {
  const admin = await server.as('admin');
  const upload = new FormData();
  upload.append('form', new Blob([readFileSync(file)]), file.split('/').pop()!);
  const told = await admin.post<{ form: { id: string }; hash: string }>('/api/v1/forms', upload);
  const { id } = told.form;
  await admin.post(`/api/v1/forms/${id}/versions/${told.hash}/trials`, { answers: sample });
  await admin.post(`/api/v1/forms/${id}/releases`, { version: told.hash, area: COUNTY, reason: '试点' });
  return told.hash;
}

/** A record with all it holds. */
export function read(caller: Caller, id: string): Promise<RecordView> {
  return caller.get(`/api/v1/records/${id}?reason=${encodeURIComponent('核对')}`);
}

/** The records of a register that are about a household (field 1 of what they are about). */
export async function about(caller: Caller, collection: string, subject: string): Promise<RecordView[]> {
  const found: RecordView[] = [];
  let after = '';
  for (;;) {
    const path = `/api/v1/records?collection=${collection}&limit=500&reason=${encodeURIComponent('核对')}${after}`;
    const { items, next } = await caller.get<{ items: RecordView[]; next?: string }>(path);
    found.push(...items.filter((one) => one.fields['1'] === subject));
    if (!next) return found;
    after = `&after=${next}`;
  }
}
