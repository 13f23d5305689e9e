/** What goes wrong in the field: the app stays calm, says what to do, and loses nothing. */

import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { about, COUNTY, publish, read } from '../stage/county';
import { Link } from '../stage/link';
import { PIXEL, shrunk } from '../stage/pictures';
import { Server, until, type Caller } from '../stage/server';
import { PIN, Tablet } from '../stage/tablet';

let server: Server;
let link: Link;
let tablet: Tablet;

test.beforeEach(async () => {
  server = await Server.start();
  link = await Link.open(server.port);
  tablet = await Tablet.start(link.address);
  await tablet.enrol(server.code('cadre'));
  await tablet.isReady(104);
});
test.afterEach(async () => {
  expect(tablet.complaints).toEqual([]);
  await tablet.remove();
  await link.close();
  await server.remove();
});

interface Person {
  id: string;
  login: string;
  grants: { id: string; area: string }[];
}

/** Writes another address for the first household; gives its id. */
async function move(address: string): Promise<string> {
  await tablet.tab('农户', 'Households');
  await tablet.page.locator('ul.list a').first().click();
  await tablet.page.getByRole('button', { name: '修改住址' }).click();
  await tablet.page.getByRole('textbox', { name: '住址' }).fill(address);
  await tablet.button('保存', 'Save').click();
  // It is on the disk when the dialog closes.
  await expect(tablet.page.locator('dialog[open]')).toHaveCount(0);
  return new URL(tablet.page.url()).pathname.split('/').pop()!;
}

async function arrives(id: string, address: string): Promise<void> {
  const supervisor = await server.as('supervisor');
  await until(async () => (await read(supervisor, id)).fields['4'] === address);
}

test('a portal or a failing server changes nothing, and is told in words', async () => {
  for (const answer of ['portal', 'failing'] as const) {
    link.change({ answer });
    link.cut();
    const id = await move(`${answer} 1 号`);
    await tablet.tab('同步', 'Sync');
    await tablet.button('立即同步', 'Sync now').click();
    await expect(tablet.page.getByText('服务器暂时没有正确回答')).toBeVisible();
    await tablet.shot(`trouble-${answer}`);
    link.change({});
    await tablet.button('立即同步', 'Sync now').click();
    await arrives(id, `${answer} 1 号`);
    await expect(tablet.page.getByText('全部上传完成')).toBeVisible();
  }
});

test('a server that is killed in the middle of it gets everything, once', async () => {
  await server.kill();
  const id = await move('停电 1 号');
  await tablet.tab('同步', 'Sync');
  await tablet.button('立即同步', 'Sync now').click();
  await expect(tablet.page.getByText('连不上服务器')).toBeVisible();
  await server.up();
  await tablet.button('立即同步', 'Sync now').click();
  await arrives(id, '停电 1 号');
});

test('a store of an older layout is upgraded with the work that was not sent', async () => {
  await tablet.network(false);
  const id = await move('升级前 1 号');
  await expect(tablet.page.getByText('升级前 1 号')).toBeVisible();
  // Another page of the same origin, so that nothing has the store open.
  await tablet.page.goto(`${link.address}/tablet.webmanifest`).catch(() => undefined);
  await tablet.network(true);
  await tablet.page.goto(`${link.address}/icons/ruhu.svg`);
  await olderLayout(tablet.page);
  await tablet.network(false);
  await tablet.open();
  await tablet.unlock();
  await tablet.isReady(104);
  await expect(tablet.page.getByText('未上传 1 户')).toBeVisible();
  await tablet.network(true);
  await arrives(id, '升级前 1 号');
  const asked = await tablet.page.evaluate(async () => (await indexedDB.databases()).map((one) => one.version));
  expect(asked).toContain(4);
});

test('a person works in one window; another takes over when asked', async () => {
  const second = await tablet.context.newPage();
  await second.goto(`${link.address}/tablet/`);
  await second.fill('input[name=pin]', PIN);
  await second.getByRole('button', { name: '打开', exact: true }).click();
  await expect(second.getByText('已在另一个窗口打开')).toBeVisible();
  await second.getByRole('button', { name: '在这里继续' }).click();
  await expect(second.getByText('待办任务').first()).toBeVisible();
  await expect(tablet.page.getByText('已在另一个窗口打开')).toBeVisible();
  await second.close();
  await tablet.page.getByRole('button', { name: '在这里继续' }).click();
  await tablet.isReady(104);
});

test('wrong PINs have to wait, also after a reload; the right one opens', async () => {
  await tablet.page.reload();
  // After the last of them one waits for sixteen seconds, which are not over while the page is loaded again.
  for (let wrong = 0; wrong < 7; wrong += 1) {
    await expect(tablet.button('打开', 'Open')).toBeVisible();
    await tablet.page.fill('input[name=pin]', '000000');
    await expect(tablet.button('打开', 'Open')).toBeEnabled({ timeout: 20_000 });
    await tablet.button('打开', 'Open').click();
    await expect(tablet.page.getByText('密码不对。')).toBeVisible();
  }
  await expect(tablet.page.getByText(/请等 \d+ 秒后再试/)).toBeVisible();
  await tablet.shot('trouble-pin');
  await tablet.page.reload();
  await tablet.page.fill('input[name=pin]', PIN);
  await expect(tablet.button('打开', 'Open')).toBeDisabled();
  await expect(tablet.button('打开', 'Open')).toBeEnabled({ timeout: 30_000 });
  await tablet.unlock();
  await tablet.isReady(104);
});

