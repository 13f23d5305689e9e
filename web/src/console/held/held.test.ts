import { expect, test, vi } from 'vitest';
import { firstOf, typedAs, type Entry, type Held } from './held';

// What a page has and a test's runner has not.
vi.hoisted(() => {
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
  vi.stubGlobal('document', { documentElement: {}, createElement: () => ({}) });
  vi.stubGlobal('navigator', { language: 'zh-CN' });
  vi.stubGlobal('location', { origin: 'http://here' });
});

/** A server that gives pages of these lengths, and then an empty one. */
function pages(...lengths: number[]) {
  const asked: (string | undefined)[] = [];
  let seq = 0;
  const page = async (after: string | undefined) => {
    asked.push(after);
    return Array.from({ length: lengths[asked.length - 1] ?? 0 }, () => ({ incarnation: 'i', seq: ++seq }) as unknown as Held);
  };
  return { page, asked };
}

test('a page that is short hides nothing: what comes after it is asked for until there is none', async () => {
  const { page, asked } = pages(200, 3, 40);
  expect(await firstOf(400, page)).toMatchObject({ all: { length: 243 }, hasMore: false });
  expect(asked).toEqual([undefined, 'i/200', 'i/203', 'i/243']);
  expect(await firstOf(200, pages(150, 60, 7).page)).toMatchObject({ all: { length: 210 }, hasMore: true });
  expect(await firstOf(200, pages().page)).toEqual({ all: [], hasMore: false });
});

test('what is put right at a desk is read as on a tablet', () => {
  const read = (type: string, words: string) => typedAs({ type } as Entry, words);
  expect(read('integer', '１２')).toBe(12);
  expect(read('money', '1,200.50')).toBe(120_050);
  expect(read('phone', '１３９０００００００１')).toBe('13900000001');
  for (const words of ['0x10', '1e3', '4.5', '十二']) expect(read('count', words), words).toBeUndefined();
  expect(read('money', '1.005')).toBeUndefined();
  expect(read('text', ' ')).toBeNull();
});
