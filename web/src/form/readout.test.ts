import { expect, test } from 'vitest';
import { labelsOf, linesOf } from './readout';
import type { Item } from './types';

const FORM: Item[] = [
  {
    type: 'group',
    path: '/data/home',
    label: '住房',
    children: [
      { type: 'select_one', path: '/data/home/safe', label: '安全吗？', value: 'no', choices: [{ value: 'no', label: '否' }] },
      { type: 'image', path: '/data/home/front', label: '房屋正面', value: 'a.jpg' },
      { type: 'note', path: '/data/home/hint', label: '只看不答' },
    ],
  },
  {
    type: 'repeat',
    path: '/data/more',
    parent: '/data',
    name: 'more',
    label: '其他照片',
    counted: false,
    instances: [
      {
        path: '/data/more[1]',
        children: [
          { type: 'select_one', path: '/data/more[1]/what', label: '拍的是什么', value: 'kitchen', choices: [{ value: 'kitchen', label: '厨房' }] },
          { type: 'image', path: '/data/more[1]/photo', label: '照片', value: 'b.jpg' },
        ],
      },
      { path: '/data/more[2]', children: [{ type: 'image', path: '/data/more[2]/photo', label: '照片', value: 'c.jpg' }] },
      {
        path: '/data/more[3]',
        children: [
          { type: 'image', path: '/data/more[3]/photo', label: '照片', value: 'd.jpg' },
          { type: 'select_one', path: '/data/more[3]/what', label: '拍的是什么', value: 'other', choices: [{ value: 'other', label: '其他' }] },
          { type: 'text', path: '/data/more[3]/detail', label: '具体说明', value: '后山塌方' },
        ],
      },
    ],
  },
];

test('answers are read as they were asked', () => {
  expect(linesOf(FORM).map(({ within, label, text }) => [within, label, text])).toEqual([
    ['住房', '安全吗？', '否'],
    ['住房', '房屋正面', 'a.jpg'],
    ['其他照片 1', '拍的是什么', '厨房'],
    ['其他照片 1', '照片', 'b.jpg'],
    ['其他照片 2', '照片', 'c.jpg'],
    ['其他照片 3', '照片', 'd.jpg'],
    ['其他照片 3', '拍的是什么', '其他'],
    ['其他照片 3', '具体说明', '后山塌方'],
  ]);
});

test('a photo is called by its question, and among several by what was chosen beside it', () => {
  expect([...labelsOf(FORM)]).toEqual([
    ['a.jpg', '房屋正面'],
    ['b.jpg', '厨房'],
    ['c.jpg', '照片'],
    ['d.jpg', '后山塌方'],
  ]);
});
