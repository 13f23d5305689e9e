/**
 * Values of registers' fields as people type and choose them. What stands in an input is text, as the
 * answers of forms have it: several choices with a space between, a place as `26.5 106.7 0 8`.
 */

import { isNumber, numberOf, textOf } from '../../ui/typed';
import type { Json, Register, RegisterField } from '../store/types';

const TYPED = new Set([
  'text', 'integer', 'decimal', 'money', 'count', 'boolean', 'date', 'moment', 'phone', 'citizen_id', 'geopoint', 'select_one', 'select_multiple', 'notes',
]);

/** Whether a field's value is one that is typed, chosen or read here. */
export const isTyped = (field: RegisterField | undefined) => field !== undefined && TYPED.has(field.type);

/** Whether the office's word stands against a cadre's, as the merge has it (`Field::policy`). */
export const isDecidedByOffice = ({ policy, type }: RegisterField) =>
  policy === 'authority' || (policy === undefined && (type === 'money' || type === 'citizen_id'));

/** Registers of what cadres see for themselves. */
const SEEN = new Set(['household', 'member']);

/** Why a field is not corrected on the tablet: who does it instead. Nothing where it is. */
export type Keeper = 'office' | 'flow' | 'fixed';

export function keeperOf(register: Register, field: RegisterField): Keeper | undefined {
  if (register.insert_only || register.server_only) return 'fixed';
  if (field.type === 'status') return 'flow';
  if (!isTyped(field) && field.type !== 'blobs') return 'office';
  // What an office decided of its own programme is not a cadre's to correct.
  return !SEEN.has(register.name) && isDecidedByOffice(field) ? 'office' : undefined;
}

/** The choices in an input's text. */
export const chosenIn = (text: string) => text.split(/\s+/).filter(Boolean);

/** A value as it stands in an input; money in yuan. Notes are only added to: nothing stands there. */
export function shown(field: RegisterField, held: Json | undefined): string {
  if (held === null || held === undefined || field.type === 'notes') return '';
  if (field.type === 'money' && typeof held === 'number') return String(held / 100);
  if (field.type === 'moment' && typeof held === 'number') return local(new Date(held / 1000));
  if (Array.isArray(held)) return held.filter((one) => typeof one === 'string').join(' ');
  if (typeof held !== 'object') return String(held);
  const { lat, lon, accuracy } = held;
  return typeof lat === 'number' && typeof lon === 'number' ? `${lat / 1e7} ${lon / 1e7} 0 ${Number(accuracy ?? 0)}` : '';
}

/** What was typed, as the field holds it; nothing where it is no such value. */
export function typed(field: RegisterField, words: string): Json | undefined {
  const text = textOf(field.type, words);
  if (field.type === 'select_multiple') return chosenIn(text);
  if (text === '') return null;
  if (isNumber(field.type)) return numberOf(field.type, text);
  switch (field.type) {
    case 'boolean':
      return text === 'true' || text === 'yes' ? true : text === 'false' || text === 'no' ? false : undefined;
    case 'moment': {
      const at = new Date(text).getTime();
      return Number.isNaN(at) ? undefined : at * 1000;
    }
    case 'geopoint':
      return place(text);
    case 'notes':
      return [text];
    default:
      return text;
  }
}

function place(text: string): Json | undefined {
  const [lat, lon, , accuracy] = text.split(/\s+/).map(Number);
  if (lat === undefined || lon === undefined || !(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) return undefined;
  return { lat: Math.round(lat * 1e7), lon: Math.round(lon * 1e7), ...(accuracy ? { accuracy: Math.round(accuracy) } : {}) };
}

/** A moment as the tablet's clock says it: `2026-11-25T08:00:00.000+08:00`. */
function local(date: Date): string {
  const ahead = -date.getTimezoneOffset();
  const two = (number: number) => String(Math.floor(number)).padStart(2, '0');
  const zone = `${ahead < 0 ? '-' : '+'}${two(Math.abs(ahead) / 60)}:${two(Math.abs(ahead) % 60)}`;
  return new Date(date.getTime() + ahead * 60_000).toISOString().replace('Z', zone);
}

/** The same of what the device's own picker says (`2026-11-25T08:00`). */
export const picked = (day: string) => (day === '' ? '' : local(new Date(day)));

/** A place (in ten millionths of a degree, WGS-84) as people read it. */
export function placed(value: Json): string {
  const { lat, lon } = (value ?? {}) as { lat?: number; lon?: number };
  return typeof lat === 'number' && typeof lon === 'number' ? `${(lat / 1e7).toFixed(5)}, ${(lon / 1e7).toFixed(5)}` : '';
}
