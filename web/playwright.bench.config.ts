import { defineConfig } from '@playwright/test';

/** What is measured in a browser: `make bench-web`. */
export default defineConfig({
  testDir: 'e2e/bench',
  workers: 1,
  timeout: 900_000,
  reporter: [['list']],
});
