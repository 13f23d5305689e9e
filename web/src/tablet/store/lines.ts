/** A document as one line of a list: what is searched, shown and counted without opening it. */

import { lastWords } from '../visit/returned';
import type { Json, Line, Mark, Missed, Register, Seen } from './types';

export type Registers = Map<string, Register>;

/** Fields of households and members that are searched by their digits. */
const NUMBERS = ['head_citizen_id', 'citizen_id', 'phone'];

/** The line of a document whose records are `seen`; `id` is the document's. */
export function lineOf(id: string, seen: Seen[], scope: string, registers: Registers): Line {
  const head = seen.find((record) => record.id === id);
  const isHousehold = head?.collection === 'household';
  const title = head ? titleOf(head, registers) : '';
  const numbers = new Set<string>();
  const people: string[] = [];
  const marks: Mark[] = [];
  let members = 0;
  let visited: string | null = null;
  let missed: Missed | null = null;
  let place: [number, number] | null = null;
  for (const record of seen) {
    const { collection, fields } = record;
    if (collection === 'household' || collection === 'member') {
      for (const field of NUMBERS) if (text(fields[field])) numbers.add(text(fields[field]).toUpperCase());
    }
    if (collection === 'member') {
      const name = titleOf(record, registers);
      if (name && name !== title) people.push(name);
      if (!fields['left_household']) members += 1;
    }
    if (collection === 'visit') {
      const day = dayOf(fields['ended_at'] ?? fields['started_at']);
      const why = inVain(fields) ?? (text(fields['status']) === 'rejected' ? 'rejected' : null);
      if (day && why && (!missed || day >= missed.on)) missed = { on: day, why };
      if (day && !why && (!visited || day > visited)) visited = day;
      place ??= degrees(fields['place']);
    }
    marks.push(...marksOf(record, registers));
  }
  return {
    id,
    scope,
    isHousehold,
    title,
    people,
    numbers: [...numbers],
    address: text(head?.fields['address']),
    kinds: texts(head?.fields['kind']),
    members,
    marks,
    visited,
    missed: missed && (!visited || missed.on > visited) ? missed : null,
    place: degrees(head?.fields['place']) ?? place,
    holdings: {},
  };
}

/** Why somebody came and no visit was made; nothing where one was. */
export function inVain(visit: Record<string, Json>): 'declined' | 'absent' | null {
  const { consent } = visit;
  return consent === 'declined' || consent === 'absent' ? consent : null;
}

/** What of a record waits for a person. */
export function marksOf(record: Seen, registers: Registers): Mark[] {
  const { id, collection, fields } = record;
  const status = text(fields['status']);
  const title = titleOf(record, registers);
  if (collection === 'visit' && status === 'returned') {
    const words = lastWords(record)?.text ?? '';
    return [{ kind: 'returned', id, title, words, by: text(fields['visitor']) }];
  }
  if (collection === 'conflict' && fields['state'] === 'open') return [{ kind: 'conflict', id, title }];
  if (collection === 'finding' && status === 'open') return [{ kind: 'finding', id, title }];
  if (collection === 'task' && status === 'open') {
    const due = text(fields['due']);
    return [due ? { kind: 'task', id, title, due } : { kind: 'task', id, title }];
  }
  return [];
}

/** The words people recognise a record by. */
export function titleOf(record: Seen, registers: Registers): string {
  const field = registers.get(record.collection)?.field.find((one) => one.role === 'title');
  return field ? text(record.fields[field.name]) : '';
}

/** The household a record belongs to, by the fields that refer to one. */
export function householdOf(
  collection: string,
  fields: Record<string, Json>,
  registers: Registers,
): string | undefined {
  const register = registers.get(collection);
  const refers = register?.field.filter(
    (field) => field.type === 'reference' && field.collection === 'household',
  );
  for (const field of refers ?? []) {
    const value = fields[field.name] ?? fields[field.id];
    if (typeof value === 'string') return value;
  }
  return undefined;
}

/** The record that a record is about. */
export function subjectOf(
  collection: string,
  fields: Record<string, Json>,
  registers: Registers,
): string | undefined {
  const field = registers.get(collection)?.field.find((one) => one.role === 'subject');
  const value = field && (fields[field.name] ?? fields[field.id]);
  return typeof value === 'string' ? value : undefined;
}

/** `2026-11-25`, local, of microseconds since 1970 UTC. */
export function dayOf(moment: Json | undefined): string | null {
  if (typeof moment !== 'number') return null;
  return localDay(new Date(moment / 1000));
}

export function localDay(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** A place (ten millionths of a degree) in degrees. */
function degrees(value: Json | undefined): [number, number] | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const { lat, lon } = value;
  return typeof lat === 'number' && typeof lon === 'number' ? [lat / 1e7, lon / 1e7] : null;
}

/** One text, or several. */
function texts(value: Json | undefined): string[] {
  return (Array.isArray(value) ? value : [value]).map(text).filter(Boolean);
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
