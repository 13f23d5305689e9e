/**
 * Whatever is refused, a person on the screen where it happens gets a sentence that says what to do:
 * no silence, and nothing raw. Each kind of problem that a screen can meet is provoked on it.
 */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { publish } from '../stage/county';
import { enrolled } from '../stage/enrolled';
import { Link } from '../stage/link';
import { PIXEL } from '../stage/pictures';
import { answer as refused, ENGLISH, KINDS, notRaw, RAW, screenOf, told } from '../stage/refused';
import { Server } from '../stage/server';
import { PIN, Tablet } from '../stage/tablet';

let server: Server;
let link: Link;
let tablet: Tablet;

test.beforeEach(async () => {
  server = await Server.start();
  link = await Link.open(server.port);
  tablet = await Tablet.start(link.address);
});
test.afterEach(async () => {
  expect(tablet.complaints).toEqual([]);
  await tablet.remove();
  await link.close();
  await server.remove();
});

/** Words that are Chinese by now. */
const KNOWN = /English|Chrome|Wi-Fi|https?|JPEG|HEIC|平板 [0-9a-f]{8}/g;

/** The screen says something in words, and nothing on it is raw; gives what it says. */
async function says(page: Page, what: string): Promise<string> {
  const words = await told(page.getByRole('alert'), what, KNOWN);
  notRaw(await screenOf(page), what, [...RAW, ...ENGLISH], KNOWN);
  return words;
}

/** A title and details that are not for people: the tablet has words of its own. */
const answer = (kind: string) => refused(kind, 'Some words of English.');

test('enrolling: each refusal is told, what was typed stays, and the next try goes through', async () => {
  const { page } = tablet;
  await tablet.open();
  const enrol = tablet.button('绑定', 'Enrol');
  const [code, pin, again] = ['code', 'pin', 'again'].map((name) => page.locator(`input[name=${name}]`)) as [ReturnType<Page['locator']>, ReturnType<Page['locator']>, ReturnType<Page['locator']>];
  await enrol.click();
  expect(await says(page, 'nothing typed')).toMatch(/请扫描或输入绑定码.*密码至少 6 位/s);
  await code.fill('MZXW6YTB');
  await pin.fill('123456');
  await again.fill('123456');
  expect(await says(page, 'a short code and a common PIN')).toMatch(/绑定码是 26 位字母和数字，现在是 8 位.*这个密码太常见/s);
  await pin.fill(PIN);
  await again.fill('246811');
  expect(await says(page, 'different PINs')).toContain('两次输入的密码不一样');
  await again.fill(PIN);
  await tablet.shot('refusal-fields');

  /** Tries, and looks whether what was typed is still there. */
  const tried = async (what: string): Promise<string> => {
    const typed = await code.inputValue();
    await enrol.click();
    await expect(page.locator('form [role=status]')).toHaveCount(0);
    const told = await says(page, what);
    expect([await code.inputValue(), await pin.inputValue(), await again.inputValue()], what).toEqual([typed, PIN, PIN]);
    return told;
  };
  await code.fill('A'.repeat(26));
  expect(await tried('a code that nobody made')).toContain('绑定码不对、已用过或已过期');
  await tablet.shot('refusal-code');
  const used = server.code('cadre');
  await enrolled(server, used);
  await code.fill(used);
  expect(await tried('a code that was used')).toContain('绑定码不对、已用过或已过期');
  await code.fill(server.code('cadre'));
  server.sql('UPDATE enrolment_codes SET expires_at = 0');
  expect(await tried('a code of last week')).toContain('绑定码不对、已用过或已过期');

  await code.fill(server.code('cadre'));
  const path = '**/api/v1/devices/enrol';
  for (const kind of ['malformed', 'too-large', 'unsupported-media-type', 'too-many-requests', 'not-found', 'unavailable', 'internal']) {
    await page.route(path, answer(kind));
    const told = await tried(kind);
    if (kind === 'too-many-requests') expect(told).toContain('请等 7 秒再试');
    // Nothing tries again by itself here.
    expect(told, kind).not.toContain('自动');
    await page.unroute(path);
  }
  for (const weather of ['portal', 'failing'] as const) {
    link.change({ answer: weather });
    link.cut();
    expect(await tried(weather)).toContain('服务器暂时没有正确回答');
    link.change({});
  }
  await tablet.network(false);
  expect(await tried('no network')).toContain('连不上服务器');
  await tablet.network(true);
  // The server took the code, and its answer is lost.
  await page.route(path, async (route) => {
    await route.fetch();
    await route.abort();
  });
  expect(await tried('a lost answer')).toContain('绑定码仍然有效');
  await page.unroute(path);
  await enrol.click();
  await page.waitForSelector('nav.tabs');
  await tablet.isReady(104);
  // One person came of all these tries, and the PIN is the one that was typed.
  await page.reload();
  await expect(page.getByText('新用户')).toHaveCount(0);
  await tablet.unlock();
  await tablet.isReady(104);

  // Whoever goes back before the answer came goes on later: only the key that asked can use the code.
  await tablet.tab('我的', 'Me');
  await tablet.button('换一个用户', 'Another person').click();
  await page.getByRole('button', { name: /添加用户/ }).click();
  const lost = server.code('cadre2');
  await code.fill(lost);
  await pin.fill(PIN);
  await again.fill(PIN);
  await page.route(path, async (route) => {
    await route.fetch();
    await route.abort();
  });
  expect(await tried('another lost answer')).toContain('绑定码仍然有效');
  await page.unroute(path);
  await tablet.button('返回', 'Back').click();
  await page.getByRole('button', { name: '新用户' }).click();
  await tablet.unlock();
  await code.fill(lost);
  await enrol.click();
  await page.waitForSelector('nav.tabs');
  await tablet.isReady(52);
});

