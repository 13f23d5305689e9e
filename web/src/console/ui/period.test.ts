import { expect, test } from 'vitest';
import { daysUntil, halfMonth, month } from './period';

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
