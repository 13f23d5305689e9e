import { expect, test } from 'vitest';
import type { Json, Seen } from '../store/types';
import { refusedFor, refusedNow } from './state';

const TODAY = '2026-11-29';
const consent = (id: string, status: string, given_on: string, scope: string[], fields: Record<string, Json> = {}): Seen => ({
  id,
  collection: 'consent',
  scope: 'area:1',
  fields: { status, given_on, scope, ...fields },
});

test('what was taken back does not hold until it is given again', () => {
  const back = consent('1', 'withdrawn', '2026-11-01', ['visit', 'photos'], { withdrawn_on: '2026-11-20' });
  expect(refusedNow([back], TODAY).map(({ scope, why, on }) => [scope, why, on])).toEqual([
    ['visit', 'withdrawn', '2026-11-20'],
    ['photos', 'withdrawn', '2026-11-20'],
  ]);
  const again = consent('2', 'given', '2026-11-21', ['photos']);
  expect(refusedNow([again, back], TODAY).map(({ scope }) => scope)).toEqual(['visit']);
  // The same day, the later one counts, in whatever order they are read.
  const sameDay = consent('0', 'given', '2026-11-20', ['visit', 'photos']);
  expect(refusedNow([back, sameDay], TODAY)).toHaveLength(2);
});

test('one person’s word is not another’s, and a consent ends on its day', () => {
  const own = consent('1', 'declined', '2026-11-01', ['health'], { person: 'm1' });
  const whole = consent('2', 'given', '2026-11-02', ['health'], { until: '2026-11-28' });
  expect(refusedNow([own, whole], TODAY)).toMatchObject([
    { scope: 'health', person: '', why: 'over', on: '2026-11-28' },
    { scope: 'health', person: 'm1', why: 'declined', on: '2026-11-01' },
  ]);
  expect(refusedNow([whole], '2026-11-28')).toEqual([]);
});

test('a consent that was given anew before it ended holds', () => {
  const before = consent('1', 'given', '2026-01-01', ['photos'], { until: '2026-11-28' });
  const anew = consent('2', 'given', '2026-11-20', ['photos'], { until: '2027-11-20' });
  expect(refusedNow([anew, before], TODAY)).toEqual([]);
});

test('what the household or a person said holds for their own records, and is asked again once it has ended', () => {
  const own = consent('1', 'declined', '2026-11-01', ['photos'], { person: 'm1' });
  const whole = consent('2', 'given', '2026-11-02', ['place'], { until: '2026-11-28' });
  const records = [own, whole];
  expect(refusedFor(records, TODAY, 'photos', 'm1')).toMatchObject({ person: 'm1', why: 'declined' });
  expect(refusedFor(records, TODAY, 'photos', 'm2')).toBeUndefined();
  expect(refusedFor(records, TODAY, 'photos')).toBeUndefined();
  expect(refusedFor(records, TODAY, 'place', 'm2')).toMatchObject({ person: '', why: 'over' });
});
