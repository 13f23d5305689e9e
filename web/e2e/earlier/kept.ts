/** What a kept county holds, as the one who made it and the one who opens it ask. */

import type { Page } from '@playwright/test';
import type { RecordView } from '../stage/county';
import type { Caller } from '../stage/server';

/** IndexedDB belongs to an origin, so a kept tablet goes on at this one, whatever the server's port. */
export const ORIGIN = 'http://ruhu.localhost';
export const REASON = encodeURIComponent('核对');
export const WELL = 'e2e/earlier/well.md';
export const WELL_SAMPLE = { well: '东井' };

/** Options of a browser that finds a server at [`ORIGIN`]. */
export function inTheBrowser(port: number): string[] {
  return [`--host-resolver-rules=MAP ruhu.localhost:80 127.0.0.1:${port}`];
}

/** Everything of a register. */
export async function all(caller: Caller, collection: string): Promise<RecordView[]> {
  const found: RecordView[] = [];
  let after = '';
  for (;;) {
    const path = `/api/v1/records?collection=${collection}&limit=500&reason=${REASON}${after}`;
    const { items, next } = await caller.get<{ items: RecordView[]; next?: string }>(path);
    found.push(...items);
    if (!next) return found;
    after = `&after=${next}`;
  }
}

/** What is to be there whenever the county is opened: what people recorded, not what later builds find in it. */
export async function expectedOf(supervisor: Caller): Promise<object> {
  const ids = async (collection: string) => (await all(supervisor, collection)).map((one) => one.id).sort();
  const visits = (await all(supervisor, 'visit')).map(({ id, status, fields }) => ({ id, status, answers: fields['3'], photos: fields['8'] ?? [] }));
  const quarantine = await supervisor.get<unknown[]>(`/api/v1/quarantine?reason=${REASON}`);
  return {
    records: { household: await ids('household'), member: await ids('member'), notice: await ids('notice'), conflict: await ids('conflict') },
    visits: visits.sort((one, other) => one.id.localeCompare(other.id)),
    quarantine: quarantine.length,
  };
}

/** A photo of a cheap tablet, painted by the browser. */
export async function picture(page: Page, seed: number): Promise<Buffer> {
  const text = await page.evaluate((start) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [800, 600];
    const context = canvas.getContext('2d')!;
    for (let at = 0; at < 60; at += 1) {
      context.fillStyle = `hsl(${(at * 47 + start * 90) % 360} 60% ${20 + ((at * 13 + start * 7) % 60)}%)`;
      context.fillRect((at * 97 + start * 31) % 800, (at * 61 + start * 17) % 600, 160, 120);
    }
    return canvas.toDataURL('image/jpeg', 0.8).split(',')[1]!;
  }, seed);
  return Buffer.from(text, 'base64');
}
