import { expect, test } from 'vitest';
import type { RegisterField } from '../store/types';
import { shown, typed } from './typed';

const field = (type: string): RegisterField => ({ id: 1, name: 'one', labels: {}, type });

test('numbers may be typed in wide digits; words stay as they were written', () => {
  expect(typed(field('integer'), '１２')).toBe(12);
  expect(typed(field('money'), '1,200.50')).toBe(120_050);
  expect(typed(field('phone'), '１３９０００００００１')).toBe('13900000001');
  expect(typed(field('text'), ' 三组（上寨），９号 ')).toBe('三组（上寨），９号');
});

test('nothing typed is nothing, and what is no number is told apart', () => {
  expect(typed(field('text'), '  ')).toBeNull();
  expect(typed(field('integer'), '十二')).toBeUndefined();
  expect(typed(field('money'), '十二元')).toBeUndefined();
});

test('money is shown in yuan', () => {
  expect(shown(field('money'), 120_050)).toBe('1200.5');
  expect(shown(field('text'), undefined)).toBe('');
});
