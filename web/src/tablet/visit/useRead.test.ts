import { expect, test, vi } from 'vitest';
import { shallowRef } from 'vue';
import type { Session } from '../session';
import type { Seen } from '../store/types';
import { useRead } from './useRead';

// What a page has and a test's runner has not.
vi.hoisted(() => {
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
  vi.stubGlobal('document', { documentElement: {}, createElement: () => ({}) });
  vi.stubGlobal('navigator', { language: 'zh-CN' });
});

test('a visit without answers is read once it is there, as one of which there is nothing to say', async () => {
  const visit = shallowRef<Seen>();
  const { read, failed } = useRead({} as Session, () => visit.value, () => []);
  expect(read.value).toBeUndefined();
  visit.value = { id: 'v', collection: 'visit', scope: 'area:1', fields: {} };
  await vi.waitFor(() => expect(read.value).toEqual({ lines: [], labels: new Map() }));
  expect(failed.value).toBe('');
});
