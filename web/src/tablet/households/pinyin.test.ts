import { expect, test } from 'vitest';
import { soundsLike, soundsOf, syllable } from './pinyin';

const like = (name: string, typed: string) => soundsLike(soundsOf(name), typed);

test('names are spelled by their sound', () => {
  expect(soundsOf('王大山')).toEqual([['wang', 'da', 'shan']]);
  expect(soundsOf('吕志强')).toEqual([['lv', 'zhi', 'qiang']]);
  expect(soundsOf('')).toEqual([]);
});

test('surnames have their own reading beside the common one', () => {
  expect(like('曾明', 'zengming')).toBe(true);
  expect(like('曾明', 'cengming')).toBe(true);
  expect(like('单雄', 'sx')).toBe(true);
});

test('a name is found by all of its sound, by its end, by initials, and by a mixture', () => {
  for (const typed of ['wangdashan', 'wang', 'wangd', 'wds', 'w', 'dashan', 'ds', 'dsh', 'shan', 'wangds', 'wdashan', 'wdsh']) {
    expect(like('王大山', typed), typed).toBe(true);
  }
  for (const typed of ['wdx', 'wangshan', 'ashan', 'ng', 'wangdashann', 'ws']) expect(like('王大山', typed), typed).toBe(false);
  // What comes before it is not typed: 欧阳 is no 阳.
  expect(like('欧阳春', 'oyc')).toBe(true);
  expect(like('欧阳春', 'yangchun')).toBe(true);
});

test('what is no Chinese stays what it is', () => {
  expect(soundsOf('A 组（虚构）')).toEqual([['a', 'zu', 'xu', 'gou']]);
  expect(syllable('Z')).toBe('z');
});

test('every common character has a syllable', () => {
  for (const one of '赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章') {
    expect(syllable(one)).toMatch(/^[a-z]{2,6}$/);
  }
});
