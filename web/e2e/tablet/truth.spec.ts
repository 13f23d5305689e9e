/** What a cadre is told and what is kept is true: calls in vain, consent, what is taken over, signed, returned, read again. */

import { createHash } from 'node:crypto';
import { expect, test } from '@playwright/test';
import { about, publish, read, type RecordView } from '../stage/county';
import { Server, until } from '../stage/server';
import { Tablet } from '../stage/tablet';

const FORM = 'e2e/tablet/fixtures/visit.md';
const HOUSEHOLDS = 104;
/** Fields of a visit's record. */
const [PHOTOS, NOTES, VISITOR] = ['8', '11', '12'];

test('what was done is told as it was', async () => {
  test.setTimeout(600_000);
  const server = await Server.start();
  const form = await publish(server, FORM, { consent: 'given', water: { safe: 'yes', persons: 3 }, person: [{ name: '甲（虚构）', months: 3 }] });
  const supervisor = await server.as('supervisor');
  const tablet = await Tablet.start(server.address);
  const { page } = tablet;
  const dialog = page.locator('dialog[open]').first();
  const seen = (what: string) => tablet.seen(what);
  try {
    await tablet.enrol(server.code('cadre'));
    await tablet.isReady(HOUSEHOLDS);
    await tablet.tab('农户', 'Households');
    const first = page.locator('ul.list a').first();
    const name = (await first.locator('strong').textContent())!;
    const visited = /[\d年月日]+ 走访/.exec((await first.textContent())!)?.[0] ?? '';
    await first.click();
    await expect(page.getByRole('heading', { name: '基本情况' })).toBeVisible();
    const household = /households\/([0-9a-f-]{36})/.exec(page.url())![1]!;
    const timeline = page.locator('section').filter({ has: page.getByRole('heading', { name: '走访与告知' }) });
    const visits = async () => (await about(supervisor, 'visit', household)).filter((one) => one.fields['2'] === form);
    const begin = () => page.getByRole('button', { name: '饮水与务工' }).click();
    const agree = () => tablet.question('/data/consent').getByText('同意', { exact: true }).click();
    const handIn = async () => {
      await tablet.button('提交', 'Hand in').click();
      await expect(page.getByRole('heading', { name: '基本情况' })).toBeVisible();
    };

    await test.step('nobody at home is no visit: the household is to be called at again', async () => {
      await begin();
      await tablet.question('/data/consent').getByText('无人在家', { exact: true }).click();
      await tablet.button('下一页', 'Next').click();
      await handIn();
      await expect(page.getByText(/待补访：.*无人在家/).first()).toBeVisible();
      await expect(timeline.locator('article').first()).toContainText('无人在家');
      await tablet.tab('农户', 'Households');
      await expect(page.locator(`ul.list a[href$="${household}"]`)).toContainText('待补访');
      await expect(page.locator(`ul.list a[href$="${household}"]`)).toContainText(visited);
      await seen('20-again');
      await tablet.link('村庄示意图', '').click();
      await page.locator('.board svg').waitFor();
      await tablet.tab('今日', 'Today');
      await expect(page.getByText('1 户上门未访成，待补访。')).toBeVisible();
      await tablet.find(name);
    });

    await test.step('there is nothing to take over from a call in vain; a visit is made', async () => {
      await begin();
      await expect(tablet.button('无变化', 'No change')).toHaveCount(0);
      await agree();
      await tablet.button('下一页', 'Next').click();
      await tablet.question('/data/water/safe').getByText('是', { exact: true }).click();
      await tablet.question('/data/water/persons').getByRole('textbox').fill('4');
      await tablet.button('下一页', 'Next').click();
      if (!(await tablet.question('/data/person[1]/name').count())) await page.getByRole('button', { name: /添加/ }).click();
      await tablet.question('/data/person[1]/name').getByRole('textbox').fill('甲（虚构）');
      await tablet.button('下一页', 'Next').click();
      await tablet.question('/data/evidence/well').getByRole('button', { name: '拍照' }).click();
      await page.getByRole('button', { name: '拍摄', exact: true }).click();
      await expect(tablet.question('/data/evidence/well').locator('img.taken')).toBeVisible();
      await tablet.button('下一页', 'Next').click();
      // The check shows what was answered, and what is new each time and not there.
      await expect(page.locator('.sheet').filter({ hasText: '家里几口人？' })).toContainText('4');
      await expect(page.locator('.strip').filter({ hasText: '每次新做' })).toContainText('位置');
      await seen('21-check');
      await handIn();
      await expect(page.getByText(/待补访/)).toHaveCount(0);
      await until(async () => (await visits()).length === 2);
      const made = (await visits()).find((one) => photosOf(one).length === 1)!;
      expect(made.fields[VISITOR!]).toBe('村干部甲（虚构）');
    });

    await test.step('no change: they are asked again, nothing of one visit is taken over, and what is says so', async () => {
      await begin();
      await tablet.button('无变化', 'No change').click();
      await expect(page.getByText('每次都要重新征得同意')).toBeVisible();
      await agree();
      await tablet.button('无变化', 'No change').click();
      await expect(page.locator('.strip').filter({ hasText: '每次新做' })).toContainText('水井照片');
      // Said once more, it is still known what was taken over.
      for (const _page of [1, 2, 3, 4]) await tablet.button('上一页', 'Back').click();
      await tablet.button('无变化', 'No change').click();
      await page.locator('.sheet').getByText('家里几口人？').click();
      await expect(tablet.question('/data/water/persons')).toContainText(/照 .* 的走访填写/);
      await seen('22-copied');
      await tablet.question('/data/water/persons').getByRole('textbox').fill('5');
      await expect(tablet.question('/data/water/persons')).not.toContainText('的走访填写');
      for (const _page of [1, 2, 3]) await tablet.button('下一页', 'Next').click();
      await handIn();
      await until(async () => (await visits()).length === 3);
      const same = (await visits()).find((one) => notesOf(one).some((words) => words.startsWith('按“无变化”填写')))!;
      expect(photosOf(same)).toEqual([]);
      expect(notesOf(same)[0]).toContain('饮水安全吗？');
      expect(notesOf(same)[0]).not.toContain('家里几口人？');
      expect(same.fields['3']).toMatchObject({ water: { persons: 5, safe: 'yes' } });
    });

    await test.step('what was begun is gone on with, or another begins knowingly', async () => {
      await begin();
      await agree();
      await expect(page.getByText('✓ 已存本机')).toBeVisible();
      const draft = page.url();
      await page.getByRole('button', { name: '返回' }).click();
      await begin();
      await expect(dialog).toContainText('没填完的走访');
      await seen('23-begun');
      await dialog.getByRole('button', { name: /继续/ }).click();
      await expect(page).toHaveURL(draft);
      await page.getByRole('button', { name: '返回' }).click();
      await begin();
      await dialog.getByRole('button', { name: '另起一次走访' }).click();
      await expect(page).toHaveURL(/visits\//);
      expect(page.url()).not.toBe(draft);
      await tablet.button('放弃', '').click();
      await dialog.getByRole('button', { name: '放弃' }).click();
      await expect(page.locator('a.strip', { hasText: '未完成' })).toHaveCount(1);
      await page.locator('a.strip', { hasText: '未完成' }).click();
      await tablet.button('放弃', '').click();
      await dialog.getByRole('button', { name: '放弃' }).click();
      await expect(page.locator('a.strip', { hasText: '未完成' })).toHaveCount(0);
    });

    await test.step('a consent that is signed has a signature; what is taken back counts at the next visit', async () => {
      const card = page.locator('section').filter({ has: page.getByRole('heading', { name: '同意书' }) });
      await tablet.button('记录同意或不同意', '').click();
      await expect(dialog.locator('input:checked')).toHaveCount(0);
      await dialog.getByText('拍摄照片', { exact: true }).click();
      await dialog.getByText('已同意', { exact: true }).click();
      await dialog.getByText('签字', { exact: true }).click();
      await expect(dialog.getByRole('button', { name: '保存' })).toBeDisabled();
      await tablet.sign();
      await expect(dialog.getByRole('button', { name: '保存' })).toBeEnabled();
      // What is ticked after it was signed was not signed.
      await dialog.getByText('记录位置', { exact: true }).click();
      await expect(dialog.getByRole('button', { name: '保存' })).toBeDisabled();
      await dialog.getByText('记录位置', { exact: true }).click();
      await tablet.sign();
      await seen('24-consent-signed');
      await dialog.getByRole('button', { name: '保存' }).click();
      await expect(card.locator('.thumbs img')).toBeVisible();
      await card.getByRole('button', { name: '撤回同意' }).click();
      await dialog.getByRole('button', { name: '取消' }).click();
      await expect(card).not.toContainText('已撤回');
      await card.getByRole('button', { name: '撤回同意' }).click();
      await dialog.getByRole('button', { name: '撤回同意' }).click();
      await expect(page.getByText(/已于 .* 撤回同意（拍摄照片）/).first()).toBeVisible();
      await seen('25-withdrawn');
      await begin();
      await expect(page.getByText(/撤回同意（拍摄照片）/)).toBeVisible();
      await agree();
      await tablet.button('无变化', 'No change').click();
      await page.locator('.strip').getByRole('button', { name: '水井照片' }).click();
      const well = tablet.question('/data/evidence/well');
      await well.getByRole('button', { name: '拍照' }).click();
      await expect(dialog).toContainText('现在对方同意了吗？');
      await dialog.getByRole('button', { name: '取消' }).click();
      await expect(page.locator('dialog[open]')).toHaveCount(0);
      await well.getByRole('button', { name: '拍照' }).click();
      await dialog.getByRole('button', { name: '对方当面同意，继续' }).click();
      await page.getByRole('button', { name: '拍摄', exact: true }).click();
      await expect(well.locator('img.taken')).toBeVisible();
      await tablet.button('下一页', 'Next').click();
      await handIn();
      await until(async () => (await visits()).some((one) => notesOf(one).some((words) => words.includes('已到期（拍摄照片）'))));
      const [consent] = await about(supervisor, 'consent', household);
      expect(consent!.status).toBe('withdrawn');
      const [signature] = consent!.fields['11'] as string[];
      const drawn = await supervisor.bytes(`/api/v1/media/${signature}?reason=${encodeURIComponent('核对')}`);
      expect(createHash('sha256').update(new Uint8Array(drawn)).digest('hex')).toBe(signature);
    });

    await test.step('corrections are looked at by the rules on the tablet; what is right is kept all the same', async () => {
      const correct = async (field: string, words: string) => {
        await page.getByRole('button', { name: `修改${field}` }).first().click();
        await dialog.getByRole('textbox').fill(words);
        await dialog.getByRole('button', { name: '保存' }).click();
      };
      for (const [field, wrong, told] of [
        ['联系电话', '12345', '电话号码不正确'],
        ['户主身份证号', '52990119800101123X', '身份证号码不正确'],
        ['家庭年收入', '-5', '不能是负数'],
        ['户主姓名', '', '不应为空'],
      ] as const) {
        await correct(field, wrong);
        await expect(dialog.getByRole('alert')).toContainText(told);
        if (field === '联系电话') await seen('26-doubt');
        await dialog.getByRole('button', { name: '取消' }).click();
      }
      await page.getByRole('button', { name: '修改证件类型' }).first().click();
      await dialog.getByRole('combobox').selectOption('unknown');
      await dialog.getByRole('button', { name: '保存' }).click();
      await expect(dialog.getByRole('alert')).toContainText('以乡镇认定为准');
      await dialog.getByRole('button', { name: '取消' }).click();
      await correct('住址', '长'.repeat(201));
      await expect(dialog.getByRole('alert')).toContainText('太长');
      await dialog.getByRole('button', { name: '取消' }).click();
      await correct('联系电话', '12345');
      await dialog.getByRole('button', { name: '核对无误，仍然保存' }).click();
      await until(async () => (await read(supervisor, household)).fields['5'] === '12345');
      // The finding leads to the field, and ends when it is right.
      await page.locator('.card').filter({ hasText: '电话号码不正确' }).getByRole('button', { name: '更正' }).click();
      await dialog.getByRole('textbox').fill('13800000000');
      await dialog.getByRole('button', { name: '保存' }).click();
      await until(async () => (await read(supervisor, household)).fields['5'] === '13800000000');
      await expect(page.getByText('电话号码不正确')).toHaveCount(0);
    });

    await test.step('a visit comes back as a whole: the reason is told wherever one looks, and leads to all answers', async () => {
      const returned = (await visits()).find((one) => photosOf(one).length === 1 && notesOf(one).length === 0)!;
      // As many at once are sent back: one reason, no word at a question.
      await supervisor.post(`/api/v1/visits/${returned.id}/decisions`, { version: returned.version, verdict: 'returned', reason: '照片看不清，请重拍水井', comments: [] });
      await expect(page.locator('.strip', { hasText: '照片看不清，请重拍水井' })).toBeVisible();
      await seen('27-returned');
      await tablet.tab('今日', 'Today');
      await expect(page.getByText('退回意见：照片看不清，请重拍水井')).toBeVisible();
      await seen('28-today-returned');
      await page.getByText('照片看不清，请重拍水井').click();
      await tablet.button('更正并重新提交', '').click();
      await expect(page.locator('.strip', { hasText: '照片看不清，请重拍水井' })).toBeVisible();
      await page.locator('.sheet').getByText('水井照片').click();
      await tablet.question('/data/evidence/well').getByRole('button', { name: '重拍' }).click();
      await dialog.getByRole('button', { name: '对方当面同意，继续' }).click();
      await page.getByRole('button', { name: '拍摄', exact: true }).click();
      await tablet.button('下一页', 'Next').click();
      await tablet.button('重新提交', '').click();
      await until(async () => (await read(supervisor, returned.id)).status === 'resubmitted');
      // That they agreed on the spot goes with it.
      await until(async () => notesOf(await read(supervisor, returned.id)).some((words) => words.includes('已到期（拍摄照片）')));
      await expect(page.getByText('退回的走访')).toHaveCount(0);
    });

    await test.step('what was handed in can be read again without a network', async () => {
      await tablet.network(false);
      await timeline.locator('article a').first().click();
      await expect(page.locator('.sheet').filter({ hasText: '饮水安全吗？' })).toContainText('是');
      await expect(page.locator('.thumbs img').first()).toBeVisible();
      await seen('29-read');
      await page.getByRole('button', { name: '返回' }).click();
      await tablet.network(true);
    });

    await test.step('a task leads to itself, and is closed with a word of what was done', async () => {
      await tablet.tab('任务', 'Tasks');
      const row = page.locator('ul.list > li').first();
      const [, other] = /households\/([0-9a-f-]{36})/.exec((await row.locator('a').getAttribute('href'))!)!;
      const what = (await row.locator('strong').first().textContent())!;
      await row.locator('a').click();
      const task = page.locator('.sought').filter({ hasText: what });
      await expect(task).toBeVisible();
      await seen('30-task');
      await tablet.link('告知签字', '').click();
      await expect(page.locator('.paper')).toContainText('学生资助告知书');
      await tablet.sign();
      await page.locator('footer button').click();
      await expect(page.getByRole('heading', { name: '基本情况' })).toBeVisible();

      // What was signed is told, can be read, and is signed again only for a reason.
      await tablet.link('告知签字', '').click();
      await expect(page.getByText(/这项内容已于 .* 已签字/)).toBeVisible();
      await tablet.sign();
      await expect(page.locator('footer button')).toBeDisabled();
      await page.getByLabel('再次签收的理由').fill('第一次签错了人');
      await seen('31-again');
      await page.locator('footer button').click();
      await expect(page.getByRole('heading', { name: '基本情况' })).toBeVisible();
      await until(async () => {
        const notices = await about(supervisor, 'notice', other!);
        const receipts = notices.map((one) => supervisor.get(`/api/v1/notices/${one.id}/receipt?reason=${encodeURIComponent('核对')}`));
        return notices.length === 2 && (await Promise.all(receipts)).length === 2;
      });
      await timeline.getByRole('link', { name: /学生资助告知书/ }).last().click();
      await expect(page.locator('.paper')).toContainText('学生资助告知书');
      await expect(page.locator('svg.drawn')).toBeVisible();
      await seen('32-notice-read');
    });

    await test.step('what comes from the office leaves the list where one is in it', async () => {
      await tablet.tab('农户', 'Households');
      // What was sought last is still there.
      await page.getByRole('button', { name: '清除条件' }).click();
      const rows = page.locator('ul.list > li');
      await expect
        .poll(async () => {
          await rows.last().scrollIntoViewIfNeeded();
          return rows.count();
        })
        .toBe(HOUSEHOLDS);
      const without = rows.filter({ hasNot: page.getByText('任务', { exact: true }) }).first();
      const [, other] = /households\/([0-9a-f-]{36})/.exec((await without.locator('a').getAttribute('href'))!)!;
      await supervisor.post('/api/v1/tasks', { batch: crypto.randomUUID(), title: '核对电话', households: [other] });
      await expect(page.locator(`ul.list a[href$="${other}"]`).getByText('任务', { exact: true })).toBeVisible();
      expect(await rows.count()).toBe(HOUSEHOLDS);
    });

    expect(tablet.complaints).toEqual([]);
  } finally {
    await tablet.remove();
    await server.remove();
  }
});

function photosOf(record: RecordView): string[] {
  return (record.fields[PHOTOS!] ?? []) as string[];
}

function notesOf(record: RecordView): string[] {
  return ((record.fields[NOTES!] ?? []) as { text: string }[]).map((note) => note.text);
}
