import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { en as consoleEn } from '../console/words/en';
import { zh as consoleZh } from '../console/words/zh';
import { en } from './en';
import { zh } from './zh';

const holes = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

/** Each catalogue, and the folders whose code may speak it. */
const CATALOGUES = [
  { name: 'tablet and forms', zh, en, without: /^(i18n|console)/ },
  { name: 'console', zh: consoleZh, en: consoleEn, without: /^(i18n|tablet|form|ui|console\/words)/ },
] as { name: string; zh: Record<string, string>; en: Record<string, string>; without: RegExp }[];

test.each(CATALOGUES)('both languages fill the same holes: $name', ({ zh, en }) => {
  for (const key of Object.keys(zh)) {
    for (const form of en[key]!.split(' || ')) expect(holes(form), key).toEqual(holes(zh[key]!));
  }
});

test.each(CATALOGUES)('no message is forgotten in the catalogue: $name', ({ zh, without }) => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => /\.(vue|ts)$/.test(name) && !without.test(name));
  const written = sources.map((name) => readFileSync(`src/${name}`, 'utf8')).join('\n');
  // Keys that are put together: t(`mark.${kind}`).
  const prefixes = [...written.matchAll(/t\(`([\w.]+\.)\$\{/g)].map((found) => found[1]!);
  const isUsed = (key: string) => written.includes(`'${key}'`) || prefixes.some((prefix) => key.startsWith(prefix));
  expect(Object.keys(zh).filter((key) => !isUsed(key))).toEqual([]);
});
