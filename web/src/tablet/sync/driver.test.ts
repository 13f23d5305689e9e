import { expect, test, vi } from 'vitest';
import { Problem } from '../../api/problem';
import type { Machine } from '../engine';
import type { Book } from '../store/book';
import type { Client } from './client';
import { Driver, STILL } from './driver';

/** What a person is told after an exchange that left no village, whose question why was answered so. */
async function told(standing: () => Promise<unknown>, before: 'blocked' | '' = '') {
  const progress = { ...STILL, standing: before };
  const machine = { act: () => '[{"send":"r1"}]', request: () => [], answered: () => '[]', handle: () => '[]' } as unknown as Machine;
  const book = { cursors: {}, commit: async () => undefined } as unknown as Book;
  const asked = vi.fn(standing);
  const client = { exchange: async () => ({ answer: new Uint8Array(), traffic: '{}' }), json: asked } as unknown as Client;
  const hooks = { mayUpload: () => true, onChange: () => undefined, onWipe: async () => undefined, onStoreFailed: () => undefined };
  const driver = new Driver(machine, book, client, progress, hooks);
  await driver.act([]);
  await vi.waitFor(() => expect(progress.busy || asked.mock.calls.length === 0).toBe(false));
  return progress.standing;
}
const refused = (status: number, kind: string) => () => Promise.reject(new Problem(status, kind, ''));

test('a tablet is told to be stopped only where the server says so', async () => {
  expect(await told(refused(403, 'forbidden'))).toBe('stopped');
  expect(await told(refused(401, 'session-ended'))).toBe('stopped');
  expect(await told(async () => ({ tablet: 'wiping', is_disabled: false }))).toBe('wiping');
});

test.each([
  ['no answer', refused(0, 'offline')],
  ['a server in trouble', refused(503, 'busy')],
  ['a proxy', refused(502, '')],
  ['a portal', refused(403, '')],
])('%s leaves what was known', async (_what, standing) => {
  expect(await told(standing)).toBe('');
  expect(await told(standing, 'blocked')).toBe('blocked');
});