test('nothing personal can be read out of the store', async () => {
  const supervisor = await server.as('supervisor');
  const id = await move('密封 1 号');
  await arrives(id, '密封 1 号');
  const known = await read(supervisor, id);
  const all = await tablet.page.evaluate(async () => {
    const dumped: string[] = [];
    for (const { name } of await indexedDB.databases()) {
      const db = await new Promise<IDBDatabase>((opened) => {
        const asked = indexedDB.open(name!);
        asked.onsuccess = () => opened(asked.result);
      });
      for (const shelf of db.objectStoreNames) {
        if (shelf === 'definitions') continue;
        const rows = await new Promise<unknown[]>((read) => {
          const asked = db.transaction(shelf).objectStore(shelf).getAll();
          asked.onsuccess = () => read(asked.result as unknown[]);
        });
        for (const row of rows) {
          dumped.push(row instanceof Uint8Array ? new TextDecoder('utf-8').decode(row) : JSON.stringify(row));
        }
      }
      db.close();
    }
    return dumped.join('\n');
  });
  expect(all.length).toBeGreaterThan(10_000);
  for (const field of ['1', '2', '4', '5']) expect(all).not.toContain(String(known.fields[field]));
});

test('a full store says so, and what was typed is still there', async () => {
  const cdp = await tablet.context.newCDPSession(tablet.page);
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: link.address, quotaSize: 1 });
  // The browser remembers for a while how much room there was.
  await until(async () => !(await hasRoom(tablet.page)), 90_000);
  await tablet.page.reload();
  await tablet.unlock();
  await tablet.tab('农户', 'Households');
  await tablet.page.locator('ul.list a').first().click();
  await tablet.page.getByRole('button', { name: '修改住址' }).click();
  await tablet.page.getByRole('textbox', { name: '住址' }).fill('满了 1 号');
  await tablet.button('保存', 'Save').click();
  await expect(tablet.page.getByText('平板存满了')).toBeVisible();
  await tablet.shot('trouble-full');
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: link.address });
  await tablet.button('保存', 'Save').click();
  await expect(tablet.page.locator('dialog[open]')).toHaveCount(0);
  const id = new URL(tablet.page.url()).pathname.split('/').pop()!;
  await arrives(id, '满了 1 号');
});

for (const { who, words, order, undo } of [
  {
    who: 'a blocked tablet',
    words: '停用',
    order: (_: string, device: string) => `/api/v1/devices/${device}/block`,
    undo: (_: string, device: string) => `/api/v1/devices/${device}/release`,
  },
  {
    who: 'the tablet of a disabled person',
    words: '停用',
    order: (person: string) => `/api/v1/people/${person}/disable`,
    undo: (person: string) => `/api/v1/people/${person}/enable`,
  },
]) {
  test(`${who} loses what it may not see, says why, and gets it back`, async () => {
    const { page } = tablet;
    const admin = await server.as('admin');
    const device = await deviceOf(admin);
    const { items } = await admin.get<{ items: Person[] }>('/api/v1/people?limit=500');
    const { id: person } = items.find((one) => one.login === 'cadre')!;
    await tablet.network(false);
    await move('停用前 1 号');
    await admin.post(order(person, device), {});
    await tablet.network(true);
    await tablet.tab('同步', 'Sync');
    await tablet.button('立即同步', 'Sync now').click();
    await expect(page.getByRole('alert').filter({ hasText: words })).toBeVisible();
    // Nobody took a village from them.
    await expect(page.getByText('不归您负责')).toHaveCount(0);
    await expect(page.getByText('1 条还没有生效，在等乡镇处理')).toBeVisible();
    await tablet.shot(`trouble-${order('', '').split('/').pop()}`);
    await tablet.tab('农户', 'Households');
    await expect(page.getByText('还没有农户')).toBeVisible();
    await expect(page.getByRole('alert').filter({ hasText: words })).toBeVisible();
    await admin.post(undo(person, device), {});
    await tablet.tab('同步', 'Sync');
    await tablet.button('立即同步', 'Sync now').click();
    await expect(page.getByRole('alert')).toHaveCount(0);
    await tablet.tab('今日', 'Today');
    await tablet.isReady(104);
  });
}

test('a village is taken away: its work goes to review, and the other village stays', async () => {
  const { page } = tablet;
  const admin = await server.as('admin');
  await tablet.network(false);
  const id = await move('移交 1 号');
  const { scope } = await admin.get<{ scope: string }>(`/api/v1/records/${id}`);
  const { items } = await admin.get<{ items: Person[] }>('/api/v1/people?limit=500');
  const cadre = items.find((one) => one.login === 'cadre')!;
  const lost = cadre.grants.find((one) => `area:${one.area}` === scope)!;
  // The list shows that village alone, and is looked at when it goes.
  await tablet.tab('农户', 'Households');
  const { name: village } = (await admin.get<{ code: string; name: string }[]>('/api/v1/areas')).find((one) => one.code === lost.area)!;
  await page.getByRole('button', { name: village, exact: true }).click();
  await expect(page.getByText('52 户', { exact: true })).toBeVisible();
  await admin.delete(`/api/v1/people/${cadre.id}/grants/${lost.id}`);
  await tablet.network(true);
  await tablet.tab('同步', 'Sync');
  await tablet.button('立即同步', 'Sync now').click();
  await expect(page.getByText(`${village}已不归您负责，1 条记录已交乡镇审核`)).toBeVisible();
  // Everything was sent, and yet not everything is well: it does not say so.
  await expect(page.getByText('都已送到服务器，但有 1 条还没有生效')).toBeVisible();
  await expect(page.getByText('全部上传完成')).toHaveCount(0);
  await tablet.shot('trouble-taken');
  await tablet.tab('农户', 'Households');
  await expect(page.getByText('52 户', { exact: true })).toBeVisible();
  await expect(page.locator('ul.list a').first()).toBeVisible();
  await tablet.tab('今日', 'Today');
  await tablet.isReady(52);

  // A supervisor lets it take effect.
  const supervisor = await server.as('supervisor');
  const held = await supervisor.get<{ incarnation: string; seq: number }[]>(`/api/v1/quarantine?reason=${encodeURIComponent('核对')}`);
  expect(held).toHaveLength(1);
  await supervisor.post(`/api/v1/quarantine/${held[0]!.incarnation}/${held[0]!.seq}/settle`, { decision: 'apply', reason: '已核实' });
  await arrives(id, '移交 1 号');
});

