/** Every screen, in both languages and from right to left: seen by people, and by axe. */

import { AxeBuilder } from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import { Server } from '../stage/server';
import { Tablet, type Language } from '../stage/tablet';
import { throughHousehold } from '../stage/walk';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];

const PASSES: { name: string; language: Language; isMirrored: boolean }[] = [
  { name: 'in Chinese', language: 'zh-CN', isMirrored: false },
  { name: 'in English', language: 'en', isMirrored: false },
  { name: 'from right to left', language: 'en', isMirrored: true },
];

let server: Server;
test.beforeAll(async () => (server = await Server.start()));
test.afterAll(() => server.remove());

for (const { name, language, isMirrored } of PASSES) {
  test(`every screen ${name}`, async () => {
    const tablet = await Tablet.start(server.address, language);
    const { page } = tablet;
    const seen = async (what: string) => {
      await tablet.shot(`screen-${what}`);
      const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
      expect(violations.map((one) => `${what}: ${one.id} ${one.nodes[0]?.html}`)).toEqual([]);
      // Nothing runs out of the screen sideways, whatever the size of letters.
      const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(width, what).toBeLessThanOrEqual(0);
    };
    try {
      await tablet.open();
      if (isMirrored) {
        await page.evaluate(() => localStorage.setItem('ruhu.mirror', 'yes'));
        await page.reload();
      }
      await expect(page.locator('html')).toHaveAttribute('dir', isMirrored ? 'rtl' : 'ltr');
      await expect(page.locator('html')).toHaveAttribute('lang', language);
      await page.waitForSelector('input[name=code]');
      await seen('enrol');
      await page.fill('input[name=code]', server.code('cadre'));
      await tablet.setPin();
      await tablet.isReady(104);
      await expect(page.getByText(tablet.words('待办任务', 'To do')).first()).toBeVisible();
      await seen('today');
      await tablet.tab('农户', 'Households');
      await expect(page.locator('ul.list a').nth(20)).toBeVisible();
      await seen('households');
      await tablet.link('村庄示意图', 'Village outline').click();
      await page.locator('.board svg').waitFor();
      expect(await pointsTo(await page.locator('.head .turn').screenshot(), page), 'the way back').toBe(isMirrored ? 'right' : 'left');
      await seen('outline');
      await page.getByRole('button', { name: tablet.words('返回', 'Back') }).click();
      await throughHousehold(tablet, seen);
      await tablet.button('下一页', 'Next').click();
      await seen('visit');
      await page.getByText(tablet.words('同意', 'Agrees'), { exact: true }).click();
      await tablet.button('下一页', 'Next').click();
      await tablet.button('下一页', 'Next').click();
      await seen('visit-problems');
      await tablet.button('放弃', 'Discard').click();
      await seen('discard');
      await page.locator('dialog[open] button.primary').click();
      await expect(page.getByRole('heading', { name: tablet.words('基本情况', 'The household') })).toBeVisible();
      await tablet.tab('同步', 'Sync');
      await seen('sync');
      await page.goto(`${server.address}/tablet/conflicts`);
      await tablet.unlock();
      await page.waitForSelector('nav.tabs');
      await seen('conflicts');
      await tablet.tab('我的', 'Me');
      await seen('me');
      await page.getByRole('button', { name: '200 %' }).click();
      await seen('me-large');
      await tablet.tab('今日', 'Today');
      await seen('today-large');
      await tablet.tab('我的', 'Me');
      await tablet.button('现在锁屏', 'Lock now').click();
      await page.waitForSelector('input[name=pin]');
      await seen('unlock');
      expect(tablet.complaints).toEqual([]);
    } finally {
      await tablet.remove();
    }
  });
}

/** Where the arrow in a picture points to: where its ink is in the middle of its height. */
function pointsTo(picture: Buffer, page: Page): Promise<'left' | 'right'> {
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d')!;
    context.drawImage(image, 0, 0);
    const { data, width, height } = context.getImageData(0, 0, image.width, image.height);
    const rows: number[][] = [];
    for (let y = 0; y < height; y += 1) {
      const inked = Array.from({ length: width }, (_, x) => x).filter((x) => data[(y * width + x) * 4]! < 128);
      if (inked.length > 0) rows.push(inked);
    }
    const middle = (row: number[]) => row.reduce((sum, x) => sum + x, 0) / row.length;
    return middle(rows[Math.floor(rows.length / 2)]!) < middle(rows[0]!) ? 'left' : 'right';
  }, picture.toString('base64'));
}
