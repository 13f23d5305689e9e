/** The last resort: a tablet that will not reach the server any more gives its work out as a file. */

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { about, publish } from '../stage/county';
import { Desk } from '../stage/desk';
import { PIXEL } from '../stage/pictures';
import { Server, until } from '../stage/server';
import { Tablet } from '../stage/tablet';

test('an exported file brings the work to the server and the draft to another tablet', async () => {
  const server = await Server.start();
  const tablet = await Tablet.start(server.address);
  const next = await Tablet.start(server.address, 'en');
  const desk = await Desk.start(server.address);
  try {
    const folder = mkdtempSync(join(tmpdir(), 'ruhu-exported-'));
    const form = join(folder, 'well.md');
    writeFileSync(form, '| survey |\n| | type | name | label |\n| | text | well | 水井 |\n| | image | picture | 照片 |\n| settings |\n| | form_title | form_id | version |\n| | 水井 | well | 1 |\n');
    const version = await publish(server, form, { well: '东井' });
    const { page } = tablet;
    await tablet.enrol(server.code('cadre'));
    await tablet.isReady(104);

    // Two visits offline: one is finished, one is not.
    await tablet.network(false);
    const begin = async (well: string) => {
      await tablet.tab('农户', 'Households');
      await page.locator('ul.list a').first().click();
      await page.getByRole('button', { name: '水井' }).click();
      await tablet.question('/data/well').getByRole('textbox').fill(well);
      const picture = tablet.question('/data/picture');
      await picture.locator('input[type=file]').setInputFiles({ name: 'b.png', mimeType: 'image/png', buffer: PIXEL });
      await expect(picture.getByRole('img')).toBeVisible();
      await expect(page.getByText('✓ 已存本机')).toBeVisible();
    };
    await begin('西井');
    await tablet.button('下一页', 'Next').click();
    await tablet.button('提交', 'Hand in').click();
    await expect(page.getByText('已存本机，有网络时自动上传')).toBeVisible();
    const household = new URL(page.url()).pathname.split('/').pop()!;
    await begin('南井');
    await page.getByRole('button', { name: '返回' }).click();

    await tablet.tab('我的', 'Me');
    await expect(tablet.button('从这台平板删除本用户', '')).toBeDisabled();
    const download = page.waitForEvent('download');
    await tablet.button('把未上传的内容导出为文件', '').click();
    await page.locator('dialog[open]').getByRole('button', { name: '导出' }).click();
    const file = join(folder, 'work.jsonl');
    await (await download).saveAs(file);
    // It is removed only once the file is there, and has everything.
    await expect(tablet.button('从这台平板删除本用户', '')).toBeDisabled();
    const cut = join(folder, 'cut.jsonl');
    const all = readFileSync(file, 'utf8').split('\n');
    writeFileSync(cut, all.slice(0, 2).join('\n'));
    await page.setInputFiles('input[name=check]', cut);
    await expect(page.getByRole('alert')).toContainText('文件不完整');
    await page.setInputFiles('input[name=check]', form);
    await expect(page.getByRole('alert')).toContainText('这不是平板导出的文件');
    await expect(tablet.button('从这台平板删除本用户', '')).toBeDisabled();
    await page.setInputFiles('input[name=check]', file);
    await expect(page.getByText('核对完成')).toBeVisible();
    await tablet.shot('exported');
    await tablet.button('从这台平板删除本用户', '').click();
    await page.locator('dialog[open]').getByRole('button', { name: '删除' }).click();
    await expect(page.getByRole('heading', { name: '绑定平板' })).toBeVisible();

    // Whoever changes a digit of it is refused.
    await desk.signIn('admin');
    await desk.section('平板', 'Tablets');
    const bad = join(folder, 'bad.jsonl');
    writeFileSync(bad, readFileSync(file, 'utf8').replace(/"op":"(..)./, '"op":"$1f'));
    await desk.page.setInputFiles('input[name=unsent]', bad);
    await expect(desk.page.getByRole('alert')).toContainText('不是这里绑定的平板导出的文件');
    await desk.page.setInputFiles('input[name=unsent]', file);
    await expect(desk.page.getByText('新照片 1 张')).toBeVisible();
    await expect(desk.page.getByText('还有 1 份未完成的走访')).toBeVisible();
    await desk.seen('hand-in');
    const supervisor = await server.as('supervisor');
    const there = async () => (await about(supervisor, 'visit', household)).filter((one) => one.fields['2'] === version);
    await until(async () => (await there()).length === 1);
    expect((await there())[0]!.fields['3']).toMatchObject({ well: '西井' });

    // The draft goes on, with its photo, on the tablet that the cadre has now.
    await next.enrol(server.code('cadre'));
    await next.isReady(104);
    await next.tab('我的', 'Me');
    await next.page.setInputFiles('input[name=unsent]', bad);
    await expect(next.page.getByText('1 unfinished visits were taken back')).toBeVisible();
    await next.page.setInputFiles('input[name=unsent]', file);
    await expect(next.page.getByText('0 unfinished visits were taken back; 1 that were here')).toBeVisible();
    await next.page.setInputFiles('input[name=unsent]', form);
    await expect(next.page.getByRole('alert')).toContainText('No tablet exported this file');
    await next.tab('今日', 'Today');
    await next.page.locator('section').filter({ hasText: 'Unfinished visits' }).getByRole('link').click();
    await expect(next.question('/data/well').getByRole('textbox')).toHaveValue('南井');
    await expect(next.question('/data/picture').getByRole('img')).toBeVisible();
    await next.button('下一页', 'Next').click();
    await next.button('提交', 'Hand in').click();
    await until(async () => (await there()).length === 2);
    expect(tablet.complaints).toEqual([]);
    expect(next.complaints).toEqual([]);
  } finally {
    await tablet.remove();
    await next.remove();
    await desk.remove();
    await server.remove();
  }
});