test('what no field can hold is told before it is stored, and what was typed stays', async () => {
  const { page } = tablet;
  await tablet.tab('农户', 'Households');
  await page.locator('ul.list a').first().click();
  await page.getByRole('button', { name: '修改住址' }).click();
  await page.getByRole('textbox', { name: '住址' }).fill('长'.repeat(3_000));
  await tablet.button('保存', 'Save').click();
  await expect(page.getByText('太长，或不是这一项能填的内容')).toBeVisible();
  await expect(page.getByRole('textbox', { name: '住址' })).toHaveValue('长'.repeat(3_000));
  await tablet.shot('trouble-long');
  await page.locator('dialog[open]').getByRole('button', { name: '取消' }).click();
});

test('a tablet that is to be wiped hands its work over first', async () => {
  await tablet.network(false);
  await move('交回 1 号');
  const admin = await server.as('admin');
  await admin.post(`/api/v1/devices/${await deviceOf(admin)}/wipe`, {});
  await tablet.network(true);
  await expect(tablet.page.getByRole('heading', { name: '绑定平板' })).toBeVisible();
  // It has no village any more, so a supervisor decides about what it brought.
  const supervisor = await server.as('supervisor');
  const parked = await supervisor.get<{ items: unknown[] }>(`/api/v1/quarantine?reason=${encodeURIComponent('核对')}`);
  expect(JSON.stringify(parked)).toContain('交回 1 号');
  const left = await tablet.page.evaluate(async () => (await indexedDB.databases()).map((one) => one.name));
  expect(left).toEqual(['ruhu-profiles']);
  await expect(tablet.page.getByText('管理员要求清空这台平板，现已清空')).toBeVisible();
});

test('a tablet that is to be emptied in the middle of a visit says so, and waits until it is handed in', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'ruhu-form-')), 'well.md');
  writeFileSync(file, '| survey |\n| | type | name | label |\n| | text | well | 水井 |\n| settings |\n| | form_title | form_id | version |\n| | 水井 | well | 1 |\n');
  await publish(server, file, { well: '东井' });
  const { page } = tablet;
  const admin = await server.as('admin');
  const device = await deviceOf(admin);
  await page.reload();
  await tablet.unlock();
  await tablet.tab('农户', 'Households');
  await page.locator('ul.list a').first().click();
  await page.getByRole('button', { name: '水井' }).click();
  const well = tablet.question('/data/well').getByRole('textbox');
  await well.fill('写到一半的井');
  await expect(page.getByText('✓ 已存本机')).toBeVisible();
  await tablet.network(false);
  await admin.post(`/api/v1/devices/${device}/wipe`, {});
  await tablet.network(true);
  await expect(page.getByRole('alert').filter({ hasText: '管理员要求清空这台平板' })).toContainText('未提交的走访 1 份');
  await expect(well).toHaveValue('写到一半的井');
  await tablet.shot('trouble-emptying');
  await well.fill('写完了的井');
  await tablet.button('下一页', 'Next').click();
  await tablet.button('提交', 'Hand in').click();
  await expect(page.getByText('管理员要求清空这台平板，现已清空')).toBeVisible();
  const supervisor = await server.as('supervisor');
  const parked = await supervisor.get<unknown>(`/api/v1/quarantine?reason=${encodeURIComponent('核对')}`);
  expect(JSON.stringify(parked)).toContain('写完了的井');
});

