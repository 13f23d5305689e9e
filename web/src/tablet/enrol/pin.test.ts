import { expect, test } from 'vitest';
import { faultOf } from './pin';

test('what everybody would try first is no PIN', () => {
  for (const pin of ['123456', '654321', '000000', '888888', '111112', '121212', '123123', '147258', '5201314', '12345678', 'abcdef', 'PASSWORD']) {
    expect(faultOf(pin, pin), pin).toBe('common');
  }
});

test('others are taken, typed twice', () => {
  for (const pin of ['246810', '730291', '19850', '604178', '老王家1985']) {
    expect(faultOf(pin, pin), pin).toBe([...pin].length < 6 ? 'short' : undefined);
  }
  expect(faultOf('730291', '')).toBe('differs');
  expect(faultOf('730291', '730292')).toBe('differs');
  expect(faultOf('', '')).toBe('short');
});
