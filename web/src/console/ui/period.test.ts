import { expect, test } from 'vitest';
import { daysUntil, halfMonth, isDay, month } from './period';

test('half months follow each other across years', () => {
  const day = new Date(2027, 0, 9);
  expect(halfMonth(day)).toEqual(['2027-01-01', '2027-01-15']);
  expect(halfMonth(day, 1)).toEqual(['2026-12-16', '2026-12-31']);
  expect(halfMonth(day, 2)).toEqual(['2026-12-01', '2026-12-15']);
  expect(halfMonth(new Date(2028, 1, 16))).toEqual(['2028-02-16', '2028-02-29']);
});

test('months and days end where they end', () => {
  expect(month(new Date(2027, 0, 31), 2)).toEqual(['2026-11-01', '2026-11-30']);
  expect(month(new Date(2027, 2, 31), 1)).toEqual(['2027-02-01', '2027-02-28']);
  expect(daysUntil(new Date(2027, 0, 2), 30)).toEqual(['2026-12-04', '2027-01-02']);
});

test('what an address says may be no day', () => {
  expect(['2026-11-30', '2028-02-29'].map(isDay)).toEqual([true, true]);
  expect(['', 'x', '2026-13-45', '2027-02-29', '2026-1-1', '02026-11-30'].map(isDay)).toEqual([false, false, false, false, false, false]);
});
