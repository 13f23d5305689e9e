import { expect, test } from 'vitest';
import { soundOf, syllable } from './pinyin';

test('common names are found by their sound and by their initials', () => {
  expect(soundOf('王大山')).toBe('wangdashan wds');
  expect(soundOf('李小红')).toBe('lixiaohong lxh');
  expect(soundOf('吕志强')).toBe('lvzhiqiang lzq');
});

test('a surname has its own reading beside the common one', () => {
  expect(soundOf('曾明')).toContain('zengming zm');
  expect(soundOf('单雄')).toContain('shanxiong sx');
});

test('what is no character stays what it is, and signs are left out', () => {
  expect(soundOf('A 组（虚构）')).toBe('azuxugou azxg');
  expect(soundOf('')).toBe('');
  expect(syllable('Z')).toBe('z');
});

test('every common character has a syllable', () => {
  for (const one of '赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章') {
    expect(syllable(one)).toMatch(/^[a-z]{2,6}$/);
  }
});
