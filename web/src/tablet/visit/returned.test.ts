import { expect, test } from 'vitest';
import type { Json, Seen } from '../store/types';
import { lastWords, remarksAbout, type Note } from './returned';

const visit = (notes: Note[] | null): Seen => ({ id: 'v', collection: 'visit', scope: 'area:1', fields: { status: 'returned', notes: notes as unknown as Json } });

test('the reason of the return is the last word with an author, not what the tablet adds', () => {
  const notes = [
    { text: '地址对不上', author: 'a', at: 1 },
    { text: '照片看不清，请重拍', author: 'b', at: 2 },
    { text: '刚写的' },
  ];
  expect(lastWords(visit(notes))).toEqual({ text: '照片看不清，请重拍', author: 'b', at: 2 });
  expect(lastWords(visit([]))).toBeUndefined();
  expect(lastWords(visit(null))).toBeUndefined();
});

test('what is asked at a question is a reviewer’s open word, never a machine’s doubt', () => {
  const finding = (id: string, rule: string, status: string, place: string): Seen => ({
    id,
    collection: 'finding',
    scope: 'area:1',
    fields: { subject: 'v', rule, status, place, message: { 'zh-CN': id, en: id } },
  });
  const seen = [
    finding('几口人？', 'review/comment', 'open', '/data/persons'),
    finding('早就改了', 'review/comment', 'corrected', '/data/water'),
    finding('离户址 3 公里', 'photo/far', 'open', ''),
  ];
  expect(remarksAbout(seen, 'v')).toEqual([{ place: '/data/persons', words: { 'zh-CN': '几口人？', en: '几口人？' } }]);
});
