import { expect, test, vi } from 'vitest';
import type { OpenForm } from '../../form/open';
import type { Question } from '../../form/types';
import { answerAsBefore } from './begin';

// What a page has and a test's runner has not.
vi.hoisted(() => {
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
  vi.stubGlobal('document', { documentElement: {}, createElement: () => ({}) });
  vi.stubGlobal('navigator', { language: 'zh-CN' });
});

/** A form of two questions, as far as it is looked at here. */
function form() {
  const question = (path: string): Question => ({ path, type: 'text' });
  const items = { value: [question('/data/water'), question('/data/persons')] };
  const set = (path: string, value: string) => (items.value = items.value.map((one) => (one.path === path ? { ...one, value } : one)));
  return { set, open: { items, set } as unknown as OpenForm };
}

test('“no change” said once more keeps what was taken over before', () => {
  const before = { answers: { water: '井水', persons: 4 }, on: '2026-11-01' };
  const { open, set } = form();
  set('/data/persons', '5');
  const once = answerAsBefore(open, before);
  expect(once).toEqual({ on: '2026-11-01', values: { '/data/water': '井水' } });
  expect(answerAsBefore(open, before, once)).toEqual(once);
});