test('a draft goes on in a newer version of its form, and nothing is thrown away', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'ruhu-form-')), 'water.md');
  const version = (number: number, rows: string) =>
    writeFileSync(file, `| survey |\n| | type | name | label |\n| | text | well | 水井 |\n${rows}\n| settings |\n| | form_title | form_id | version |\n| | 水情 | water | ${number} |\n`);
  version(1, '| | text | pump | 水泵 |');
  await publish(server, file, { well: '东井', pump: '好' });
  const { page } = tablet;
  await page.reload();
  await tablet.unlock();
  await tablet.tab('农户', 'Households');
  await page.locator('ul.list a').first().click();
  await page.getByRole('button', { name: '水情' }).click();
  await tablet.question('/data/well').getByRole('textbox').fill('西井');
  await tablet.question('/data/pump').getByRole('textbox').fill('坏了');
  await expect(page.getByText('✓ 已存本机')).toBeVisible();
  version(2, '| | integer | depth | 深度（米） |');
  const newest = await publish(server, file, { well: '东井', depth: 3 });
  await page.reload();
  await tablet.unlock();
  await tablet.button('查看变化', 'See what changes').click();
  await expect(page.locator('dialog[open]')).toContainText('坏了');
  await tablet.shot('trouble-new-version');
  await tablet.button('换用新版本', 'Take the new version').click();
  await expect(tablet.question('/data/well').getByRole('textbox')).toHaveValue('西井');
  await tablet.question('/data/depth').getByRole('textbox').fill('12');
  await tablet.button('下一页', 'Next').click();
  await tablet.button('提交', 'Hand in').click();
  await expect(page.getByText('已存本机，有网络时自动上传')).toBeVisible();
  const id = new URL(page.url()).pathname.split('/').pop()!;
  const supervisor = await server.as('supervisor');
  await until(async () => (await about(supervisor, 'visit', id)).some((one) => one.fields['2'] === newest));
  const visit = (await about(supervisor, 'visit', id)).find((one) => one.fields['2'] === newest)!;
  expect(visit.fields['3']).toMatchObject({ well: '西井', depth: 12 });
  expect(JSON.stringify(visit.fields['11'])).toContain('坏了');
});

test('a photo that the server can\'t put in its place is told, kept, and arrives when it can', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'ruhu-form-')), 'well.md');
  writeFileSync(file, '| survey |\n| | type | name | label |\n| | image | picture | 照片 |\n| settings |\n| | form_title | form_id | version |\n| | 水井 | well | 1 |\n');
  await publish(server, file, {});
  const { page } = tablet;
  await page.reload();
  await tablet.unlock();
  await tablet.tab('农户', 'Households');
  await page.locator('ul.list a').first().click();
  await page.getByRole('button', { name: '水井' }).click();
  const picture = tablet.question('/data/picture');
  const bytes = await shrunk(page, 3);
  await picture.locator('input[type=file]').setInputFiles({ name: 'a.jpg', mimeType: 'image/jpeg', buffer: bytes });
  await expect(picture.getByRole('img')).toBeVisible();
  server.mayStore(false);
  await tablet.button('下一页', 'Next').click();
  await tablet.button('提交', 'Hand in').click();
  await expect(page.getByText('已存本机，有网络时自动上传')).toBeVisible();
  const id = new URL(page.url()).pathname.split('/').pop()!;
  await tablet.tab('同步', 'Sync');
  // All pieces are there now, and every further try asks how far the upload is.
  for (let time = 0; time < 3; time += 1) {
    await tablet.button('立即同步', 'Sync now').click();
    await expect(page.getByText('照片已传到，但服务器暂时存不下来。')).toBeVisible();
    await expect(page.getByText('照片已逐张核对')).toHaveCount(0);
  }
  await tablet.shot('trouble-no-room');
  const supervisor = await server.as('supervisor');
  const [visit] = await about(supervisor, 'visit', id);
  const [hash] = visit!.fields['8'] as string[];
  await expect(supervisor.bytes(`/api/v1/media/${hash}?reason=check`)).rejects.toThrow(/: (404|503) /);
  server.mayStore(true);
  await tablet.button('立即同步', 'Sync now').click();
  await expect(page.getByText('照片已逐张核对')).toBeVisible();
  const there = Buffer.from(await supervisor.bytes(`/api/v1/media/${hash}?reason=check`));
  expect(createHash('sha256').update(there).digest('hex')).toBe(hash);
});

test('no photo, no place, and a form that is withdrawn: the visit goes on', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'ruhu-form-')), 'well.md');
  writeFileSync(file, '| survey |\n| | type | name | label |\n| | text | well | 水井 |\n| | image | picture | 照片 |\n| | geopoint | place | 位置 |\n| settings |\n| | form_title | form_id | version |\n| | 水井 | well | 1 |\n');
  const form = await publish(server, file, { well: '东井' });
  const { page } = tablet;
  await page.reload();
  await tablet.unlock();
  await tablet.tab('农户', 'Households');
  await page.locator('ul.list a').first().click();
  await page.getByRole('button', { name: '水井' }).click();
  await tablet.question('/data/well').getByRole('textbox').fill('西井');
  const picture = tablet.question('/data/picture');
  await picture.locator('input[type=file]').setInputFiles({ name: 'a.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('this is no photo') });
  await expect(picture.getByRole('alert')).toHaveText('这个文件不是照片，或已损坏，没有保存。');
  const browser = await tablet.context.newCDPSession(page);
  await browser.send('Browser.setPermission', { permission: { name: 'camera' }, setting: 'denied', origin: link.address });
  await picture.getByRole('button', { name: '拍照' }).click();
  await expect(page.locator('dialog[open]').getByRole('alert')).toContainText('没有相机权限');
  await tablet.shot('trouble-camera');
  await page.locator('dialog[open] input[type=file]').setInputFiles({ name: 'b.png', mimeType: 'image/png', buffer: PIXEL });
  await expect(picture.getByRole('img')).toBeVisible();
  await tablet.context.clearPermissions();
  await tablet.question('/data/place').getByRole('button').click();
  await expect(tablet.question('/data/place').getByRole('alert')).toContainText('没有定位权限');
  await tablet.shot('trouble-visit');

  const admin = await server.as('admin');
  const { items } = await admin.get<{ items: { id: string; name: string }[] }>('/api/v1/forms?limit=100');
  const { id: withdrawn } = items.find((one) => one.name === 'well')!;
  await admin.post(`/api/v1/forms/${withdrawn}/releases`, { version: null, area: COUNTY, reason: '停用' });
  await page.reload();
  await tablet.unlock();
  await expect(tablet.question('/data/well').getByRole('textbox')).toHaveValue('西井');
  await tablet.button('下一页', 'Next').click();
  await tablet.button('提交', 'Hand in').click();
  await expect(page.getByText('已存本机，有网络时自动上传')).toBeVisible();
  await expect(page.getByRole('button', { name: '水井' })).toHaveCount(0);
  const id = new URL(page.url()).pathname.split('/').pop()!;
  const supervisor = await server.as('supervisor');
  await until(async () => (await about(supervisor, 'visit', id)).some((one) => one.fields['2'] === form));
});

