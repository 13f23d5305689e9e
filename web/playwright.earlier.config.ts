import { defineConfig } from '@playwright/test';

/** What later builds are to open, made by this one: `make fixtures`. */
export default defineConfig({
  testDir: 'e2e/earlier',
  testMatch: 'make.ts',
  workers: 1,
  timeout: 600_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
});
