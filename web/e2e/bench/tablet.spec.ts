/** What the tablet's app costs: bytes, waiting, memory. Prints the table of docs/benchmarks.md. */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { publish } from '../stage/county';
import { Link } from '../stage/link';
import { photo } from '../stage/pictures';
import { Server } from '../stage/server';
import { PIN, Tablet } from '../stage/tablet';
import { grow, longForm } from './county';

const HOUSEHOLDS = Number(process.env['HOUSEHOLDS'] ?? 10_000);
const SLOWER = Number(process.env['SLOWER'] ?? 6);
const VISITS = Number(process.env['VISITS'] ?? 50);
const PHOTOS = Number(process.env['PHOTOS'] ?? 10);

const line = (what: string, figure: string) => console.log(`| ${what} | ${figure} |`);

async function slow(tablet: Tablet, rate: number): Promise<void> {
  const cdp = await tablet.context.newCDPSession(tablet.page);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate });
}

test('first load', async () => {
  const server = await Server.start();
  const tablet = await Tablet.start(server.address);
  try {
    const cdp = await tablet.context.newCDPSession(tablet.page);
    await cdp.send('Network.enable');
    let bytes = 0;
    cdp.on('Network.loadingFinished', (event) => (bytes += event.encodedDataLength));
    await tablet.open();
    await tablet.page.waitForSelector('input[name=code]');
    line('first screen, as it comes over the wire (brotli)', `${Math.round(bytes / 1024)} KB`);
    const all = await tablet.page.evaluate(async () => {
      await navigator.serviceWorker.ready;
      let sum = 0;
      for (const name of await caches.keys()) {
        for (const request of await (await caches.open(name)).keys()) {
          const answer = await fetch(request.url, { method: 'HEAD', cache: 'no-store' });
          sum += Number(answer.headers.get('content-length') ?? 0);
        }
      }
      return sum;
    });
    line('everything, to work without a network', `${Math.round(all / 1024)} KB`);
  } finally {
    await tablet.remove();
    await server.remove();
  }
});

test('many households, and a long form', async () => {
  const server = await Server.start();
  const file = join(mkdtempSync(join(tmpdir(), 'ruhu-bench-')), 'long.md');
  writeFileSync(file, longForm(300));
  await publish(server, file, {});
  await grow(server, HOUSEHOLDS);
  const tablet = await Tablet.start(server.address);
  const { page } = tablet;
  try {
    const begun = Date.now();
    await tablet.enrol(server.code('cadre2'));
    await expect(page.getByRole('link', { name: `去走访（${(HOUSEHOLDS + 52).toLocaleString('zh-CN')} 户）` })).toBeVisible({ timeout: 600_000 });
    line(`fetching ${HOUSEHOLDS} households with 5 members, full speed`, `${((Date.now() - begun) / 1000).toFixed(1)} s`);
    for (const rate of [1, SLOWER]) {
      await page.goto(`${server.address}/tablet/households`);
      await slow(tablet, rate);
      await page.fill('input[name=pin]', PIN);
      // The PIN's own rounds are meant to take long; what follows is the app's.
      const opened = await page.evaluate(async () => {
        const start = performance.now();
        (document.querySelector('button.primary') as HTMLButtonElement).click();
        const shown = (selector: string) =>
          new Promise<number>((told) => {
            const look = () => (document.querySelector(selector) ? told(performance.now() - start) : requestAnimationFrame(look));
            look();
          });
        const list = await shown('ul.list a');
        return { list };
      });
      line(`unlock to a usable list, ${rate}× slower (with the PIN's 600,000 rounds)`, `${Math.round(opened.list)} ms`);
      const sought = await page.evaluate(async () => {
        const field = document.querySelector<HTMLInputElement>('input[type=search]')!;
        const times: number[] = [];
        for (const words of ['王', '王伟', 'wang', 'w', 'wj', '0001', '']) {
          const start = performance.now();
          field.value = words;
          field.dispatchEvent(new Event('input'));
          await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
          times.push(performance.now() - start);
        }
        return Math.max(...times);
      });
      line(`slowest of seven searches, drawn, ${rate}× slower`, `${Math.round(sought)} ms`);
    }
    await page.locator('ul.list a').first().click();
    await page.getByRole('button', { name: '长表' }).waitFor();
    const form = await page.evaluate(async () => {
      const button = [...document.querySelectorAll('button')].find((one) => one.textContent?.includes('长表'))!;
      const start = performance.now();
      button.click();
      while (!document.querySelector('.question input')) await new Promise(requestAnimationFrame);
      return performance.now() - start;
    });
    line(`a form of 300 questions, from the touch to the first question, ${SLOWER}× slower`, `${Math.round(form)} ms`);
    const answers = await page.evaluate(async () => {
      const times: number[] = [];
      const field = document.querySelector<HTMLInputElement>('.question input[type=text]')!;
      for (let at = 0; at < 60; at += 1) {
        const start = performance.now();
        field.value = `答 ${at}`;
        field.dispatchEvent(new Event('input', { bubbles: true }));
        await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
        times.push(performance.now() - start);
      }
      return times.sort((a, b) => a - b);
    });
    line(`an answer in it, drawn, p50 / p95, ${SLOWER}× slower`, `${Math.round(answers[30]!)} / ${Math.round(answers[57]!)} ms`);
    await slow(tablet, 1);
    const cdp = await tablet.context.newCDPSession(page);
    await cdp.send('HeapProfiler.collectGarbage');
    const { metrics } = await cdp.send('Performance.enable').then(() => cdp.send('Performance.getMetrics'));
    const heap = metrics.find((one) => one.name === 'JSHeapUsedSize')!.value;
    line(`JavaScript heap with ${HOUSEHOLDS} households`, `${Math.round(heap / 1024 / 1024)} MB`);
  } finally {
    await tablet.remove();
    await server.remove();
  }
});