test('a camera that does not open, and a photo that comes too late, end nothing else', async () => {
  const { page } = tablet;
  await tablet.tab('农户', 'Households');
  await page.locator('ul.list a').first().click();
  const add = page.getByRole('button', { name: '加一张：照片' }).first();
  const film = page.locator('dialog[open] video');
  const shoot = page.locator('dialog[open]').getByRole('button', { name: '拍摄', exact: true });
  await page.evaluate(() => {
    const { mediaDevices } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    const isFront = (wanted?: MediaStreamConstraints) => (wanted?.video as MediaTrackConstraints).facingMode === 'user';
    mediaDevices.getUserMedia = (wanted) => (isFront(wanted) ? Promise.reject(new DOMException('in use', 'NotReadableError')) : open(wanted));
    mediaDevices.enumerateDevices = async () => [{ kind: 'videoinput' }, { kind: 'videoinput' }] as MediaDeviceInfo[];
    // A still photo that is taken when the test says so.
    const taken: (() => void)[] = [];
    const ImageCapture = class {
      takePhoto = () => new Promise<Blob>((done) => taken.push(() => done(new Blob(['late']))));
    };
    Object.assign(globalThis, { ImageCapture, taken });
  });
  await add.click();
  await expect(shoot).toBeEnabled();
  await page.getByRole('button', { name: '前后镜头切换' }).click();
  await expect(page.locator('dialog[open]').getByRole('alert')).toContainText('打不开相机');
  // The one before is back.
  await expect(shoot).toBeEnabled();
  await shoot.click();
  await expect(shoot).toBeDisabled();
  await page.locator('dialog[open]').getByRole('button', { name: '取消' }).click();
  await add.click();
  await expect(shoot).toBeEnabled();
  await page.evaluate(async () => {
    (globalThis as unknown as { taken: (() => void)[] }).taken.forEach((take) => take());
    await new Promise(requestAnimationFrame);
  });
  await expect(film).toBeVisible();
  await expect(shoot).toBeEnabled();
  await page.locator('dialog[open]').getByRole('button', { name: '取消' }).click();
  await expect(page.locator('dialog[open]')).toHaveCount(0);
});

/** The keys of what is half typed or half recorded, as the disk has them. */
function scraps(): Promise<string[]> {
  return tablet.page.evaluate(async () => {
    const wait = <T>(request: IDBRequest<T>) => new Promise<T>((done) => (request.onsuccess = () => done(request.result)));
    const found: string[] = [];
    for (const { name } of await indexedDB.databases()) {
      const database = await wait(indexedDB.open(name!));
      const has = database.objectStoreNames.contains('profile');
      if (has) found.push(...(await wait(database.transaction('profile').objectStore('profile').getAllKeys())).map(String));
      database.close();
    }
    return found.filter((key) => key.startsWith('scrap/'));
  });
}

test('what is half typed in a dialog or half filled in to be signed is there after the app was killed', async () => {
  await tablet.tab('农户', 'Households');
  await tablet.page.locator('ul.list a').first().click();
  await tablet.button('记录同意或不同意', '').waitFor();
  const home = new URL(tablet.page.url()).pathname;
  const again = async () => {
    await tablet.kill();
    await tablet.up();
    await tablet.open(home);
    await tablet.unlock();
  };
  const dialog = () => tablet.page.locator('dialog[open]').first();
  const onDisk = async (name: string, parts: number) => until(async () => (await scraps()).filter((key) => key.startsWith(`scrap/${name}/`)).length === parts);

  await tablet.button('记录同意或不同意', '').click();
  await dialog().getByRole('textbox').first().fill('低保复核入户（虚构）');
  await dialog().getByText('拍摄照片', { exact: true }).click();
  await dialog().getByText('已同意', { exact: true }).click();
  await dialog().getByText('纸质', { exact: true }).click();
  await dialog().getByRole('button', { name: '纸质同意书照片' }).click();
  await tablet.page.getByRole('button', { name: '拍摄', exact: true }).click();
  await expect(dialog().locator('img.taken')).toBeVisible();
  await onDisk('consent', 2);
  await again();
  await tablet.button('记录同意或不同意', '').click();
  await expect(dialog().getByText('上次没填完的内容还在。')).toBeVisible();
  await expect(dialog().getByRole('textbox').first()).toHaveValue('低保复核入户（虚构）');
  await expect(dialog().locator('img.taken')).toBeVisible();
  await tablet.shot('trouble-half-typed');
  await dialog().getByRole('button', { name: '保存' }).click();
  await expect(tablet.page.locator('article', { hasText: '低保复核入户（虚构）' })).toContainText('已同意');
  await onDisk('consent', 0);

  await tablet.page.getByRole('button', { name: '修改住址' }).click();
  await tablet.page.getByRole('textbox', { name: '住址' }).fill('只填了一半');
  await onDisk('field', 1);
  await again();
  await tablet.page.getByRole('button', { name: '修改住址' }).click();
  await expect(tablet.page.getByRole('textbox', { name: '住址' })).toHaveValue('只填了一半');
  // Called off is called off.
  await dialog().getByRole('button', { name: '取消' }).click();
  await onDisk('field', 0);
  await tablet.page.getByRole('button', { name: '修改住址' }).click();
  await expect(tablet.page.getByRole('textbox', { name: '住址' })).not.toHaveValue('只填了一半');
  await dialog().getByRole('button', { name: '取消' }).click();

  await tablet.link('告知签字', 'Notify and sign').click();
  const offer = tablet.page.locator('.body ul.list button').first();
  await offer.or(tablet.page.locator('.paper')).first().waitFor();
  if (await offer.isVisible()) await offer.click();
  await tablet.page.getByText('拒签', { exact: true }).click();
  // What is offered first was signed for before: why again is asked, too.
  await tablet.page.getByRole('textbox', { name: '再次签收的理由' }).fill('上次那份弄丢了');
  await tablet.page.getByRole('textbox', { name: '拒签原因' }).fill('要等儿子回来再说');
  await onDisk('sign', 1);
  await again();
  await tablet.link('告知签字', 'Notify and sign').click();
  await expect(tablet.page.getByRole('textbox', { name: '拒签原因' })).toHaveValue('要等儿子回来再说');
  await expect(tablet.page.getByRole('textbox', { name: '再次签收的理由' })).toHaveValue('上次那份弄丢了');
  await tablet.shot('trouble-half-signed');
  await tablet.button('记录拒签', '').click();
  await expect(tablet.page.getByText('已存本机，有网络时自动上传')).toBeVisible();
  await onDisk('sign', 0);
});

