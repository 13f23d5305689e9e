/** What a tablet's browser writes down beside the sealed store: nothing of anybody. */

import { expect, test } from '@playwright/test';
import { read } from '../stage/county';
import { Server } from '../stage/server';
import { PIN, Tablet } from '../stage/tablet';

let server: Server;
let tablet: Tablet;

test.beforeEach(async () => {
  server = await Server.start();
  tablet = await Tablet.start(server.address);
});
test.afterEach(async () => {
  expect(tablet.complaints).toEqual([]);
  await tablet.remove();
  await server.remove();
});

/** A text as it may stand in a file. */
const forms = (text: string) => [
  Buffer.from(text, 'utf8'),
  Buffer.from(text, 'utf16le'),
  Buffer.from(text, 'utf16le').swap16(),
  Buffer.from(encodeURIComponent(text)),
  Buffer.from([...text].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')),
];

/** The files that hold a text. */
function holding(disk: ReturnType<Tablet['disk']>, text: string): string[] {
  const sought = forms(text);
  return disk.filter(({ bytes }) => sought.some((form) => bytes.includes(form))).map(({ file }) => file);
}

test('nothing that a cadre saw or typed can be read out of the browser’s folder, and the next one sees none of it', async () => {
  const { page } = tablet;
  await tablet.enrol(server.code('cadre'));
  await tablet.isReady(104);
  const supervisor = await server.as('supervisor');
  const cadre = await server.as('cadre');
  const me = await cadre.get<{ display_name: string }>('/api/v1/me');

  // What is looked for.
  await tablet.tab('农户', 'Households');
  const search = page.getByRole('searchbox');
  for (const words of ['13977776666', '搜过的名字']) {
    await search.fill(words);
    await expect(page.getByText('没有找到')).toBeVisible();
  }
  // The browser keeps a page's controls when it is left.
  await page.reload();
  await tablet.unlock();
  await tablet.tab('农户', 'Households');
  await expect(search).toHaveValue('');
  await page.locator('ul.list a').first().click();
  await expect(page.getByRole('heading', { name: '基本情况' })).toBeVisible();
  const id = new URL(page.url()).pathname.split('/').pop()!;
  const { fields } = await read(supervisor, id);

  // What is typed, in each kind of place; some of it is handed in.
  await page.getByRole('button', { name: '修改住址' }).click();
  await page.getByRole('textbox', { name: '住址' }).fill('写过的住址一号');
  await page.reload();
  await tablet.unlock();
  await tablet.button('记录同意或不同意', '').click();
  await page.locator('dialog[open]').getByRole('textbox').first().fill('写过的用途');
  await page.reload();
  await tablet.unlock();
  await tablet.link('告知签字', 'Notify and sign').click();
  const offer = page.locator('.body ul.list button').first();
  await offer.or(page.locator('.paper')).first().waitFor();
  if (await offer.isVisible()) await offer.click();
  await page.getByText('拒签', { exact: true }).click();
  await page.getByRole('textbox', { name: '拒签原因' }).fill('写过的拒签原因');
  await page.reload();
  await tablet.unlock();
  await page.getByRole('button', { name: '返回' }).click();
  await tablet.button('走访', 'Visit').click();
  await tablet.question('/data/note').getByRole('textbox').fill('写过的走访情况');
  await expect(page.getByText('✓ 已存本机')).toBeVisible();
  await page.reload();
  await tablet.unlock();
  await expect(tablet.question('/data/note').getByRole('textbox')).toHaveValue('写过的走访情况');
  await page.getByRole('button', { name: '返回' }).click();

  // Somebody else comes to use the tablet.
  await tablet.tab('农户', 'Households');
  await search.fill('最后搜的词');
  await tablet.tab('我的', 'Me');
  await tablet.button('换一个用户', 'Another person').click();
  await page.getByRole('button', { name: /添加用户/ }).click();
  await page.fill('input[name=code]', server.code('cadre2'));
  await tablet.setPin();
  await tablet.isReady(52);
  await tablet.tab('农户', 'Households');
  await expect(search).toHaveValue('');
  await expect(page.getByText('52 户', { exact: true })).toBeVisible();

  await tablet.close();
  const disk = tablet.disk();
  // Who uses the tablet is in the open, to be chosen from: what is in the open is found.
  expect(holding(disk, me.display_name)).not.toEqual([]);
  const secrets = ['1', '2', '4', '5'].map((field) => String(fields[field]));
  const typed = ['13977776666', '搜过的名字', '最后搜的词', '写过的住址一号', '写过的用途', '写过的拒签原因', '写过的走访情况', PIN];
  for (const text of [...secrets, ...typed]) {
    expect(Buffer.byteLength(text)).toBeGreaterThan(5);
    expect.soft(holding(disk, text), text).toEqual([]);
  }
});
