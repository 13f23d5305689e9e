import { expect, test } from 'vitest';
import type { Line } from '../store/types';
import { soundOf } from './pinyin';
import { inOrder, search } from './search';

function line(title: string, tails: string, address: string, scope = 'area:1'): Line {
  return { id: title, scope, isHousehold: true, title, sound: soundOf(title), tails, address, kind: '', members: 1, marks: [], visited: null, place: null, holdings: {} };
}

const LINES = [line('王大山', '123X 8000', '10 组 2 号'), line('李小红', '4567', '2 组 1 号'), line('王小龙', '0001', '2 组 10 号', 'area:2')];
const found = (words: string, scope = '') => search(inOrder(LINES), words, scope).map((one) => one.title);

test('households are found by whatever is remembered of them', () => {
  expect(found('小')).toEqual(['李小红', '王小龙']);
  expect(found('wds')).toEqual(['王大山']);
  expect(found('Wang Da')).toEqual(['王大山']);
  expect(found('123x')).toEqual(['王大山']);
  expect(found('４５６７')).toEqual(['李小红']);
  expect(found('2 组')).toEqual(['李小红', '王小龙']);
});

test('letters, figures and brackets of both widths are the same', () => {
  const lines = [line('赵（A）', '', '３ 组')];
  expect(search(lines, '赵(a)', '')).toHaveLength(1);
  expect(search(lines, '赵（Ａ）', '')).toHaveLength(1);
  expect(search(lines, '3 组', '')).toHaveLength(1);
});

test('they stand as one walks through the village', () => {
  expect(found('')).toEqual(['李小红', '王大山', '王小龙']);
  expect(found('', 'area:2')).toEqual(['王小龙']);
});
