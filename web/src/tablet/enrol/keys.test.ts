import { expect, test } from 'vitest';
import { Problem } from '../../api/problem';
import type { Shelves, Write } from '../store/shelves';
import { askWithKey, unanswered } from './keys';

/** A store that keeps what it is told, as JSON. */
function store(): Shelves {
  const kept = new Map<IDBValidKey, string>();
  return {
    read: async (_shelf: string, key: IDBValidKey) => (kept.has(key) ? (JSON.parse(kept.get(key)!) as unknown) : undefined),
    sealed: async (shelf: string, key: IDBValidKey, value: unknown) => ({ shelf, key, value }),
    write: async (writes: Write[]) => writes.forEach(({ key, value }) => (value === undefined ? kept.delete(key) : kept.set(key, JSON.stringify(value)))),
  } as unknown as Shelves;
}

/** A server that takes each code for one key. */
function server() {
  const taken = new Map<string, string>();
  const ask = (code: string, isLost = false) => async (key: string) => {
    if (code === 'wrong' || (taken.get(code) ?? key) !== key || [...taken].some(([other, its]) => its === key && other !== code)) throw new Problem(403, 'enrolment-refused', '');
    taken.set(code, key);
    if (isLost) throw new Problem(0, 'offline', '');
    return key;
  };
  return { ask };
}

test('a code whose answer was lost is asked for again with its key, whatever was tried meanwhile', async () => {
  const [shelves, { ask }] = [store(), server()];
  await expect(askWithKey(shelves, ask('one', true))).rejects.toThrow(Problem);
  const [first] = await unanswered(shelves);
  await expect(askWithKey(shelves, ask('wrong'))).rejects.toThrow(Problem);
  expect(await unanswered(shelves)).toEqual([first]);
  const { given, key } = await askWithKey(shelves, ask('one'));
  expect(given).toBe(first!.x);
  expect((await crypto.subtle.exportKey('jwk', key)).d).toBe(first!.d);
});

test('another code is taken with another key, and what was refused leaves none', async () => {
  const [shelves, { ask }] = [store(), server()];
  await expect(askWithKey(shelves, ask('wrong'))).rejects.toThrow(Problem);
  expect(await unanswered(shelves)).toEqual([]);
  await expect(askWithKey(shelves, ask('one', true))).rejects.toThrow(Problem);
  const { given } = await askWithKey(shelves, ask('two'));
  expect(given).not.toBe((await unanswered(shelves))[0]!.x);
});

test('a server in trouble and a portal are no answer', async () => {
  for (const cause of [new Problem(503, 'busy', ''), new Problem(403, '', ''), new Problem(0, 'offline', '')]) {
    const shelves = store();
    await expect(askWithKey(shelves, () => Promise.reject(cause))).rejects.toBe(cause);
    expect(await unanswered(shelves)).toHaveLength(1);
  }
});
