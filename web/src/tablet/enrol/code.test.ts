import { expect, test } from 'vitest';
import { CODE_LENGTH, codeIn } from './code';

const CODE = 'MZXW6YTBOI5DCNBRGAYTSOBXQI';

test('a code is found in what is scanned or typed', () => {
  expect(CODE).toHaveLength(CODE_LENGTH);
  expect(codeIn(CODE)).toBe(CODE);
  expect(codeIn(` ${CODE.toLowerCase()} `)).toBe(CODE);
  expect(codeIn(`https://192.168.1.10:8443/tablet/?code=${CODE}`)).toBe(CODE);
  expect(codeIn(CODE.match(/.{1,4}/g)!.join(' - '))).toBe(CODE);
  expect(codeIn('ＭＺＸＷ')).toBe('MZXW');
});

test('digits that a code does not have are the letters they look like', () => {
  expect(codeIn(CODE.replaceAll('O', '0').replaceAll('I', '1').replaceAll('B', '8'))).toBe(CODE);
  expect(codeIn(CODE.slice(0, 20))).toHaveLength(20);
});
