import { expect, test } from 'vitest';
import { lineOf, localDay, type Registers } from './lines';
import type { Json, Seen } from './types';

const registers: Registers = new Map();
const HOUSEHOLD: Seen = { id: 'h', collection: 'household', scope: 'area:1', fields: { head_name: '王大山' } };
let count = 0;
/** A visit so many days ago. */
const visit = (days: number, consent: string | null, fields: Record<string, Json> = {}): Seen => ({
  id: `v${(count += 1)}`,
  collection: 'visit',
  scope: 'area:1',
  fields: { ended_at: at(days).getTime() * 1000, status: 'submitted', ...(consent ? { consent } : {}), ...fields },
});
const at = (days: number) => new Date(2026, 10, 29 - days, 10);
const day = (days: number) => localDay(at(days));
const line = (...visits: Seen[]) => lineOf('h', [HOUSEHOLD, ...visits], 'area:1', registers);

test('nobody at home and no agreement are calls in vain, and no visits', () => {
  expect(line()).toMatchObject({ visited: null, missed: null });
  expect(line(visit(3, 'absent'))).toMatchObject({ visited: null, missed: { on: day(3), why: 'absent' } });
  expect(line(visit(3, 'given'))).toMatchObject({ visited: day(3), missed: null });
  // What was made before stays made; it has to be called at again since.
  expect(line(visit(9, 'given'), visit(2, 'declined'))).toMatchObject({ visited: day(9), missed: { on: day(2), why: 'declined' } });
  expect(line(visit(2, 'given'), visit(9, 'absent'))).toMatchObject({ visited: day(2), missed: null });
  // The same day, it was made in the end; of several in vain the last counts.
  expect(line(visit(1, 'absent'), visit(1, 'given'))).toMatchObject({ visited: day(1), missed: null });
  expect(line(visit(5, 'absent'), visit(1, 'declined'))).toMatchObject({ missed: { on: day(1), why: 'declined' } });
  // What a reviewer did not accept is to be done again.
  expect(line(visit(9, 'given'), visit(2, 'given', { status: 'rejected' }))).toMatchObject({ visited: day(9), missed: { on: day(2), why: 'rejected' } });
  // A form that asks for no consent has nothing to say against it.
  expect(line(visit(1, null))).toMatchObject({ visited: day(1), missed: null });
});

test('what came back says who made it and why it came back', () => {
  const notes = [{ text: '请重拍', author: 'r', at: 5 }];
  const { marks } = line(visit(1, 'given', { status: 'returned', visitor: '村干部甲', notes }));
  expect(marks).toMatchObject([{ kind: 'returned', words: '请重拍', by: '村干部甲' }]);
});