test('unlocking: a wrong PIN and a store that is broken are told; a common new PIN is not taken', async () => {
  await tablet.enrol(server.code('cadre'));
  await tablet.isReady(104);
  const { page } = tablet;
  await tablet.tab('我的', 'Me');
  const change = async (old: string, next: string, again: string) => {
    await page.getByLabel('原密码').fill(old);
    await page.getByLabel(/^新密码/).fill(next);
    await page.getByLabel('再输一次新密码').fill(again);
    await tablet.button('修改密码', 'Change the PIN').click();
  };
  await change(PIN, '123456', '123456');
  expect(await says(page, 'a common PIN')).toContain('这个密码太常见');
  await change(PIN, '730291', '730292');
  expect(await says(page, 'typed wrongly the second time')).toContain('两次输入的密码不一样');
  await change('000000', '730291', '730291');
  expect(await says(page, 'the wrong old PIN')).toContain('密码不对');
  await tablet.shot('refusal-pin');
  await page.getByLabel('原密码').fill(PIN);
  await tablet.button('修改密码', 'Change the PIN').click();
  await expect(page.getByText('密码已修改。')).toBeVisible();
  await page.reload();
  await tablet.unlock(PIN);
  expect(await says(page, 'the PIN of before')).toContain('密码不对');
  await tablet.unlock('730291');
  await page.waitForSelector('nav.tabs');

  // The key is gone, as after a failing memory card.
  await page.evaluate(async () => {
    const name = (await indexedDB.databases()).map((one) => one.name!).find((one) => one !== 'ruhu-profiles')!;
    const asked = indexedDB.open(name);
    await new Promise((opened) => (asked.onsuccess = opened));
    const tx = asked.result.transaction('profile', 'readwrite');
    tx.objectStore('profile').delete('key');
    await new Promise((done) => (tx.oncomplete = done));
    asked.result.close();
  });
  await page.reload();
  await tablet.unlock('730291');
  expect(await says(page, 'a store without its key')).toContain('打不开');
});

