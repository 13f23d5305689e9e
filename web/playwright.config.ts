import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'e2e',
  testMatch: ['tablet/*.spec.ts', 'console/*.spec.ts'],
  // Each test starts its own server and browser; two cores carry two of them.
  workers: 2,
  timeout: 180_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  forbidOnly: true,
});
