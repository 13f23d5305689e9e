import { expect, test } from 'vitest';
import { hundredths, percent } from './share';

const told = (met: number, of: number) => percent(hundredths(met, of));

test('a share is rounded half up, but not to all or nothing', () => {
  expect(told(3090, 3095)).toBe('99.84 %');
  expect(told(14_219, 14_220)).toBe('99.99 %');
  expect(told(99_999, 100_000)).toBe('99.99 %');
  expect(told(1, 100_000)).toBe('0.01 %');
  expect(told(1, 800)).toBe('0.13 %');
  expect(told(3, 3)).toBe('100.00 %');
  expect(told(0, 3)).toBe('0.00 %');
  expect(told(0, 0)).toBe('—');
});
