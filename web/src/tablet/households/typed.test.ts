import { expect, test } from 'vitest';
import type { Register, RegisterField } from '../store/types';
import { isTyped, keeperOf, picked, shown, typed } from './typed';

const field = (type: string, policy?: string): RegisterField => ({ id: 1, name: 'one', labels: {}, type, ...(policy ? { policy } : {}) });

test('numbers may be typed in wide digits; words stay as they were written', () => {
  expect(typed(field('integer'), '１２')).toBe(12);
  expect(typed(field('money'), '1,200.50')).toBe(120_050);
  expect(typed(field('phone'), '１３９０００００００１')).toBe('13900000001');
  expect(typed(field('text'), ' 三组（上寨），９号 ')).toBe('三组（上寨），９号');
});

test('nothing typed is nothing, and what is no number is told apart', () => {
  expect(typed(field('text'), '  ')).toBeNull();
  expect(typed(field('integer'), '十二')).toBeUndefined();
  expect(typed(field('count'), '4.5')).toBeUndefined();
  expect(typed(field('money'), '十二元')).toBeUndefined();
});

test('money loses no fen on its way, and is shown in yuan', () => {
  expect(shown(field('money'), 120_050)).toBe('1200.5');
  expect(typed(field('money'), '0.29')).toBe(29);
  expect(typed(field('money'), '1.005')).toBeUndefined();
  expect(typed(field('money'), '1e3')).toBeUndefined();
  expect(shown(field('text'), undefined)).toBe('');
});

test('whatever a field holds stands in its input, and comes back as it was', () => {
  const held: [string, never][] = [
    ['text', '三组' as never],
    ['integer', -4 as never],
    ['decimal', 0.5 as never],
    ['money', 1_722_950 as never],
    ['count', 5 as never],
    ['boolean', false as never],
    ['date', '2024-02-29' as never],
    ['moment', 1_764_057_600_000_000 as never],
    ['phone', '13900000001' as never],
    ['citizen_id', '52990119700101123X' as never],
    ['geopoint', { lat: 262_345_678, lon: -1_072_345_678, accuracy: 8 } as never],
    ['select_one', 'none' as never],
    ['select_multiple', ['low_income', 'poverty_lifted'] as never],
  ];
  for (const [type, value] of held) {
    expect(isTyped(field(type)), type).toBe(true);
    expect(typed(field(type), shown(field(type), value)), type).toEqual(value);
  }
  // What was one of one before there could be several.
  expect(typed(field('select_multiple'), shown(field('select_multiple'), 'general'))).toEqual(['general']);
  expect(typed(field('select_multiple'), '')).toEqual([]);
  const day = picked('2026-11-25T08:00');
  expect(typed(field('moment'), day)).toBe(new Date('2026-11-25T08:00').getTime() * 1000);
});

test('notes are added to', () => {
  expect(shown(field('notes'), ['以前的'])).toBe('');
  expect(typed(field('notes'), ' 已修好 ')).toEqual(['已修好']);
});

test('the tablet corrects what cadres see; the rest says whose it is', () => {
  const register = (name: string, more: Partial<Register> = {}): Register => ({ name, version: 1, labels: {}, field: [], ...more });
  const household = register('household');
  const alert = register('alert');
  for (const type of ['text', 'integer', 'decimal', 'boolean', 'date', 'moment', 'money', 'count', 'citizen_id', 'phone', 'geopoint', 'select_one', 'select_multiple', 'notes', 'blobs']) {
    expect(keeperOf(household, field(type, 'authority')), type).toBeUndefined();
  }
  expect(keeperOf(household, field('reference'))).toBe('office');
  expect(keeperOf(alert, field('text'))).toBeUndefined();
  expect(keeperOf(alert, field('select_one', 'authority'))).toBe('office');
  expect(keeperOf(alert, field('money'))).toBe('office');
  expect(keeperOf(alert, field('money', 'latest'))).toBeUndefined();
  expect(keeperOf(alert, field('status'))).toBe('flow');
  expect(keeperOf(register('notice', { insert_only: true }), field('text'))).toBe('fixed');
});
