import { expect, test } from 'vitest';
import type { RegisterField } from '../store/types';
import { notesIn, worded, type Reader } from './worded';

const field = (type: string): RegisterField => ({ id: 1, name: 'one', labels: {}, type });

test('no value is read as bytes or ids', () => {
  const reader: Reader = { words: String, title: (id) => (id === 'a' ? '王（虚构）' : ''), moment: (at) => new Date(at).toISOString() };
  expect(worded(field('geopoint'), { lat: 262_345_678, lon: 1_072_345_678 }, reader)).toBe('26.23457, 107.23457');
  expect(worded(field('reference'), 'a', reader)).toBe('王（虚构）');
  expect(worded(field('reference'), 'b', reader)).toBe('');
  expect(worded(field('moment'), 1_764_057_600_000_000, reader)).toBe('2025-11-25T08:00:00.000Z');
  expect(worded(field('text'), null, reader)).toBe('');
});

test('notes are read, whoever wrote them', () => {
  expect(notesIn(['甲', { text: '乙', at: 7, author: 'x' }, 3, null])).toEqual([{ text: '甲' }, { text: '乙', at: 7 }]);
});
