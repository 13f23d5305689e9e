/** A tablet that an earlier build left with unsent work goes on with this one, and hands it over. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { all, inTheBrowser, REASON } from '../earlier/kept';
import { about, read, type RecordView } from '../stage/county';
import { RUHU, Server, until, type Caller } from '../stage/server';
import { Tablet } from '../stage/tablet';

const FIXTURES = resolve('../tests/fixtures');
const made = readdirSync(FIXTURES).filter((one) => existsSync(join(FIXTURES, one, 'tablet.tar.zst'))).sort();

interface Kept {
  origin: string;
  pin: string;
  returned: string;
  unsent: { household: string; well: string };
  draft: { well: string };
  address: { household: string; words: string };
  told: string;
}

/** A server of this build on what it restored from the fixture's backup. */
async function restored(fixture: string): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'ruhu-e2e-'));
  execFileSync('tar', ['--zstd', '-xf', join(fixture, 'sqlite.tar.zst'), '-C', folder]);
  for (const part of readdirSync(folder).filter((one) => one.startsWith('ruhu.sqlite'))) rmSync(join(folder, part));
  const [backup] = readdirSync(join(folder, 'backups'));
  execFileSync(RUHU, ['restore', join(folder, 'backups', backup!), '--data', folder]);
  const server = await Server.on(folder);
  // However long ago it was: the tablet was in the office last week.
  server.sql('UPDATE sessions SET expires_at = expires_at + 100 * 365 * 86400 * 1000000');
  return server;
}

async function arrivesWithPhoto(supervisor: Caller, household: string | null, well: string): Promise<void> {
  const found = async () => {
    const visits = household ? await about(supervisor, 'visit', household) : await all(supervisor, 'visit');
    return visits.filter((one) => (one.fields['3'] as { well?: string } | undefined)?.well === well);
  };
  await until(async () => (await found()).length > 0);
  const visits = await found();
  expect(visits).toHaveLength(1);
  const [photo] = (visits[0]!.fields['8'] ?? []) as string[];
  const bytes = async () => new Uint8Array(await supervisor.bytes(`/api/v1/media/${photo}?reason=${REASON}`));
  await until(async () => createHash('sha256').update(await bytes()).digest('hex') === photo);
}

for (const name of made) {
  test(`the tablet of ${name} hands over what it had not sent`, async () => {
    const fixture = join(FIXTURES, name);
    const kept = (JSON.parse(readFileSync(join(fixture, 'expected.json'), 'utf8')) as { tablet: Kept }).tablet;
    const server = await restored(fixture);
    const tablet = await Tablet.start(kept.origin, 'zh-CN', inTheBrowser(server.port), join(fixture, 'tablet.tar.zst'));
    const { page } = tablet;
    try {
      // The app that is on the tablet opens, finds this build's, and gives way to it while it is locked.
      await tablet.open();
      await expect(page.locator('input[name=pin]')).toBeVisible();
      const script = () => page.evaluate(() => document.querySelector<HTMLScriptElement>('script[type=module]')!.getAttribute('src'));
      const [, newest] = /<script type="module"[^>]* src="([^"]+)"/.exec(await (await fetch(`${server.address}/tablet/`)).text())!;
      if ((await script()) !== newest) {
        const reloaded = page.waitForEvent('load');
        await page.evaluate(async () => {
          const worker = await navigator.serviceWorker.ready;
          navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
          const take = () => worker.waiting?.postMessage('take');
          worker.addEventListener('updatefound', () => worker.installing?.addEventListener('statechange', take));
          worker.installing?.addEventListener('statechange', take);
          await worker.update();
          take();
        });
        await reloaded;
      }
      await expect(page.locator('input[name=pin]')).toBeVisible();
      expect(await script(), 'it is the app of this build').toBe(newest);
      await page.fill('input[name=pin]', kept.pin);
      await page.keyboard.press('Enter');
      await expect(page.locator('nav.tabs')).toBeVisible();

      const supervisor = await server.as('supervisor');
      await arrivesWithPhoto(supervisor, kept.unsent.household, kept.unsent.well);
      await until(async () => (await about(supervisor, 'notice', kept.told)).some((one) => one.status === 'signed'));
      // Two people had written an address: one stands, and the other is not lost.
      await until(async () => {
        const disputed = (one: RecordView) => JSON.stringify(one.fields).includes(kept.address.words);
        return disputed(await read(supervisor, kept.address.household)) || (await all(supervisor, 'conflict')).some(disputed);
      });
      expect((await read(supervisor, kept.returned)).status).toBe('returned');
      await tablet.tab('今日', 'Today');
      await page.locator('section').filter({ hasText: '未完成的走访' }).getByRole('link').first().click();
      await expect(tablet.question('/data/well').getByRole('textbox')).toHaveValue(kept.draft.well);
      await expect(tablet.question('/data/picture').getByRole('img')).toBeVisible();
      await tablet.button('下一页', 'Next').click();
      await tablet.button('提交', 'Hand in').click();
      await arrivesWithPhoto(supervisor, null, kept.draft.well);
      expect(tablet.complaints).toEqual([]);
    } finally {
      await tablet.remove();
      await server.remove();
    }
  });
}
