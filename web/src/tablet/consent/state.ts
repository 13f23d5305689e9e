/** What a household's word on consent is now: the last one counts. */

import type { Seen } from '../store/types';

/** A scope of a consent that does not hold. */
export interface Refused {
  scope: string;
  /** The person's record; empty for the whole household. */
  person: string;
  why: 'withdrawn' | 'declined' | 'over';
  /** The day. */
  on: string;
}

const text = (value: unknown) => (typeof value === 'string' ? value : '');

/** The last word on each scope that doesn't hold, by person, the newest first. `today` is `YYYY-MM-DD`. */
export function refusedNow(records: Seen[], today: string): Refused[] {
  const last = new Map<string, { order: string; refused: Refused | undefined }>();
  for (const { id, collection, fields } of records) {
    if (collection !== 'consent') continue;
    const status = text(fields['status']);
    const isOver = status === 'given' && text(fields['until']) !== '' && text(fields['until']) < today;
    const why = isOver ? 'over' : status === 'withdrawn' || status === 'declined' ? status : undefined;
    const said = (why === 'withdrawn' && text(fields['withdrawn_on'])) || text(fields['given_on']);
    const on = why === 'over' ? text(fields['until']) : said;
    const person = text(fields['person']);
    // What was written down later on the same day comes after: ids grow with time.
    const order = `${said} ${id}`;
    for (const scope of Array.isArray(fields['scope']) ? fields['scope'].map(text) : []) {
      const key = `${person} ${scope}`;
      const known = last.get(key);
      if (!known || known.order < order) last.set(key, { order, refused: why && { scope, person, why, on } });
    }
  }
  const all = [...last.values()].flatMap(({ refused }) => refused ?? []);
  return all.sort((a, b) => b.on.localeCompare(a.on));
}

/** The last word on a scope that doesn't hold, of the household or of whoever a record is `of`. */
export function refusedFor(records: Seen[], today: string, scope: string, of = ''): Refused | undefined {
  return refusedNow(records, today).find((one) => one.scope === scope && ['', of].includes(one.person));
}
