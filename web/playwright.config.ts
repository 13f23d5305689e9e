import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'e2e',
  testMatch: ['tablet/*.spec.ts', 'console/*.spec.ts'],
  // Each test starts its own server and browser; two cores carry two of them.
  workers: 2,
  // A slow machine, or one that does something else beside, is no fault of what is tested.
  timeout: 420_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  forbidOnly: true,
});