test('memory over a day of visits with photos', async () => {
  const server = await Server.start();
  const file = join(mkdtempSync(join(tmpdir(), 'ruhu-bench-')), 'photos.md');
  const rows = ['| text | note | 说明 |', ...['one', 'two', 'three'].map((name) => `| image | ${name} | 照片 ${name} |`)];
  writeFileSync(file, `| survey |\n| | type | name | label |\n${rows.map((row) => `| ${row}`).join('\n')}\n| settings |\n| | form_title | form_id | version |\n| | 照片表 | photos | 1 |\n`);
  await publish(server, file, { note: '试' });
  const tablet = await Tablet.start(server.address);
  const { page } = tablet;
  try {
    await tablet.enrol(server.code('cadre'));
    await tablet.isReady(104);
    const photos: string[] = [];
    for (const seed of [1, 2, 3]) photos.push((await photo(page, seed)).toString('base64'));
    await page.reload();
    await tablet.unlock();
    await page.evaluate(visitsWithPhotos, { photos, visits: VISITS });
    // Whoever watches a page keeps what it loaded: so nobody does.
    await tablet.unwatched(async (title) => {
      let told = -1;
      const mega = () => Math.round(tablet.resident() / 1024 / 1024);
      for (;;) {
        const done = Number(await title());
        if (done !== told && done % 10 === 0) line(`after ${done} visits with 3 photos of 12 megapixels: memory of the app`, `${mega()} MB`);
        told = done;
        if (done >= VISITS) return;
        await new Promise((later) => setTimeout(later, 50));
      }
    });
  } finally {
    await tablet.remove();
    await server.remove();
  }
});

