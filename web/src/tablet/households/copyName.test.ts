import { expect, test } from 'vitest';
import { copyName } from './copyName';

test('a copy is called by its household, its day and what it shows', () => {
  expect(copyName('王大山', '2026-11-25', '房屋正面')).toBe('王大山_2026-11-25_房屋正面.jpg');
  expect(copyName('', '2026-11-25', '')).toBe('2026-11-25.jpg');
  expect(copyName('', '', '')).toBe('ruhu.jpg');
});

test('whatever people write, it is a file’s name', () => {
  expect(copyName('../王', 'a:b', '灶房/厨房？*\u0000\u202e.')).toBe('王_a b_灶房 厨房？.jpg');
  expect(copyName('王', '2026-11-25', '长'.repeat(200))).toHaveLength(1 + 1 + 10 + 1 + 40 + 4);
});
