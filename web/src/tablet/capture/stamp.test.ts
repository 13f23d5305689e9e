import { expect, test } from 'vitest';
import { broken } from './stamp';

test('a line that has no room is broken, and nothing of it is lost', () => {
  const fits = (text: string) => text.length <= 6;
  expect(broken('桃源村（虚构）三组', fits)).toEqual(['桃源村（虚构', '）三组']);
  expect(broken('abcdef gh', fits)).toEqual(['abcdef', 'gh']);
  expect(broken('短', fits)).toEqual(['短']);
  expect(broken('', fits)).toEqual([]);
  // A single character that is too wide is still there.
  expect(broken('宽宽', () => false)).toEqual(['宽', '宽']);
});
