/** The app on phones and with large letters: nothing runs out of the screen, and no name is squeezed. */

import { expect, test, type Page } from '@playwright/test';
import { Server } from '../stage/server';
import { photo } from '../stage/pictures';
import { Tablet } from '../stage/tablet';
import { throughHousehold } from '../stage/walk';

let server: Server;
test.beforeAll(async () => (server = await Server.start()));
test.afterAll(() => server.remove());

const WIDTHS = [390, 360];
const SIZES = [100, 125, 150];

/** What is wider than its place, and what has letters one below the other. */
async function squeezed(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const boxes = [document.documentElement, ...document.querySelectorAll<HTMLElement>('.body, .head, .foot, .tabs, .gate, dialog[open], .item, .strip, .card')];
    for (const box of boxes) {
      if (box.scrollWidth > box.clientWidth + 1) found.push(`${box.className || box.tagName} is ${box.scrollWidth} of ${box.clientWidth}: ${box.textContent!.trim().slice(0, 30)}`);
    }
    const letter = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    for (const words of document.querySelectorAll<HTMLElement>('strong, h1, h2, h3, .hint, .grow, label, button, dt, dd, p')) {
      const text = words.innerText.trim();
      const { width, height } = words.getBoundingClientRect();
      // Three letters and more, on more lines than a third of them.
      if (text.length < 3 || height === 0 || words.closest('svg, .hidden')) continue;
      if (width < 2 * letter && height > 2.5 * letter) found.push(`“${text.slice(0, 20)}” is ${Math.round(width)} wide and ${Math.round(height)} high`);
    }
    return found;
  });
}

for (const language of ['zh-CN', 'en'] as const) {
  test(`every screen fits a phone, ${language}`, async () => {
    const tablet = await Tablet.start(server.address, language);
    const { page } = tablet;
    const seen = async (what: string) => {
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 780 });
        for (const size of SIZES) {
          await page.evaluate((percent) => dispatchEvent(new CustomEvent('ruhu:size', { detail: percent })), size);
          await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
          expect.soft(await squeezed(page), `${what}, ${width} px, ${size} %`).toEqual([]);
          if (width === 360 && size !== 125) await tablet.shot(`phone-${what}-${size}`);
        }
      }
      await page.evaluate(() => dispatchEvent(new CustomEvent('ruhu:size', { detail: 100 })));
    };
    try {
      await tablet.open();
      await page.waitForSelector('input[name=code]');
      await tablet.button('绑定', 'Enrol').click();
      await seen('enrol');
      await page.fill('input[name=code]', server.code('cadre'));
      await tablet.setPin();
      await tablet.isReady(104);
      await seen('today');
      await tablet.tab('农户', 'Households');
      await expect(page.locator('ul.list a').nth(20)).toBeVisible();
      await seen('households');
      await page.getByRole('searchbox').fill('li');
      await seen('found');
      await page.getByRole('button', { name: tablet.words('清除条件', 'Show all') }).click();
      await tablet.link('村庄示意图', 'Village outline').click();
      await page.locator('.board svg').waitFor();
      await seen('outline');
      await page.getByRole('button', { name: tablet.words('返回', 'Back') }).click();
      await throughHousehold(tablet, seen);
      await seen('visit');
      const next = tablet.button('下一页', 'Next');
      await next.click();
      await seen('visit-2');
      await page.getByText(tablet.words('同意', 'Agrees'), { exact: true }).click();
      await next.click();
      await next.click();
      await seen('visit-problems');
      for (const question of await page.locator('.question').all()) await question.getByText(tablet.words('是', 'Yes'), { exact: true }).click();
      await next.click();
      await expect(tablet.question('/data/photo')).toBeVisible();
      await tablet.question('/data/photo').locator('input[type=file]').setInputFiles({ name: 'house.jpg', mimeType: 'image/jpeg', buffer: await photo(page, 1) });
      await expect(tablet.question('/data/photo').locator('img.taken')).toBeVisible();
      await seen('visit-photo');
      await next.click();
      await seen('visit-photos');
      await next.click();
      await next.click();
      await expect(tablet.button('提交', 'Hand in')).toBeVisible();
      await seen('visit-check');
      await page.locator('.head button').first().click();
      await tablet.tab('同步', 'Sync');
      await seen('sync');
      await tablet.tab('我的', 'Me');
      await seen('me');
      await tablet.button('现在锁屏', 'Lock now').click();
      await page.waitForSelector('input[name=pin]');
      await seen('unlock');
      expect(tablet.complaints).toEqual([]);
    } finally {
      await tablet.remove();
    }
  });
}