/** Goes on by itself in the page, which tells in its title how many visits are done. */
function visitsWithPhotos({ photos, visits }: { photos: string[]; visits: number }): void {
  const found = async <T extends Element>(look: () => T | null | undefined): Promise<T> => {
    for (;;) {
      const element = look();
      if (element) return element;
      await new Promise((later) => setTimeout(later, 30));
    }
  };
  const click = async (look: () => HTMLElement | null | undefined) => (await found(look)).click();
  const button = (words: string) => () => [...document.querySelectorAll('button')].find((one) => one.textContent?.trim() === words && !one.disabled);
  const files = photos.map((bytes, at) => new File([Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0))], `${at}.jpg`, { type: 'image/jpeg' }));
  const all = async () => {
    for (let visit = 0; visit < visits; visit += 1) {
      document.title = String(visit);
      await click(() => document.querySelector<HTMLElement>('nav.tabs a[href*="households"]'));
      await click(() => document.querySelectorAll<HTMLElement>('ul.list a')[visit % 20]);
      await click(button('照片表'));
      for (const [at, name] of ['one', 'two', 'three'].entries()) {
        const field = () => document.querySelector(`[data-path="/data/${name}"]`);
        const input = await found(() => field()?.querySelector<HTMLInputElement>('input[type=file]'));
        const transfer = new DataTransfer();
        transfer.items.add(files[at]!);
        input.files = transfer.files;
        input.dispatchEvent(new Event('change', { bubbles: true }));
        await found(() => field()?.querySelector('img'));
      }
      await click(button('下一页'));
      await click(button('提交'));
      await found(() => (location.pathname.includes('/households/') ? document.body : null));
    }
    document.title = String(visits);
  };
  void all();
}

test('photos over 20 KB/s with cuts, beside a plain upload', async () => {
  const server = await Server.start();
  const link = await Link.open(server.port);
  const tablet = await Tablet.start(link.address);
  const { page } = tablet;
  try {
    await tablet.enrol(server.code('cadre'));
    await tablet.isReady(104);
    await tablet.network(false);
    for (let at = 0; at < PHOTOS; at += 1) {
      await tablet.tab('农户', 'Households');
      await page.locator('ul.list a').nth(at).click();
      await tablet.button('走访', 'Visit').click();
      await page.getByText('同意', { exact: true }).click();
      await tablet.button('下一页', 'Next').click();
      for (const question of await page.locator('.question').all()) await question.getByText('是', { exact: true }).click();
      await tablet.button('下一页', 'Next').click();
      await tablet.question('/data/persons').getByRole('textbox').fill('4');
      const taken = tablet.question('/data/photo');
      await taken.locator('input[type=file]').setInputFiles({ name: 'a.jpg', mimeType: 'image/jpeg', buffer: await photo(page, at + 1) });
      await expect(taken.locator('img.taken')).toBeVisible();
      await tablet.button('下一页', 'Next').click();
      await tablet.button('提交', 'Hand in').click();
      await expect(page.getByText('已存本机，有网络时自动上传')).toBeVisible();
    }
    await tablet.tab('同步', 'Sync');
    await expect(page.locator('li:has(progress) .hint')).toHaveCount(PHOTOS);
    const sizes = await page.locator('li:has(progress) .hint').allTextContents();
    const total = sizes.reduce((sum, text) => sum + Number(/([\d.]+) KB$/.exec(text.trim())?.[1] ?? 0) * 1024, 0);
    link.change({ pace: 20_000, cutAfter: 5_000 });
    const before = link.up;
    const begun = Date.now();
    await tablet.network(true);
    await expect(page.getByText('全部上传完成，照片已逐张核对。')).toBeVisible({ timeout: 800_000 });
    const seconds = (Date.now() - begun) / 1000;
    line(`${PHOTOS} photos (${Math.round(total / 1024)} KB) at 20 KB/s, cut every 5 s`, `${Math.round((link.up - before) / 1024)} KB sent, ${Math.round(seconds)} s`);

    // The same in one piece each, to somebody who takes anything: what is cut begins again.
    const sink = createServer((request, response) => request.resume().on('end', () => response.end()));
    await new Promise<void>((listens) => sink.listen(0, '127.0.0.1', listens));
    const plain = await Link.open((sink.address() as { port: number }).port);
    plain.change({ pace: 20_000, cutAfter: 5_000 });
    const limit = Date.now() + seconds * 2_000;
    let done = 0;
    while (done < PHOTOS && Date.now() < limit) {
      const body = new Uint8Array(Math.round(total / PHOTOS));
      const sent = await fetch(plain.address, { method: 'POST', body }).catch(() => undefined);
      if (sent) done += 1;
    }
    line('the same as one plain request each, in twice that time', `${Math.round(plain.up / 1024)} KB sent, ${done} of ${PHOTOS} came through`);
    await plain.close();
    sink.close();
  } finally {
    await tablet.remove();
    await link.close();
    await server.remove();
  }
});
