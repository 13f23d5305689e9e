import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
// @ts-expect-error a script without types
import { types } from '../../scripts/types.mjs';

test('the types are those of the API as it is described: else run `npm run types`', async () => {
  expect(readFileSync('src/api/schema.d.ts', 'utf8')).toBe(await types());
}, 60_000);
