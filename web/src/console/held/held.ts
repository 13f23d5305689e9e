/** Changes that had no effect, as people read and correct them. */

import type { Schemas } from '../api';
import { isNumber, numberOf, textOf } from '../../ui/typed';
import { fieldName, fieldOf, valueWords } from '../records/registers';
import type { Op } from '../records/steps';
import { t, type Key } from '../words';

export type Held = Schemas['Held'];

/** What is decided about together: what one push said of one record. */
export interface Waiting {
  key: string;
  first: Held;
  parts: Held[];
}

export interface Correction {
  seq: number;
  field?: number;
  value?: unknown;
}

export const opOf = (one: Held) => one.op as unknown as Op;
export const collectionOf = (one: Waiting) => opOf(one.first).collection ?? '';

/** The first of them, at least `most` where there are as many, and whether there may be more: a page can be short, and none comes after an empty one. */
export async function firstOf(most: number, page: (after: string | undefined) => Promise<Held[]>): Promise<{ all: Held[]; hasMore: boolean }> {
  const all: Held[] = [];
  let hasMore = true;
  while (hasMore && all.length < most) {
    const last = all.at(-1);
    const next = await page(last && `${last.incarnation}/${last.seq}`);
    all.push(...next);
    hasMore = next.length > 0;
  }
  return { all, hasMore };
}

/** Those that stand or fall together, in the order they are listed in. */
export function together(all: Held[]): Waiting[] {
  const found = new Map<string, Waiting>();
  for (const one of all) {
    const alone = one.unit === null || one.unit === undefined || !one.record;
    const key = alone ? `${one.incarnation}/${one.seq}` : `${one.incarnation}/${one.unit}/${one.record}`;
    const known = found.get(key);
    if (known) known.parts.push(one);
    else found.set(key, { key, first: one, parts: [one] });
  }
  for (const one of found.values()) one.parts.sort((a, b) => a.seq - b.seq);
  return [...found.values()];
}

const REASONS = ['scope', 'deleted', 'locked', 'schema', 'unknown', 'value', 'kind', 'immutable', 'group', 'too_large', 'malformed', 'author', 'role'] as const;
type Reason = (typeof REASONS)[number];

export function reasonWords(reason: string): { why: string; what: string } {
  const known = (REASONS as readonly string[]).includes(reason) ? (reason as Reason) : 'malformed';
  return { why: t(`held.${known}` as Key), what: t(`held.${known}.what` as Key) };
}

/** Whether it only waits for its record, and takes effect by itself when that comes. */
export const waitsForRecord = (one: Waiting) => one.parts.every((part) => part.reason === 'unknown' && !part.is_there);
export const isApplicable = (one: Waiting) => one.parts.every((part) => part.applicable);
export const isMasked = (one: Waiting) => one.parts.some((part) => (opOf(part).masked?.length ?? 0) > 0);

/** A value that can be put right here. */
export interface Entry {
  seq: number;
  field: number;
  label: string;
  type: string;
  choices: { value: string; label: string }[];
  value: unknown;
}

const TYPED = new Set(['text', 'integer', 'decimal', 'money', 'date', 'select_one', 'status', 'phone', 'citizen_id', 'count', 'notes', 'select_multiple']);

/** What can be put right of it. */
export function entries(one: Waiting): Entry[] {
  return one.parts.flatMap((part) => {
    const { collection = '', change } = opOf(part);
    if (!change || change.kind === 'sign') return [];
    const single = { transition: change.to, add: change.element, remove: change.element, delta: change.by }[change.kind];
    const values: [number, unknown][] =
      single !== undefined ? [[change.field ?? 0, single]] : Object.entries(change.fields ?? {}).map(([id, value]) => [Number(id), value]);
    return values.flatMap(([field, value]) => {
      const definition = fieldOf(collection, field);
      if (!definition || !TYPED.has(definition.type) || (typeof value === 'object' && value !== null)) return [];
      const choices = (definition.choices ?? []).map((choice) => ({ value: choice.name, label: valueWords(collection, field, choice.name) }));
      return [{ seq: part.seq, field, label: fieldName(collection, field), type: definition.type, choices, value }];
    });
  });
}

/** As it stands in an input; money in yuan. */
export function shownIn({ type, value }: Entry): string {
  if (value === null || value === undefined) return '';
  return type === 'money' && typeof value === 'number' ? String(value / 100) : String(value);
}

/** What was typed, as the field holds it; nothing where it is no such value. Empty words leave it out. */
export function typedAs({ type }: Entry, words: string): unknown {
  const text = textOf(type, words);
  if (text === '') return null;
  return isNumber(type) ? numberOf(type, text) : text;
}
