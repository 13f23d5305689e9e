/** A whole day of a cadre: enrolled in the office, offline in the village, back on a bad network. */

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { soundsOf } from '../../src/tablet/households/pinyin';
import { about, publish, read, type RecordView } from '../stage/county';
import { Link } from '../stage/link';
import { qrPicture, photo } from '../stage/pictures';
import { Server, until } from '../stage/server';
import { Tablet } from '../stage/tablet';

const FORM = 'e2e/tablet/fixtures/visit.md';
/** The demo's first cadre looks after two villages of 52 households, the second after one. */
const HOUSEHOLDS = 104;

test('a day in two villages, and back to a bad network', async () => {
  test.setTimeout(600_000);
  const server = await Server.start();
  const link = await Link.open(server.port);
  const form = await publish(server, FORM, {
    consent: 'given',
    water: { safe: 'yes', persons: 3 },
    person: [{ name: '甲（虚构）', months: 3 }],
  });
  const tablet = await Tablet.start(link.address);
  const other = await Tablet.start(server.address);
  const supervisor = await server.as('supervisor');
  try {
    await test.step('enrolled by a QR code', async () => {
      await tablet.open();
      await tablet.shot('01-enrol');
      await tablet.button('扫码', 'Scan').click();
      const code = await qrPicture(server.code('cadre'));
      await tablet.page.locator('dialog[open] input[type=file]').setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer: code });
      await expect(tablet.page.locator('input[name=code]')).toHaveValue(/[A-Z2-7]{26}/);
      await tablet.setPin();
      await tablet.isReady(HOUSEHOLDS);
      await tablet.shot('02-today');
      await other.enrol(server.code('cadre2'));
      await other.isReady(52);
    });

    await tablet.network(false);
    link.change({ down: true });

    const household = await test.step('found by name, by sound and by the last four digits', async () => {
      await tablet.tab('农户', 'Households');
      await tablet.shot('03-households');
      await tablet.page.locator('ul.list a').first().click();
      await expect(tablet.page).toHaveURL(/households\/[0-9a-f-]{36}/);
      const id = tablet.page.url().split('/').pop()!;
      const known = await read(supervisor, id);
      const name = String(known.fields['1']);
      const tail = String(known.fields['2']).slice(-4);
      const [sounds] = soundsOf(name);
      const initials = sounds!.map((one) => one[0]).join('');
      const byEnd = sounds!.slice(1).join('');
      for (const words of [name, initials, byEnd, tail, String(known.fields['2']), String(known.fields['4']).replaceAll(' ', '')]) {
        await tablet.tab('农户', 'Households');
        await tablet.page.getByRole('searchbox').fill(words);
        await expect(tablet.page.locator(`ul.list a[href$="${id}"]`)).toBeVisible();
      }
      // A member is found as well, and it is told whose household it is.
      const other = (await about(supervisor, 'member', id)).map((one) => one.title).find((one) => one && one !== name)!;
      await tablet.page.getByRole('searchbox').fill(other);
      await expect(tablet.page.locator(`ul.list a[href$="${id}"]`)).toContainText(`成员：${other}`);
      await tablet.shot('04-search');
      await tablet.button('清除条件', 'Show all').click();
      const doubt = tablet.page.getByRole('button', { name: /^疑点 \d+$/ });
      const doubts = Number((await doubt.innerText()).match(/\d+/)![0]);
      await doubt.click();
      await expect(tablet.page.locator('ul.list a')).toHaveCount(doubts);
      await expect(tablet.page.locator('ul.list a').filter({ hasText: '疑点' })).toHaveCount(doubts);
      await tablet.button('清除条件', 'Show all').click();
      await tablet.find(name);
      await tablet.shot('05-dossier');
      return { id, name, address: String(known.fields['4']) };
    });

    await test.step('a visit, killed in the middle and during a photo, and nothing lost', async () => {
      await tablet.page.getByRole('button', { name: '饮水与务工' }).click();
      await tablet.question('/data/consent').getByText('同意', { exact: true }).click();
      await tablet.button('下一页', 'Next').click();
      await tablet.question('/data/water/safe').getByText('否', { exact: true }).click();
      await expect(tablet.question('/data/water/why')).toBeVisible();
      await tablet.button('下一页', 'Next').click();
      await expect(tablet.question('/data/water/why').getByRole('alert')).toHaveText('此题必填。');
      await tablet.question('/data/water/why').getByRole('textbox').fill('水井离猪圈太近');
      await tablet.question('/data/water/persons').getByRole('textbox').fill('99');
      await expect(tablet.question('/data/water/persons').getByRole('alert')).toHaveText('请填 1 到 29 之间的数');
      await tablet.shot('06-visit');
      await tablet.question('/data/water/persons').getByRole('textbox').fill('４');
      await expect(tablet.page.getByText('✓ 已存本机')).toBeVisible();
      await again();
      await tablet.page.getByRole('link', { name: /饮水与务工/ }).click();
      await expect(tablet.question('/data/water/why').getByRole('textbox')).toHaveValue('水井离猪圈太近');
      await expect(tablet.question('/data/water/persons').getByRole('textbox')).toHaveValue('4');
      await tablet.button('下一页', 'Next').click();
      await tablet.shot('07-repeat');
      for (const [at, name, months] of [
        [1, '甲（虚构）', '10'],
        [2, '乙（虚构）', '3'],
      ] as const) {
        const instance = `/data/person[${at}]`;
        if (!(await tablet.question(`${instance}/name`).count())) await tablet.page.getByRole('button', { name: /添加/ }).click();
        await tablet.question(`${instance}/name`).getByRole('textbox').fill(name);
        await tablet.question(`${instance}/months`).getByRole('textbox').fill(months);
      }
      await tablet.button('下一页', 'Next').click();
      await tablet.question('/data/evidence/well').getByRole('button', { name: '拍照' }).click();
      await expect(tablet.page.locator('dialog[open] button.primary')).toBeEnabled();
      await tablet.shot('08-camera');
      await again();
      await tablet.page.getByRole('link', { name: /饮水与务工/ }).click();
      await tablet.question('/data/evidence/well').getByRole('button', { name: '拍照' }).click();
      await tablet.page.getByRole('button', { name: '拍摄', exact: true }).click();
      await expect(tablet.question('/data/evidence/well').locator('img.taken')).toBeVisible();
      for (const [path, seed] of [
        ['house', 1],
        ['paper', 2],
      ] as const) {
        const bytes = await photo(tablet.page, seed);
        await tablet.question(`/data/evidence/${path}`).locator('input[type=file]').setInputFiles({ name: `${path}.jpg`, mimeType: 'image/jpeg', buffer: bytes });
        await expect(tablet.question(`/data/evidence/${path}`).locator('img.taken')).toBeVisible();
      }
      await tablet.question('/data/evidence/place').getByRole('button').click();
      await expect(tablet.question('/data/evidence/place')).toContainText('精度 8 米');
      await tablet.shot('09-photos');
      await tablet.button('下一页', 'Next').click();
      await tablet.shot('10-check');
      await tablet.button('提交', 'Hand in').click();
      await expect(tablet.page.getByText('本机已存').first()).toBeVisible();
      await tablet.shot('11-visited');
    });

    await test.step('who lives near, on an outline of the village', async () => {
      await tablet.tab('农户', 'Households');
      await tablet.link('村庄示意图', '').click();
      await tablet.button('我在哪里', '').click();
      const near = tablet.page.locator('section').filter({ hasText: '离我最近' }).locator('a');
      await expect(near).toHaveCount(5);
      await tablet.shot('11-outline');
      const told: number[] = [];
      for (const one of await near.all()) {
        const { lat, lon } = (await read(supervisor, (await one.getAttribute('href'))!.split('/').pop()!)).fields['6'] as { lat: number; lon: number };
        const away = haversine([lat / 1e7, lon / 1e7], [26.2345678, 107.2345678]);
        const words = (await one.textContent())!;
        told.push(/公里$/.test(words) ? Number(/([\d.]+) 公里$/.exec(words)![1]) * 1000 : Number(/(\d+) 米$/.exec(words)![1]));
        expect(Math.abs(told.at(-1)! - away)).toBeLessThan(away > 1000 ? 60 : 5);
      }
      expect([...told].sort((a, b) => a - b)).toEqual(told);
      // Touched in the drawing, it can be opened.
      const dot = tablet.page.locator('.board g circle').first();
      await dot.click({ force: true });
      await expect(tablet.page.locator('a.card.item')).toBeVisible();
    });

    await test.step('a copy of a photo with a stamp, for others to look at', async () => {
      await tablet.find(household.name);
      await tablet.page.locator('.thumbs button').first().click();
      await expect(tablet.page.locator('dialog[open] img')).toBeVisible();
      await tablet.shot('10-photo');
      const download = tablet.page.waitForEvent('download');
      await tablet.button('另存一份带水印的副本', '').click();
      const copy = readFileSync(await (await download).path());
      expect(copy.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
      expect(copy.includes('Exif')).toBe(false);
      // Whose it is, when it was taken and what it shows.
      expect((await download).suggestedFilename()).toMatch(new RegExp(`^${household.name}_\\d{4}-\\d{2}-\\d{2}_(水井|房屋|证件)照片\\.jpg$`));
      writeFileSync('e2e/shots/zh-CN/10-photo-copy.jpg', copy);
      await tablet.button('关闭', '').click();
    });

    await test.step('nothing has changed since: one touch', async () => {
      await tablet.page.getByRole('button', { name: '饮水与务工' }).click();
      await tablet.question('/data/consent').getByText('同意', { exact: true }).click();
      await tablet.button('无变化', 'No change').click();
      await tablet.shot('11-same');
      await expect(tablet.page.getByText('都填好了，可以提交。')).toBeVisible();
      await tablet.button('提交', 'Hand in').click();
      await expect(tablet.page).toHaveURL(/households\//);
    });

    const told = await test.step('notifications: signed, refused, and signed on paper', async () => {
      const names: string[] = [];
      for (const how of ['signed', 'refused', 'paper'] as const) {
        await tablet.tab('任务', 'Tasks');
        await tablet.shot('12-tasks');
        const row = tablet.page.locator('ul.list a').nth(names.length);
        names.push(/households\/([0-9a-f-]{36})/.exec((await row.getAttribute('href'))!)![1]!);
        await row.click();
        await tablet.link('告知签字', 'Notify and sign').click();
        await expect(tablet.page.locator('.paper')).toContainText('学生资助告知书');
        if (how === 'signed') {
          await expect(tablet.page.locator('footer button')).toBeDisabled();
          await tablet.sign();
          await expect(tablet.page.locator('footer button')).toBeEnabled();
          // What was drawn counts as long as it is seen.
          await tablet.page.getByText('拒签', { exact: true }).click();
          await tablet.page.getByText('在平板上签字', { exact: true }).click();
          await expect(tablet.page.locator('footer button')).toBeDisabled();
          await tablet.sign();
        } else if (how === 'refused') {
          await tablet.page.getByText('拒签', { exact: true }).click();
          await tablet.page.getByRole('textbox').fill('说要等儿子回来再签');
        } else {
          await tablet.page.getByText('纸质签字', { exact: true }).click();
          await tablet.button('拍下签好字的纸', 'Photograph the signed paper').click();
          await tablet.page.getByRole('button', { name: '拍摄', exact: true }).click();
          await expect(tablet.page.locator('img.taken')).toBeVisible();
        }
        await tablet.shot(`13-notice-${how}`);
        await tablet.page.locator('footer button').click();
        await expect(tablet.page.getByRole('heading', { name: '基本情况' })).toBeVisible();
      }
      return names;
    });

    await test.step('what a household agrees to, on paper, and takes back; another declines', async () => {
      await tablet.find(household.name);
      const dialog = tablet.page.locator('dialog[open]').first();
      await tablet.button('记录同意或不同意', '').click();
      // Nothing is answered for them.
      await expect(dialog.locator('input:checked')).toHaveCount(0);
      for (const what of ['入户走访并记录', '拍摄照片', '记录位置', '健康与残疾信息']) await dialog.getByText(what, { exact: true }).click();
      await dialog.getByText('已同意', { exact: true }).click();
      await dialog.getByText('纸质', { exact: true }).click();
      await expect(dialog.getByRole('button', { name: '保存' })).toBeDisabled();
      await dialog.getByRole('button', { name: '纸质同意书照片' }).click();
      await tablet.page.getByRole('button', { name: '拍摄', exact: true }).click();
      await expect(dialog.locator('img.taken')).toBeVisible();
      await tablet.shot('13-consent');
      await dialog.getByRole('button', { name: '保存' }).click();
      const card = tablet.page.locator('section').filter({ has: tablet.page.getByRole('heading', { name: '同意书' }) });
      await expect(card).toContainText('已同意');
      await card.getByRole('button', { name: '撤回同意' }).click();
      await dialog.getByRole('button', { name: '撤回同意' }).click();
      await expect(card).toContainText('已撤回');
      await tablet.button('记录同意或不同意', '').click();
      await dialog.getByText('健康与残疾信息').click();
      await dialog.getByText('不同意', { exact: true }).click();
      await dialog.getByRole('button', { name: '保存' }).click();
      await expect(card.locator('article')).toHaveCount(2);
    });

    await test.step('two people change one address, and one source of income', async () => {
      for (const [one, address, source] of [
        [tablet, '三组 9 号', '外出务工'],
        [other, '五组 2 号', '种茶'],
      ] as const) {
        await one.find(household.name);
        for (const [field, words] of [['住址', address], ['主要收入来源', source]] as const) {
          await one.page.getByRole('button', { name: `修改${field}` }).click();
          await one.page.getByRole('textbox', { name: field }).fill(words);
          await one.button('保存', 'Save').click();
          await expect(one.page.getByText(words)).toBeVisible();
        }
      }
      await until(async () => (await read(supervisor, household.id)).fields['4'] === '五组 2 号');
      await tablet.tab('同步', 'Sync');
      await expect(tablet.page.getByText('现在没有网络')).toBeVisible();
      await tablet.shot('14-sync-offline');
    });

    await test.step('the network is back, slow and cut every few seconds', async () => {
      const photos = await sizes();
      expect(photos.length).toBeGreaterThanOrEqual(4);
      const total = photos.reduce((sum, size) => sum + size, 0);
      const before = link.up;
      link.change({ pace: 120_000, cutAfter: 2_500 });
      await tablet.network(true);
      await expect(tablet.page.getByText('全部上传完成，照片已逐张核对。')).toBeVisible({ timeout: 120_000 });
      await tablet.shot('15-sync-done');
      link.change({});
      // What is sent besides photos, and what was on the wire when it was cut.
      expect(link.up - before).toBeLessThan(total * 1.25 + 100_000);
    });

    await test.step('the conflict is shown in plain words, and settled', async () => {
      await tablet.tab('今日', 'Today');
      await tablet.page.getByRole('link', { name: /2 处与他人的修改不一致/ }).click();
      await tablet.page.locator('ul.list a').filter({ hasText: '住址' }).click();
      await expect(tablet.page.getByText('五组 2 号')).toBeVisible();
      await expect(tablet.page.getByText('三组 9 号')).toBeVisible();
      await expect(tablet.page.getByText('村干部乙（虚构）')).toBeVisible();
      await expect(tablet.page.locator('.card').filter({ hasText: '原来的值' })).toContainText(household.address);
      await tablet.page.getByText('三组 9 号').click();
      const why = tablet.page.getByLabel('理由（问过谁、看过什么）');
      await why.fill('问过户主，九月搬到三组');
      await tablet.shot('16-conflict');
      await tablet.button('确认采用', 'Settle it').click();
      await until(async () => (await read(supervisor, household.id)).fields['4'] === '三组 9 号');
    });

    await test.step('where neither value is right, a third one settles it', async () => {
      await tablet.tab('今日', 'Today');
      await tablet.page.getByRole('link', { name: /1 处与他人的修改不一致/ }).click();
      await tablet.page.locator('ul.list a').first().click();
      await tablet.page.getByRole('textbox', { name: '主要收入来源' }).fill('种茶，农闲务工');
      await tablet.page.getByLabel('理由（问过谁、看过什么）').fill('两样都有');
      await tablet.shot('16-conflict-third');
      await tablet.button('确认采用', 'Settle it').click();
      await until(async () => Object.values((await read(supervisor, household.id)).fields).includes('种茶，农闲务工'));
    });

    await test.step('a visit comes back with a comment at the very question, and is corrected', async () => {
      const visits = await about(supervisor, 'visit', household.id);
      const visit = visits.find((one) => (one.fields['3'] as { person?: unknown[] }).person && photosOf(one).length === 3)!;
      await supervisor.post(`/api/v1/visits/${visit.id}/decisions`, {
        version: visit.version,
        verdict: 'returned',
        reason: '请核实人口',
        comments: [{ place: '/data/water/persons', words: '户口本上是 5 人，请核实' }],
      });
      await tablet.tab('今日', 'Today');
      await expect(tablet.page.getByText('待更正')).toBeVisible();
      await tablet.shot('17-returned');
      await expect(tablet.page.getByText('请核实人口')).toBeVisible();
      await tablet.page.getByText('待更正').click();
      await tablet.button('更正并重新提交', 'Correct and send again').click();
      // It opens where something is asked.
      await expect(tablet.question('/data/water/persons')).toContainText('户口本上是 5 人，请核实');
      await tablet.shot('18-remark');
      await tablet.question('/data/water/persons').getByRole('textbox').fill('5');
      for (const _page of [1, 2, 3]) await tablet.button('下一页', 'Next').click();
      await tablet.button('重新提交', 'Hand in again').click();
      await until(async () => (await read(supervisor, visit.id)).status === 'resubmitted');
      await tablet.tab('同步', 'Sync');
      await expect(tablet.page.getByText('全部上传完成')).toBeVisible();
    });

    await test.step('the server has what was entered', async () => {
      const visits = await about(supervisor, 'visit', household.id);
      const made = visits.filter((one) => one.fields['2'] === form);
      expect(made).toHaveLength(2);
      const [whole] = made.filter((one) => photosOf(one).length === 3);
      const answers = whole!.fields['3'] as Record<string, never>;
      expect(answers).toMatchObject({
        consent: 'given',
        water: { safe: 'no', why: '水井离猪圈太近', persons: 5 },
        person: [
          { name: '甲（虚构）', months: 10 },
          { name: '乙（虚构）', months: 3 },
        ],
      });
      expect(whole!.fields['6']).toEqual({ lat: 262345678, lon: 1072345678, accuracy: 8 });
      for (const hash of photosOf(whole!)) {
        const bytes = await supervisor.bytes(`/api/v1/media/${hash}?reason=${encodeURIComponent('核对')}`);
        expect(createHash('sha256').update(new Uint8Array(bytes)).digest('hex')).toBe(hash);
      }
      const consents = await about(supervisor, 'consent', household.id);
      expect(consents.map((one) => one.status).sort()).toEqual(['declined', 'withdrawn']);
      const withdrawn = consents.find((one) => one.status === 'withdrawn')!;
      expect(withdrawn.fields).toMatchObject({ 4: ['visit', 'photos', 'place', 'health'], 5: 'paper', 9: withdrawn.fields['6'] });
      await supervisor.bytes(`/api/v1/media/${(withdrawn.fields['10'] as string[])[0]}?reason=${encodeURIComponent('核对')}`);
      const outcomes = await Promise.all(told.map(async (id) => (await about(supervisor, 'notice', id)).map((one) => one.status)));
      expect(outcomes.flat().sort()).toEqual(['paper', 'refused', 'signed']);
      for (const id of told) {
        const [notice] = await about(supervisor, 'notice', id);
        await until(async () => Boolean(await supervisor.get(`/api/v1/notices/${notice!.id}/receipt?reason=${encodeURIComponent('核对')}`)));
      }
    });

    expect(tablet.complaints).toEqual([]);
    expect(other.complaints).toEqual([]);
  } finally {
    await tablet.remove();
    await other.remove();
    await link.close();
    await server.remove();
  }

  /** The system kills the app; the person opens it again, without a network. */
  async function again() {
    await tablet.kill();
    await tablet.up();
    await tablet.network(false);
    await tablet.open();
    await tablet.unlock();
    await expect(tablet.page.getByRole('heading', { name: '未完成的走访' })).toBeVisible();
  }

  /** The bytes of the files that wait, as the sync screen tells them. */
  async function sizes(): Promise<number[]> {
    const lines = await tablet.page.locator('li:has(progress) .hint').allTextContents();
    return lines.map((line) => {
      const [, number, unit] = /([\d.,]+) (KB|MB)$/.exec(line.trim()) ?? [];
      return Number(number?.replace(',', '')) * (unit === 'MB' ? 1024 * 1024 : 1024);
    });
  }
});

function photosOf(record: RecordView): string[] {
  return (record.fields['8'] ?? []) as string[];
}

/** Metres between two places on a sphere as large as the earth. */
function haversine([lat, lon]: [number, number], [otherLat, otherLon]: [number, number]): number {
  const rad = (degrees: number) => (degrees * Math.PI) / 180;
  const h = Math.sin(rad(otherLat - lat) / 2) ** 2 + Math.cos(rad(lat)) * Math.cos(rad(otherLat)) * Math.sin(rad(otherLon - lon) / 2) ** 2;
  return 2 * 6_371_008 * Math.asin(Math.sqrt(h));
}
