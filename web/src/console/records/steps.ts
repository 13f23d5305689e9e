/** What an operation does to a record, in words. */

import { t } from '../words';
import { fieldName, fieldOf, stateWords, valueWords } from './registers';

export interface Op {
  collection?: string;
  change?: {
    kind: string;
    fields?: Record<string, unknown>;
    field?: number;
    from?: string;
    to?: string;
    by?: number;
    element?: unknown;
  };
  masked?: number[];
}

/** Values that tell people nothing here: an id of another record, or all the answers of a visit. */
const UNSAID = new Set(['reference', 'answers']);

function said(collection: string, id: number, value: unknown): string | undefined {
  const type = fieldOf(collection, id)?.type ?? '';
  if (UNSAID.has(type)) return undefined;
  if (type === 'blobs' && Array.isArray(value)) return t('history.photos', { n: value.length });
  const words = valueWords(collection, id, value);
  return words === t('value.other') && type === 'text' ? undefined : words;
}

/** What an operation does, line by line. */
export function steps({ collection = '', change, masked = [] }: Op): string[] {
  if (!change) return [];
  const name = (id: number) => fieldName(collection, id);
  const told: string[] = [];
  for (const [id, value] of Object.entries(change.fields ?? {})) {
    const words = said(collection, Number(id), value);
    if (words !== undefined) told.push(t('history.set', { field: name(Number(id)), value: words }));
  }
  if (change.fields && Object.keys(change.fields).some((id) => fieldOf(collection, Number(id))?.type === 'answers')) told.push(t('history.answers'));
  const field = change.field ?? 0;
  const element = change.element === undefined ? undefined : said(collection, field, change.element);
  if (change.kind === 'transition') {
    const [from, to] = [change.from, change.to].map((state) => (field ? valueWords(collection, field, state) : stateWords(collection, state ?? '')));
    told.push(t('history.moved', { field: name(field), from: from!, to: to! }));
  }
  if (change.kind === 'add' && element !== undefined) told.push(t('history.added', { field: name(field), value: element }));
  if (change.kind === 'remove' && element !== undefined) told.push(t('history.removed', { field: name(field), value: element }));
  if (change.kind === 'delta') told.push(t('history.set', { field: name(field), value: `${(change.by ?? 0) > 0 ? '+' : ''}${change.by}` }));
  if (change.kind === 'delete') told.push(t('held.deletes'));
  if (change.kind === 'move') told.push(t('held.moves'));
  if (change.kind === 'resolve') told.push(t('held.resolves'));
  return [...told, ...masked.map((id) => t('history.masked', { field: name(id) }))];
}
