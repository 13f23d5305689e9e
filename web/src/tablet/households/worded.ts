/** Values of registers' fields as people read them. */

import type { Json, RegisterField } from '../store/types';
import { placed } from './typed';

/** Who knows choices, days and money in words, what records are called, and how a moment (milliseconds) is told. */
export interface Reader {
  words(value: Json): string;
  title(id: string): string;
  moment(at: number): string;
}

/** A value as people read it. */
export function worded(field: RegisterField | undefined, value: Json | undefined, { words, title, moment }: Reader): string {
  if (value === null || value === undefined) return '';
  switch (field?.type) {
    case 'geopoint':
      return placed(value);
    case 'moment':
      return typeof value === 'number' ? moment(value / 1000) : words(value);
    case 'reference':
      return typeof value === 'string' ? title(value) : '';
    default:
      return words(value);
  }
}

/** Notes as they were added, whoever did. */
export function notesIn(value: Json | undefined): { text: string; at?: number }[] {
  return (Array.isArray(value) ? value : []).flatMap((note) => {
    if (typeof note === 'string') return [{ text: note }];
    if (note === null || typeof note !== 'object' || Array.isArray(note) || typeof note['text'] !== 'string') return [];
    return [{ text: note['text'], ...(typeof note['at'] === 'number' ? { at: note['at'] } : {}) }];
  });
}
