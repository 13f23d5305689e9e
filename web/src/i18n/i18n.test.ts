import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { en } from './en';
import { zh } from './zh';

const holes = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

test('both languages fill the same holes', () => {
  for (const key of Object.keys(zh) as (keyof typeof zh)[]) {
    for (const form of en[key].split(' || ')) expect(holes(form), key).toEqual(holes(zh[key]));
  }
});

test('no message is forgotten in the catalogue', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => /\.(vue|ts)$/.test(name) && !name.startsWith('i18n'));
  const written = sources.map((name) => readFileSync(`src/${name}`, 'utf8')).join('\n');
  // Keys that are put together: t(`mark.${kind}`).
  const prefixes = [...written.matchAll(/t\(`([\w.]+\.)\$\{/g)].map((found) => found[1]!);
  const isUsed = (key: string) => written.includes(`'${key}'`) || prefixes.some((prefix) => key.startsWith(prefix));
  expect(Object.keys(zh).filter((key) => !isUsed(key))).toEqual([]);
});