test('a sound is recorded inside the app, kept when the app goes to the back, and arrives', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'ruhu-form-')), 'sound.md');
  writeFileSync(file, '| survey |\n| | type | name | label |\n| | audio | said | 口述 |\n| settings |\n| | form_title | form_id | version |\n| | 口述 | sound | 1 |\n');
  const form = await publish(server, file, {});
  let { page } = tablet;
  await page.reload();
  await tablet.unlock();
  await tablet.tab('农户', 'Households');
  await page.locator('ul.list a').first().click();
  await page.getByRole('button', { name: '口述' }).click();
  let said = tablet.question('/data/said');
  await said.getByRole('button', { name: '录音' }).click();
  await expect(page.getByRole('timer')).toContainText('0:01');
  await tablet.shot('trouble-record');
  await page.locator('dialog[open]').getByRole('button', { name: '取消' }).click();
  await expect(said.locator('audio')).toHaveCount(0);
  // Killed in the middle: what was said until then is found, and may be recorded anew.
  await said.getByRole('button', { name: '录音' }).click();
  await until(async () => (await scraps()).filter((key) => key.startsWith('scrap/sound/')).length > 2);
  const visit = new URL(page.url()).pathname;
  await tablet.kill();
  await tablet.up();
  page = tablet.page;
  await tablet.open(visit);
  await tablet.unlock();
  said = tablet.question('/data/said');
  await expect(page.getByText('上次的录音没录完，已保存在“口述”。')).toBeVisible();
  await expect(said.locator('audio')).toBeVisible();
  expect(await scraps()).toEqual([]);
  await tablet.shot('trouble-sound-found');
  await said.getByRole('button', { name: '录音' }).click();
  await expect(page.getByRole('timer')).toContainText('0:02');
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await expect(said.locator('audio')).toBeVisible();
  await tablet.button('下一页', 'Next').click();
  await tablet.button('提交', 'Hand in').click();
  const id = () => new URL(page.url()).pathname.split('/').pop()!;
  await expect(page.getByText('已存本机，有网络时自动上传')).toBeVisible();
  const supervisor = await server.as('supervisor');
  const visits = async () => (await about(supervisor, 'visit', id())).filter((one) => one.fields['2'] === form);
  await until(async () => (await visits()).length === 1);
  const [hash] = (await visits())[0]!.fields['8'] as string[];
  const bytes = () => supervisor.bytes(`/api/v1/media/${hash}?reason=${encodeURIComponent('核对')}`);
  // EBML (RFC 8794), as WebM has it.
  await until(async () => Buffer.from(await bytes()).subarray(0, 4).equals(Buffer.from([0x1a, 0x45, 0xdf, 0xa3])));
});

