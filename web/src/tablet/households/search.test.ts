import { expect, test } from 'vitest';
import type { Line, Mark } from '../store/types';
import { inOrder, nothingSought, search, within, type Sought } from './search';

function line(title: string, numbers: string[], address: string, more: Partial<Line> = {}): Line {
  const rest = { people: [], kinds: [], members: 1, marks: [], visited: null, missed: null, place: null, holdings: {} };
  return { id: title, scope: 'area:1', isHousehold: true, title, numbers, address, ...rest, ...more };
}
const mark = (kind: Mark['kind']): Mark => ({ kind, id: kind, title: kind });

const LINES = [
  line('王大山', ['52990119700101123X', '13900008000'], '10 组 2 号', { people: ['刘桂花', '王小明'], kinds: ['poor', 'watched'] }),
  line('李小红', ['529901198001014567'], '2 组 1 号', { visited: '2026-11-03', marks: [mark('finding')], kinds: ['poor'] }),
  line('王小龙', ['529901199001010001'], '2 组 10 号', { scope: 'area:2', visited: '2026-10-30', marks: [mark('task'), mark('finding')] }),
];
const look = (sought: Partial<Sought>) => search(inOrder(LINES), { ...nothingSought(), ...sought }, '2026-11');
const found = (words: string, more: Partial<Sought> = {}) => look({ words, ...more }).map(({ line }) => line.title);

test('households are found by whatever is remembered of them', () => {
  expect(found('小')).toEqual(['李小红', '王大山', '王小龙']);
  expect(found('wds')).toEqual(['王大山']);
  expect(found('Wang Da')).toEqual(['王大山']);
  expect(found('dashan')).toEqual(['王大山']);
  expect(found('2 组')).toEqual(['李小红', '王小龙']);
  expect(found('2组')).toEqual(['李小红', '王小龙']);
  expect(found('2组10号')).toEqual(['王小龙']);
});

test('by their members, and it is told by whom', () => {
  expect(look({ words: '刘桂花' })).toMatchObject([{ line: { title: '王大山' }, member: '刘桂花' }]);
  expect(look({ words: 'guihua' })).toMatchObject([{ line: { title: '王大山' }, member: '刘桂花' }]);
  expect(look({ words: 'wxm' })).toMatchObject([{ member: '王小明' }]);
  expect(look({ words: '王大' })).toMatchObject([{ member: '' }]);
});

test('by numbers: all of one, its end, or its beginning', () => {
  expect(found('123x')).toEqual(['王大山']);
  expect(found('４５６７')).toEqual(['李小红']);
  expect(found('52990119700101123x')).toEqual(['王大山']);
  expect(found('13900008000')).toEqual(['王大山']);
  expect(found('139 0000 8000')).toEqual(['王大山']);
  expect(found('529901')).toHaveLength(3);
  expect(found('970')).toEqual([]);
  expect(found('13900008001')).toEqual([]);
});

test('letters, figures and brackets of both widths are the same', () => {
  const lines = [line('赵（A）', [], '３ 组')];
  for (const words of ['赵(a)', '赵（Ａ）', '3 组']) expect(search(lines, { ...nothingSought(), words }, '2026-11')).toHaveLength(1);
});

test('a list is narrowed by the kind of household, and by what is open', () => {
  expect(found('', { kind: 'poor' })).toEqual(['李小红', '王大山']);
  expect(found('', { kind: 'watched' })).toEqual(['王大山']);
  expect(found('', { only: ['open'] })).toEqual(['王大山', '王小龙']);
  expect(found('', { only: ['finding'] })).toEqual(['李小红', '王小龙']);
  expect(found('', { only: ['finding', 'open'] })).toEqual(['王小龙']);
  expect(found('', { only: ['task'], kind: 'poor' })).toEqual([]);
});

test('what was sought and is gone narrows nothing', () => {
  const sought = { words: '王', scope: 'area:2', kind: 'watched', only: [] };
  expect(within(sought, LINES)).toEqual(sought);
  const left = LINES.slice(1, 2);
  expect(within(sought, left)).toEqual({ words: '王', scope: '', kind: '', only: [] });
});

test('they stand as one walks through the village', () => {
  expect(found('')).toEqual(['李小红', '王大山', '王小龙']);
  expect(found('', { scope: 'area:2' })).toEqual(['王小龙']);
});
