/** The guides' pictures: all there, all shown, and each of a screen that a walk goes by. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PICTURES, picturesOf } from './guide.mjs';

const walks = ['console', 'tablet', 'stage'].flatMap((part) =>
  readdirSync(new URL(part, import.meta.url)).filter((name) => name.endsWith('.ts')).map((name) => readFileSync(new URL(`${part}/${name}`, import.meta.url), 'utf8')),
);

test('the guides show every picture there is, and there is every one they show', () => {
  const there = readdirSync(PICTURES, { recursive: true }).map(String).filter((name) => name.endsWith('.webp'));
  expect(there.sort()).toEqual(picturesOf());
});

test('each is of a screen that a walk goes by, in the language of its guide', () => {
  for (const picture of picturesOf()) {
    const [language, file] = picture.split('/') as [string, string];
    expect(existsSync(new URL(`../../docs/guide/console${language === 'en' ? '' : `.${language}`}.md`, import.meta.url)), picture).toBe(true);
    const screen = file.replace(/^(console|screen)-|\.webp$/g, '');
    expect(walks.some((walk) => walk.includes(`'${screen}'`)), picture).toBe(true);
  }
});