test('a form that lists every household says how far it is while it opens', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'ruhu-form-')), 'neighbour.md');
  writeFileSync(file, '| survey |\n| | type | name | label |\n| | select_one_from_file household.csv | which | 邻居是哪户 |\n| settings |\n| | form_title | form_id | version |\n| | 邻里 | neighbour | 1 |\n');
  await publish(server, file, {});
  const { page } = tablet;
  await page.reload();
  await tablet.unlock();
  await tablet.tab('农户', 'Households');
  await page.locator('ul.list a').first().click();
  await page.getByRole('button', { name: '邻里' }).waitFor();
  await page.evaluate(() => {
    const told = ((window as { told?: string[] }).told = [] as string[]);
    new MutationObserver(() => {
      const strip = document.querySelector('.strip progress')?.parentElement;
      if (strip) told.push(strip.textContent);
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  await page.getByRole('button', { name: '邻里' }).click();
  await expect(tablet.question('/data/which')).toBeVisible();
  const told = await page.evaluate(() => (window as { told?: string[] }).told!);
  expect(told.some((words) => /正在读取名单 \d+ \/ 10\d/.test(words))).toBe(true);
  await expect(page.locator('.strip progress')).toHaveCount(0);
});

test('an answer that no register can take is told, and stays with the visit', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'ruhu-form-')), 'found.md');
  writeFileSync(file, '| survey |\n| | type | name | label | save_to |\n| | text | head | 户主 | household#head_name |\n| | text | income | 年收入 | household#yearly_income |\n| entities |\n| | dataset | label |\n| | household | ${head} |\n| settings |\n| | form_title | form_id | version |\n| | 新户 | found | 1 |\n');
  const form = await publish(server, file, { head: '赵（虚构）', income: '12000' });
  const { page } = tablet;
  await page.reload();
  await tablet.unlock();
  await tablet.tab('农户', 'Households');
  await page.locator('ul.list a').first().click();
  await page.getByRole('button', { name: '新户' }).click();
  await tablet.question('/data/head').getByRole('textbox').fill('钱来（虚构）');
  await tablet.question('/data/income').getByRole('textbox').fill('说不清');
  await tablet.button('下一页', 'Next').click();
  await tablet.button('提交', 'Hand in').click();
  await expect(page.getByRole('alert')).toContainText('有 1 项答案的格式不对');
  await tablet.shot('trouble-untaken');
  const id = new URL(page.url()).pathname.split('/').pop()!;
  const supervisor = await server.as('supervisor');
  await until(async () => (await about(supervisor, 'visit', id)).some((one) => one.fields['2'] === form && JSON.stringify(one.fields['11']).includes('yearly_income')));
  await tablet.tab('农户', 'Households');
  await page.getByRole('searchbox').fill('钱来');
  await expect(page.locator('ul.list a')).toHaveCount(1);
});

test('a new version of the app is offered, and taken when one says so: the draft goes on', async () => {
  const { page } = tablet;
  await tablet.tab('农户', 'Households');
  await page.locator('ul.list a').first().click();
  await tablet.button('走访', 'Visit').click();
  const note = () => tablet.question('/data/note').getByRole('textbox');
  await note().fill('旧版里写的');
  const worker = await (await fetch(`${server.address}/tablet-worker.js`)).text();
  link.change({ worker: `${worker}\n// A newer one.` });
  const control = () => page.evaluate(async () => (await navigator.serviceWorker.getRegistration('/'))?.active?.state);
  await page.evaluate(async () => void (await (await navigator.serviceWorker.getRegistration('/'))?.update()));
  const waiting = () => page.evaluate(async () => Boolean((await navigator.serviceWorker.getRegistration('/'))?.waiting));
  await until(waiting);
  expect(await control()).toBe('activated');
  // Nothing is pulled away while one writes.
  await note().fill('旧版里写的，还没写完');
  await expect(page.getByText('有新版本')).toHaveCount(0);
  await page.goBack();
  await expect(page.getByText('有新版本')).toBeVisible();
  await tablet.shot('trouble-update');
  await tablet.button('现在更新', 'Update now').click();
  await tablet.unlock();
  await until(async () => !(await waiting()));
  await page.getByRole('link', { name: /未完成/ }).click();
  await expect(note()).toHaveValue('旧版里写的，还没写完');
});

test('a clock that is off by a year is told in words, and what is recorded arrives', async () => {
  const { page } = tablet;
  await page.clock.install({ time: new Date(Date.now() + 365 * 86_400_000) });
  await page.reload();
  await tablet.unlock();
  const id = await move('明年 1 号');
  await arrives(id, '明年 1 号');
  await tablet.tab('同步', 'Sync');
  await expect(page.getByRole('alert')).toContainText('平板日期快了 365 天');
  await tablet.shot('trouble-clock');
  // A tablet whose clock is right is not outdone by it for a year.
  const other = await Tablet.start(server.address);
  try {
    await other.enrol(server.code('cadre'));
    await other.isReady(104);
    await other.open(`/tablet/households/${id}`);
    await other.unlock();
    await other.page.getByRole('button', { name: '修改住址' }).click();
    await other.page.getByRole('textbox', { name: '住址' }).fill('今年 2 号');
    await other.button('保存', 'Save').click();
    await arrives(id, '今年 2 号');
  } finally {
    await other.remove();
  }
});

test('what was answered last is kept, though one goes back while the disk is busy', async () => {
  const { page } = tablet;
  await tablet.tab('农户', 'Households');
  await page.locator('ul.list a').first().click();
  await tablet.button('走访', 'Visit').click();
  const note = () => tablet.question('/data/note').getByRole('textbox');
  await note().waitFor();
  await page.evaluate(async () => {
    // Somebody else writes, and doesn't come to an end.
    const name = (await indexedDB.databases()).map((one) => one.name!).find((one) => one !== 'ruhu-profiles')!;
    const db = await new Promise<IDBDatabase>((opened) => {
      const asked = indexedDB.open(name);
      asked.onsuccess = () => opened(asked.result);
    });
    const tx = db.transaction('drafts', 'readwrite');
    tx.oncomplete = () => db.close();
    const spin = () => {
      if (!('letGo' in window)) tx.objectStore('drafts').get('nothing').onsuccess = spin;
    };
    spin();
    const field = document.querySelector<HTMLTextAreaElement>('[data-path="/data/note"] textarea')!;
    for (const text of ['最', '最后', '最后一句']) {
      field.value = text;
      field.dispatchEvent(new Event('input'));
      await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
    }
    history.back();
  });
  await expect(page.getByRole('heading', { name: '基本情况' })).toBeVisible();
  await page.evaluate(() => Object.assign(window, { letGo: true }));
  await expect(async () => {
    await page.getByRole('link', { name: /未完成/ }).click();
    const kept = await note().inputValue();
    await page.getByRole('button', { name: '返回' }).click();
    expect(kept).toBe('最后一句');
  }).toPass({ timeout: 60_000 });
});

