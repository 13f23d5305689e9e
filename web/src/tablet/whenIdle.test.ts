import { afterEach, expect, test, vi } from 'vitest';
import { whenIdle } from './whenIdle';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('it is done when the browser has nothing else to do, and soon where it does not say so', () => {
  const told = vi.fn();
  vi.stubGlobal('requestIdleCallback', (act: () => void) => act());
  whenIdle(told);
  expect(told).toHaveBeenCalledOnce();
  vi.stubGlobal('requestIdleCallback', undefined);
  vi.useFakeTimers();
  whenIdle(told);
  vi.runAllTimers();
  expect(told).toHaveBeenCalledTimes(2);
});
