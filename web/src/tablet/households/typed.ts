/** Values of registers' fields as people type them. */

import type { Json, RegisterField } from '../store/types';

const TYPED = ['text', 'integer', 'decimal', 'money', 'date', 'select_one', 'phone', 'citizen_id'];

/** Whether a field's value is one that is typed or chosen at once. */
export const isTyped = (field: RegisterField | undefined) => field !== undefined && TYPED.includes(field.type);

/** A value as it stands in an input; money in yuan. */
export function shown(field: RegisterField, held: Json | undefined): string {
  if (field.type === 'money' && typeof held === 'number') return String(held / 100);
  return held === null || held === undefined ? '' : String(held);
}

/** What was typed, as the field holds it; nothing where it is no such value. */
export function typed(field: RegisterField, words: string): Json | undefined {
  // Digits and letters may be wide ones; what is written in Chinese keeps its punctuation.
  const text = (field.type === 'text' ? words : words.normalize('NFKC')).trim();
  if (text === '') return null;
  switch (field.type) {
    case 'money': {
      const yuan = Number(text.replace(/,/g, ''));
      return Number.isFinite(yuan) ? Math.round(yuan * 100) : undefined;
    }
    case 'integer':
      return /^-?\d+$/.test(text) ? Number(text) : undefined;
    case 'decimal':
      return Number.isFinite(Number(text)) ? Number(text) : undefined;
    default:
      return text;
  }
}

/** A place (in ten millionths of a degree, WGS-84) as people read it. */
export function placed(value: Json): string {
  const { lat, lon } = value as { lat: number; lon: number };
  return `${(lat / 1e7).toFixed(5)}, ${(lon / 1e7).toFixed(5)}`;
}
