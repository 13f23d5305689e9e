import { expect, test } from 'vitest';
import type { Json, Seen } from '../store/types';
import { readFileSync } from 'node:fs';
import { base64, unhex } from '../../api/bytes';
import { NotCbor, readCbor } from './cbor';
import { readNotice, toldAlready, type Offered, type Signed } from './signed';

const notice = (id: string, signed_at: number, fields: Record<string, Json> = {}): Seen => ({
  id,
  collection: 'notice',
  scope: 'area:1',
  fields: { signed_at, ...fields },
});
const records = new Map<string, string[]>();
const read = ({ id }: Seen) => ({ name: 'student_aid', records: records.get(id) ?? [] }) as unknown as Signed & { name: string };
const offered = (about: string | null): Offered => ({ name: 'student_aid', about });

test('what was signed for is told already, and only that', () => {
  records.set('1', ['h', 'a', 'b']);
  const signed = notice('1', 5, { about: 'a' });
  expect(toldAlready(offered('a'), [signed], read)?.id).toBe('1');
  // The text lists the other as well, but that is not what it tells of.
  expect(toldAlready(offered('b'), [signed], read)).toBeUndefined();
  expect(toldAlready({ ...offered('a'), name: 'chronic_card' }, [signed], read)).toBeUndefined();
});

test('an older one does not say which of several it told of: it counts for each', () => {
  records.set('1', ['h', 'a']);
  expect(toldAlready(offered('a'), [notice('1', 5)], read)?.id).toBe('1');
  expect(toldAlready(offered('b'), [notice('1', 5)], read)).toBeUndefined();
});

test('of those that replace one another the last stands', () => {
  const all = [notice('1', 5, { about: 'a' }), notice('2', 9, { about: 'a', supersedes: '1' })];
  expect(toldAlready(offered('a'), all, read)?.id).toBe('2');
});

/** What the engine writes, as its own tests hold it. */
function written(name: string): Uint8Array<ArrayBuffer> {
  const snapshot = readFileSync(`../mobile-schema/src/notice/snapshots/mobile_schema__notice__canonical__tests__${name}.snap`, 'utf8');
  return unhex(snapshot.trim().split('\n').at(-1)!.trim());
}
const recorded = (bytes: Uint8Array) => notice('1', 5, { content: base64(bytes) });

test('what was signed is read as the engine wrote it', () => {
  const first = readNotice(recorded(written('the_bytes_are_what_they_always_were')));
  expect(first).toMatchObject({ text: '资助告知书', language: 'zh-CN', outcome: 'signed', relative: null, witness: null, records: [] });
  expect(first.strokes).toEqual([[[0, 0], [150, -20]]]);
  const second = readNotice(recorded(written('the_bytes_are_what_they_always_were-2')));
  expect(second).toMatchObject({ relative: { name: '王芳', relation: '女儿' }, witness: { name: '李四', strokes: [[[1, 2]]] } });
  expect(second.records).toEqual(['07070707-0707-0707-0707-070707070707']);
});

test('bytes that are cut off, too long or something else are read as nothing', () => {
  const whole = written('the_bytes_are_what_they_always_were-2');
  for (let length = 0; length < whole.length; length += 1) expect(() => readCbor(whole.slice(0, length))).toThrow();
  expect(() => readCbor(Uint8Array.of(...whole, 0))).toThrow(NotCbor);
  expect(() => readCbor(Uint8Array.of(0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))).toThrow(NotCbor);
  expect(readCbor(Uint8Array.of(0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))).toBeGreaterThan(2 ** 63);
  expect(() => readCbor(new Uint8Array(100).fill(0x81))).toThrow(NotCbor);
  expect(() => readNotice(recorded(Uint8Array.of(1)))).toThrow(NotCbor);
});