test('the screen locks while one is called away in the middle of a sentence, and it goes on', async () => {
  const { page } = tablet;
  await page.clock.install();
  await page.reload();
  await tablet.unlock();
  await tablet.tab('农户', 'Households');
  await page.locator('ul.list a').first().click();
  await tablet.button('走访', 'Visit').click();
  const note = () => tablet.question('/data/note').getByRole('textbox');
  await note().pressSequentially('老人说今年');
  await page.clock.fastForward('11:00');
  await expect(tablet.button('打开', 'Open')).toBeVisible();
  await expect(page.getByText('老人说今年')).toHaveCount(0);
  await tablet.unlock();
  await expect(note()).toHaveValue('老人说今年');
});

for (const [how, end] of [
  ['that has ended', endSession],
  ['whose token ran out while the tablet was offline', expireSession],
] as const) {
  test(`a session ${how} is enrolled again, and what was not sent follows`, async () => {
    await end();
    await enrolAgain();
  });
}

async function endSession(): Promise<void> {
  const { page } = tablet;
  await tablet.tab('同步', 'Sync');
  const asked = page.waitForRequest(/\/sync\/v1\/sync$/);
  await tablet.button('立即同步', 'Sync now').click();
  const { authorization } = await (await asked).allHeaders();
  const ended = await fetch(`${server.address}/api/v1/session`, { method: 'DELETE', headers: { authorization: authorization! } });
  expect(ended.status).toBe(204);
}

/** As if it had been offline for longer than a token lasts. */
async function expireSession(): Promise<void> {
  server.sql('UPDATE sessions SET expires_at = 0 WHERE device_id IS NOT NULL');
}

async function enrolAgain(): Promise<void> {
  const { page } = tablet;
  const id = await move('重新绑定 1 号');
  await page.reload();
  await tablet.unlock();
  await tablet.tab('同步', 'Sync');
  await tablet.button('立即同步', 'Sync now').click();
  await expect(page.getByRole('alert').filter({ hasText: '本机的绑定已失效' })).toBeVisible();
  await tablet.shot('trouble-ended');
  await page.locator('main').getByRole('link', { name: '重新绑定' }).click();
  await page.getByRole('textbox', { name: /绑定失效时/ }).fill(server.code('cadre'));
  await tablet.button('重新绑定', 'Enrol again').click();
  await expect(page.getByText('已重新绑定')).toBeVisible();
  await arrives(id, '重新绑定 1 号');
}

/** Whether the browser still stores what it is given. */
function hasRoom(page: Page): Promise<boolean> {
  return page.evaluate(
    () =>
      new Promise<boolean>((told) => {
        const asked = indexedDB.open('ruhu-profiles');
        asked.onerror = () => told(false);
        asked.onsuccess = () => {
          const tx = asked.result.transaction('profiles', 'readwrite', { durability: 'strict' });
          tx.objectStore('profiles').put({ id: 'room', filler: new Uint8Array(100_000) });
          tx.objectStore('profiles').delete('room');
          tx.oncomplete = () => (asked.result.close(), told(true));
          tx.onabort = () => (asked.result.close(), told(false));
        };
      }),
  );
}

/** The tablet as the server knows it: its screen tells the end of its name. */
async function deviceOf(admin: Caller): Promise<string> {
  await tablet.tab('我的', 'Me');
  const told = await tablet.page.getByText(/^版本 .* 平板 /).textContent();
  const { items } = await admin.get<{ items: { id: string }[] }>('/api/v1/devices?limit=500');
  return items.find((one) => told!.trim().endsWith(one.id.slice(-8)))!.id;
}

/** Puts the store back into the layout before the newest, without an index. */
async function olderLayout(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const done = <T>(asked: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => reject(asked.error);
      });
    const name = (await indexedDB.databases()).map((one) => one.name!).find((one) => one !== 'ruhu-profiles')!;
    const now = await done(indexedDB.open(name));
    const shelves = [...now.objectStoreNames].filter((shelf) => shelf !== 'files');
    const held = new Map<string, [IDBValidKey, unknown][]>();
    for (const shelf of shelves) {
      const store = now.transaction(shelf).objectStore(shelf);
      const [keys, values] = [await done(store.getAllKeys()), await done(now.transaction(shelf).objectStore(shelf).getAll())];
      held.set(shelf, keys.map((key, at) => [key, values[at]]));
    }
    now.close();
    await done(indexedDB.deleteDatabase(name));
    const asked = indexedDB.open(name, 1);
    asked.onupgradeneeded = () => shelves.forEach((shelf) => asked.result.createObjectStore(shelf));
    const older = await done(asked);
    const tx = older.transaction(shelves, 'readwrite');
    for (const [shelf, rows] of held) {
      if (shelf === 'index') continue;
      for (const [key, value] of rows) tx.objectStore(shelf).put(value, key);
    }
    await new Promise((resolve) => (tx.oncomplete = resolve));
    older.close();
  });
}