test('syncing: each refusal is told, and only what tries again says so', async () => {
  await tablet.enrol(server.code('cadre'));
  await tablet.isReady(104);
  const { page } = tablet;
  await tablet.tab('同步', 'Sync');
  const now = async () => {
    await expect(tablet.button('立即同步', 'Sync now')).toBeEnabled();
    await tablet.button('立即同步', 'Sync now').click();
  };
  for (const kind of ['mismatch', 'malformed', 'too-large', 'too-slow', 'day-spent', 'storage-full', 'unsupported-media-type', 'too-many-requests', 'not-found', 'forbidden', 'unavailable', 'internal', 'session-ended', 'unauthenticated', 'tablet-only']) {
    await page.route('**/sync/v1/sync', answer(kind));
    await now();
    const told = await says(page, kind);
    expect(told, kind).not.toContain('出了意外');
    if (KINDS.get(kind)?.status === 401 || kind === 'tablet-only') expect(told, kind).toContain('绑定码');
    if (!['too-many-requests', 'too-slow', 'day-spent', 'storage-full', 'unavailable', 'internal'].includes(kind)) expect(told, kind).not.toContain('自动再试');
    await page.unroute('**/sync/v1/sync');
    await now();
    await expect(page.getByRole('alert')).toHaveCount(0);
  }
  await page.route('**/sync/v1/forms', answer('internal'));
  await now();
  expect(await says(page, 'forms that can’t be fetched')).toContain('调查表没有更新');
  await page.unroute('**/sync/v1/forms');
  await tablet.shot('refusal-sync');

  // What was published a moment ago comes with the next touch.
  const file = join(mkdtempSync(join(tmpdir(), 'ruhu-form-')), 'fresh.md');
  writeFileSync(file, '| survey |\n| | type | name | label |\n| | text | well | 水井 |\n| settings |\n| | form_title | form_id | version |\n| | 新发的调查表 | fresh | 1 |\n');
  await publish(server, file, { well: '东井' });
  await now();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await tablet.tab('农户', 'Households');
  await page.locator('ul.list a').first().click();
  await expect(page.getByRole('button', { name: '新发的调查表' })).toBeVisible();
});

test('photos: what is no photo, and each refusal of an upload, is told', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'ruhu-form-')), 'picture.md');
  writeFileSync(file, '| survey |\n| | type | name | label |\n| | image | picture | 照片 |\n| settings |\n| | form_title | form_id | version |\n| | 拍照 | picture | 1 |\n');
  await publish(server, file, {});
  await tablet.enrol(server.code('cadre'));
  await tablet.isReady(104);
  const { page } = tablet;
  await tablet.tab('农户', 'Households');
  await page.locator('ul.list a').first().click();
  await page.getByRole('button', { name: '拍照' }).click();
  const picture = tablet.question('/data/picture');
  const choose = (name: string, mimeType: string, buffer: Buffer) => picture.locator('input[type=file]').setInputFiles({ name, mimeType, buffer });
  await choose('a.jpg', 'image/jpeg', Buffer.from('this is no photo'));
  expect(await says(page, 'no photo')).toContain('这个文件不是照片，或已损坏');
  await choose('b.heic', 'image/heic', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'));
  expect(await says(page, 'HEIC')).toContain('请在相机设置里把照片格式改成');
  await tablet.shot('refusal-heic');
  await page.route('**/sync/v1/uploads**', answer('unavailable'));
  await choose('c.png', 'image/png', PIXEL);
  await expect(picture.getByRole('img')).toBeVisible();
  await tablet.button('下一页', 'Next').click();
  await tablet.button('提交', 'Hand in').click();
  await expect(page.getByText('已存本机，有网络时自动上传')).toBeVisible();
  await tablet.tab('同步', 'Sync');
  for (const kind of ['unavailable', 'too-large', 'hash-mismatch', 'checksum-mismatch', 'offset-mismatch', 'upload-gone', 'upload-taken-over', 'tus-version', 'not-found', 'session-ended']) {
    await page.unroute('**/sync/v1/uploads**');
    await page.route('**/sync/v1/uploads**', answer(kind));
    const asked = page.waitForResponse((response) => response.url().includes('/sync/v1/uploads') && response.status() === KINDS.get(kind)?.status);
    await tablet.button('立即同步', 'Sync now').click();
    await asked;
    const told = await says(page, kind);
    expect(told, kind).not.toContain('出了意外');
    await expect(page.getByText('等待上传的照片（1）')).toBeVisible();
  }
  await page.unroute('**/sync/v1/uploads**');
  await tablet.button('立即同步', 'Sync now').click();
  await expect(page.getByText('全部上传完成')).toBeVisible({ timeout: 60_000 });
});
