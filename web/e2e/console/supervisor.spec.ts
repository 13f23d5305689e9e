/** A supervisor's morning: 500 visits by the keyboard alone, one of them there and back again. */

import { execFileSync } from 'node:child_process';
import { expect, test } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { about, type RecordView } from '../stage/county';
import { Desk, PASSWORD } from '../stage/desk';
import { codeOf } from '../stage/factor';
import { Server, until, type Caller } from '../stage/server';
import { Tablet } from '../stage/tablet';

const VISITS = 500;
/** The cadre's two villages. */
const HOUSEHOLDS = 104;

/** The household that the walk is about. */
async function found(caller: Caller): Promise<RecordView> {
  const { items } = await caller.get<{ items: RecordView[] }>(`/api/v1/records?collection=household&limit=500&reason=${encodeURIComponent('核对')}`);
  return items.find((one) => one.title === '罗大山')!;
}

async function address(tablet: Tablet, text: string): Promise<void> {
  await tablet.page.getByRole('button', { name: '修改住址' }).click();
  await tablet.page.getByRole('textbox', { name: '住址' }).fill(text);
  await tablet.button('保存', 'Save').click();
  await expect(tablet.page.getByText(text)).toBeVisible();
}

test('a supervisor reviews with the keyboard alone, and what was returned comes back', async () => {
  test.setTimeout(600_000);
  const server = await Server.start(VISITS);
  const desk = await Desk.start(server.address);
  const tablet = await Tablet.start(server.address);
  const other = await Tablet.start(server.address);
  const { page } = desk;
  const supervisor = await server.as('supervisor');
  const status = async (id: string) => (await supervisor.get<RecordView>(`/api/v1/records/${id}`)).status;
  try {
    await test.step('turns on the code of an authenticator app, and signs in with one', async () => {
      await desk.signIn('supervisor');
      await page.locator('.side .foot a').first().click();
      await desk.button('开启', 'Turn on').click();
      const secret = await page.locator('.code').innerText();
      await desk.shot('walk-factor');
      await page.fill('input[name=factor-code]', codeOf(secret, -1));
      await desk.button('确认开启', 'Confirm').click();
      await expect(page.getByText('已开启').first()).toBeVisible();
      await desk.button('退出登录', 'Sign out').click();
      await page.fill('input[name=login]', 'supervisor');
      await page.fill('input[name=password]', PASSWORD);
      await page.keyboard.press('Enter');
      await page.fill('input[name=code]', '000000');
      await page.keyboard.press('Enter');
      await expect(page.getByRole('alert')).toBeVisible();
      await page.fill('input[name=code]', codeOf(secret));
      await page.keyboard.press('Enter');
    });

    const seen = page.locator('.look .stage img');
    const household = page.locator('.beside h2');
    const visit = async () => (await household.getByRole('link').getAttribute('href'))!.split('/').pop()!;
    const moved = async (from: string) => {
      await expect(household.getByRole('link')).not.toHaveAttribute('href', new RegExp(from));
      await expect(seen).toBeVisible();
    };

    const pass = page.locator('.acts .primary');
    /** Looks at each photo of a visit, large. */
    const look = async () => {
      await expect(household.getByRole('link')).toBeVisible();
      await expect(seen).toBeVisible();
      for (const one of await page.locator('.film button').all()) {
        await one.click();
        await expect(one.locator('.seen')).toBeVisible();
      }
      await expect(pass).toHaveAttribute('aria-disabled', 'false');
    };

    /** Opens a visit that waits, and leaves a word at the question of income. */
    const remark = async (why: string, words: string) => {
      await desk.section('走访', 'Visits');
      await page.getByRole('button', { name: /^已提交/ }).click();
      await expect(page.locator('.line:not(.head)').filter({ hasNotText: '已提交' })).toHaveCount(0);
      await page.locator('.line .first').first().click();
      await expect(page.locator('.bar h1 .chip')).toBeVisible();
      await desk.button('查看敏感内容', 'Show sensitive values').first().click();
      await desk.because(why, '查看敏感内容', 'Show sensitive values');
      await page.getByRole('button', { name: /去年全家收入/ }).click();
      await desk.because(words, '保存', 'Save');
      return page.url().split('/').pop()!;
    };

    await test.step('the most doubtful comes first, with why', async () => {
      await expect(page.getByText(`待审 ${VISITS}`)).toBeVisible();
      await expect(seen).toBeVisible();
      await expect(page.locator('.beside .chips').first()).toContainText('照片重复使用 +60');
      await desk.shot('walk-triage');
      // Keys that find an area decide nothing.
      await page.locator('.search [tabindex="0"]').focus();
      await page.keyboard.press('r');
      await page.keyboard.press('Enter');
      await page.keyboard.type('a');
      await expect(page.getByText('没有找到')).toBeVisible();
      await expect(page.getByText('本次已审 0')).toBeVisible();
      await page.keyboard.press('Escape');
      await page.getByRole('heading', { level: 1 }).click();
    });

    await test.step('compares a photo that was used before, side by side', async () => {
      // The reused one is of the second photo.
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('d');
      await expect(page.locator('dialog[open] .pair img')).toHaveCount(2);
      await expect(page.locator('dialog[open]')).toContainText('同一个文件');
      await expect(page.locator('.neighbours li')).not.toHaveCount(0);
      await desk.shot('walk-compare');
      await page.keyboard.press('Escape');
      await expect(page.locator('dialog[open]')).toHaveCount(0);
    });

    let returned = '';
    await test.step('returns it with reasons by number', async () => {
      returned = await visit();
      await page.keyboard.press('r');
      await expect(page.locator('dialog[open]')).toBeVisible();
      await page.keyboard.press('2');
      await page.keyboard.press('3');
      await desk.shot('walk-return');
      await page.keyboard.press('Enter');
      await moved(returned);
      await until(async () => (await status(returned)) === 'returned');
      const [comment] = await about(supervisor, 'finding', returned).then((all) => all.filter((one) => one.fields['2'] === 'review/comment'));
      expect(comment?.fields['7']).toMatchObject({ 'zh-CN': '照片内容不对；缺照片' });
    });

    await test.step('flags one for another reviewer', async () => {
      const flagged = await visit();
      await page.keyboard.press('f');
      await expect(page.locator('dialog[open]')).toBeVisible();
      await page.keyboard.press('5');
      await page.keyboard.press('Enter');
      await moved(flagged);
      await until(async () => (await status(flagged)) === 'in_review');
      const doubts = async () => (await about(supervisor, 'finding', flagged)).filter((one) => one.fields['2'] === 'review/flag').map((one) => one.fields['4']);
      expect(await doubts()).toEqual(['open']);
      await page.keyboard.press('u');
      await expect(household.getByRole('link')).toHaveAttribute('href', new RegExp(flagged));
      expect(await doubts()).toEqual(['corrected']);
      expect(await status(flagged), 'it stands where it stood').toBe('submitted');
      await page.keyboard.press('f');
      await page.keyboard.press('5');
      await page.keyboard.press('Enter');
      await moved(flagged);
    });

    await test.step('passes forty, as fast as photos appear, and takes the last one back', async () => {
      const passed: string[] = [];
      for (let count = 0; count < 40; count += 1) {
        const now = await visit();
        await look();
        passed.push(now);
        // A key that is held down decides once.
        await page.keyboard.down('a');
        for (let held = 0; count === 0 && held < 5; held += 1) await page.keyboard.down('a');
        await page.keyboard.up('a');
        await moved(now);
        await expect(page.getByText(`本次已审 ${count + 3}`)).toBeVisible();
      }
      expect(new Set(passed).size).toBe(40);
      const last = passed.at(-1)!;
      await until(async () => (await status(last)) === 'approved');
      await page.keyboard.press('u');
      await expect(household.getByRole('link')).toHaveAttribute('href', new RegExp(last));
      await expect(page.getByText('已撤销')).toBeVisible();
      // As if nothing had been decided: on the server, and on the screen.
      await until(async () => (await status(last)) === 'submitted');
      await expect(page.locator('.beside .hint').first()).toContainText('已提交');
      expect(await status(passed[0]!)).toBe('approved');
    });

    await test.step('no pass before the image is there', async () => {
      await page.keyboard.press('?');
      await desk.shot('walk-keys');
      await page.keyboard.press('Escape');
      await expect(page.locator('dialog[open]')).toHaveCount(0);
      await page.route('**/thumbnails/**', (route) => route.abort());
      // Past those that were fetched ahead.
      const first = await visit();
      for (let count = 0; count < 16; count += 1) {
        await page.keyboard.press(' ');
        await expect(household.getByRole('link')).toBeVisible();
      }
      const now = await visit();
      expect(now).not.toBe(first);
      await expect(pass).toHaveAttribute('aria-disabled', 'true');
      await page.keyboard.press('a');
      await expect(page.getByText(/还有 \d+ 张照片没有看过大图/)).toBeVisible();
      expect(await visit()).toBe(now);
      await page.unroute('**/thumbnails/**');
      await look();
      await page.keyboard.press('z');
      const frame = page.locator('.look .stage');
      const before = await frame.evaluate((one) => [one.scrollLeft, one.scrollTop]);
      await page.keyboard.press('ArrowDown');
      const below = await frame.evaluate((one) => [one.scrollLeft, one.scrollTop]);
      expect(below[1]).toBeGreaterThan(before[1]!);
      const box = (await frame.boundingBox())!;
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x + 80, y + 60);
      await page.mouse.up();
      expect(await frame.evaluate((one) => [one.scrollLeft, one.scrollTop])).toEqual([below[0]! - 80, below[1]! - 60]);
      await page.keyboard.press('z');
    });

    await test.step('the server is gone for a while: what was decided is sent when it is back', async () => {
      await look();
      const now = await visit();
      await server.kill();
      await page.keyboard.press('a');
      await expect(page.getByText('1 个决定未送达')).toBeVisible();
      await desk.shot('walk-offline');
      await server.up();
      await until(async () => (await status(now)) === 'approved');
      await expect(page.getByText('个决定未送达')).toHaveCount(0);
    });

    await test.step('returns a visit with a comment at one question, and it comes back corrected by a tablet', async () => {
      await tablet.enrol(server.code('cadre'));
      await tablet.isReady(HOUSEHOLDS);
      const id = await remark('核对收入', '请按流水核实收入');
      const who = (await page.locator('.bar h1').innerText()).split(/\s/)[0]!;
      await desk.seen('walk-comment');
      // What is not sent yet outlives a reload.
      await page.reload();
      await expect(page.getByRole('button', { name: /^退回 ?1$/ })).toBeVisible();
      // The reason held for what was looked at then.
      await desk.button('查看敏感内容', 'Show sensitive values').first().click();
      await desk.because('核对更正', '查看敏感内容', 'Show sensitive values');
      await page.getByRole('button', { name: /^退回/ }).click();
      await desk.because('收入要核实', '退回', 'Return');
      await expect(page.locator('.bar .chip').first()).toHaveText('已退回');

      await tablet.tab('今日', 'Today');
      await tablet.page.getByRole('link', { name: new RegExp(`${who}.*(退回|待更正)|(退回|待更正).*${who}`) }).first().click();
      await tablet.button('更正并重新提交', 'Correct and send again').click();
      const again = tablet.button('重新提交', 'Hand in again');
      const income = tablet.question('/data/income');
      await tablet.button('下一页', 'Next').or(again).first().waitFor();
      while (!(await again.isVisible())) {
        if (await income.isVisible()) {
          await expect(income).toContainText('请按流水核实收入');
          await income.getByRole('textbox').fill('26500');
        }
        await tablet.button('下一页', 'Next').click();
      }
      await again.click();
      await until(async () => (await status(id)) === 'resubmitted');
      // The screen hears of it by itself.
      await expect(page.locator('.bar .chip').first()).toHaveText('已重新提交');
      await expect(page.getByRole('button', { name: /26500/ })).toBeVisible();
      await desk.shot('walk-corrected');
      await desk.button('通过', 'Approve').click();
      await desk.because('已核实', '通过', 'Approve');
      await expect(page.locator('.bar .chip').first()).toHaveText('已通过');
    });

    await test.step('settles what two people changed', async () => {
      await other.enrol(server.code('cadre2'));
      await other.isReady(52);
      await tablet.network(false);
      await tablet.find('罗大山');
      await address(tablet, '三组 9 号');
      await other.find('罗大山');
      await address(other, '五组 2 号');
      await until(async () => (await found(supervisor)).fields['4'] === '五组 2 号');
      await tablet.network(true);
      await desk.section('冲突', 'Conflicts');
      await expect(page.getByText('两人都改了')).toBeVisible();
      await expect(page.getByRole('cell', { name: '三组 9 号' })).toBeVisible();
      await desk.seen('walk-conflict');
      await desk.button('改用另一个', 'Take the other').click();
      await desk.because('问过户主', '保存', 'Save');
      await until(async () => (await found(supervisor)).fields['4'] === '三组 9 号');
      await expect(page.getByText('没有待处理的冲突。')).toBeVisible();
    });

    await test.step('lets a record take effect that came from a tablet that was blocked', async () => {
      const admin = await server.as('admin');
      const { items } = await admin.get<{ items: { id: string; user: string; state: string }[] }>('/api/v1/devices');
      const theirs = items.find((one) => one.user.startsWith('村干部乙') && one.state === 'active')!;
      await other.network(false);
      await address(other, '六组 1 号');
      // Of another household, what came is nearly right.
      await other.tab('农户', 'Households');
      await other.page.getByRole('searchbox').fill('');
      await other.page.locator('ul.list a').filter({ hasNotText: '罗大山' }).first().click();
      const neighbour = other.page.url().split('/').pop()!;
      await address(other, '六组 2号楼');
      await admin.post(`/api/v1/devices/${theirs.id}/block`, {});
      await other.network(true);
      await desk.section('待处理上报', 'Quarantined changes');
      const held = (words: string) => page.locator('article', { hasText: words });
      await expect(held('六组 2号楼')).toContainText('送来的人当时不负责这个村。');
      await desk.seen('walk-held');
      await held('六组 1 号').getByRole('button', { name: '采用', exact: true }).click();
      await desk.because('本人送来，属实', '保存', 'Save');
      await until(async () => (await found(supervisor)).fields['4'] === '六组 1 号');
      await expect(held('六组 1 号')).toHaveCount(0);

      await held('六组 2号楼').getByRole('button', { name: '改正后采用', exact: true }).click();
      const dialog = page.locator('dialog[open]');
      const apply = dialog.getByRole('button', { name: '采用改正后的内容' });
      await expect(dialog.getByLabel('住址')).toHaveValue('六组 2号楼');
      await expect(apply).toBeDisabled();
      await dialog.locator('textarea').fill('电话核实过');
      await apply.click();
      await expect(dialog.getByRole('alert')).toContainText('还没有改动');
      await dialog.getByLabel('住址').fill('六组 12 号');
      await desk.seen('walk-held-correct');
      await apply.click();
      await expect(dialog).toHaveCount(0);
      const home = () => supervisor.get<RecordView>(`/api/v1/records/${neighbour}?reason=${encodeURIComponent('核对')}`);
      await until(async () => (await home()).fields['4'] === '六组 12 号');
      await expect(page.getByText('没有待处理的上报')).toBeVisible();
    });

    await test.step('draws a sample of each village, again with its seed, and notes what calls came to', async () => {
      await desk.section('抽查回访', 'Call-backs');
      const draw = async (seed: string) => {
        await desk.choose(page.locator('form').getByRole('combobox', { name: '区域' }), '青溪镇');
        await page.fill('input[name=per-group]', '5');
        await page.fill('input[name=seed]', seed);
        await page.fill('input[name=reason]', '核实走访');
        await desk.button('抽取回访名单', 'Draw a random sample').click();
        await expect(page.getByText('已核实 0 / 15')).toBeVisible();
        return page.locator('tbody tr td:nth-child(2)').allInnerTexts();
      };
      const drawn = await draw('');
      const seed = await page.locator('.hint .code').innerText();
      const row = page.locator('tbody tr').first();
      await row.getByRole('button', { name: '未接通' }).click();
      await expect(row.locator('.chip')).toHaveText(['未接通']);
      await row.getByRole('textbox').fill('说是去年的事');
      await row.getByRole('button', { name: '不符' }).click();
      await expect(page.getByText('已核实 1 / 15')).toBeVisible();
      await expect(row.locator('.chip')).toHaveText(['未接通', '不符']);
      await desk.seen('walk-sample');
      await desk.section('抽查回访', 'Call-backs');
      await desk.seen('walk-samples');
      expect(await draw(seed)).toEqual(drawn);
    });

    await test.step('sets tasks for many, takes them back, and hears that one is done', async () => {
      await desk.section('任务', 'Tasks');
      await expect(page.getByRole('button', { name: /^待办 \d/ })).toBeVisible();
      const before = Number(/\d+/.exec(await page.getByRole('button', { name: /^待办/ }).innerText()));
      await desk.button('布置任务', 'Set a task').click();
      await page.fill('input[name=task]', '核实饮水安全');
      await page.reload();
      await desk.button('布置任务', 'Set a task').click();
      await expect(page.locator('input[name=task]')).toHaveValue('核实饮水安全');
      await page.fill('input[name=due]', '2026-01-31');
      await page.getByLabel('全部农户').check();
      await desk.button('布置', 'Set').click();
      await expect(page.locator('dialog[open]')).toContainText('户布置：核实饮水安全');
      const count = Number(/将给 (\d+) 户/.exec(await page.locator('dialog[open]').innerText())?.[1]);
      expect(count).toBeGreaterThan(HOUSEHOLDS);
      await desk.seen('walk-task');
      // The server sets them, and its answer is lost: tried again, none is set twice.
      await page.route('**/api/v1/tasks', async (route) => {
        await route.fetch();
        await route.abort();
      }, { times: 1 });
      await page.locator('dialog[open]').getByRole('button', { name: '布置' }).click();
      await expect(page.locator('.toast .bad')).toBeVisible();
      await page.reload();
      await desk.button('布置任务', 'Set a task').click();
      await page.getByLabel('全部农户').check();
      await desk.button('布置', 'Set').click();
      await page.locator('dialog[open]').getByRole('button', { name: '布置' }).click();
      await expect(page.getByRole('button', { name: `待办 ${before + count}` })).toBeVisible({ timeout: 180_000 });
      await page.getByRole('button', { name: '撤销' }).click();
      // Each is taken back by itself.
      await expect(page.getByRole('button', { name: `待办 ${before}`, exact: true })).toBeVisible({ timeout: 180_000 });
      await expect(page.getByRole('button', { name: `取消 ${count}` })).toBeVisible();

      await desk.section('农户', 'Households');
      await page.locator('.work .table a').first().click();
      await page.getByRole('link', { name: '布置任务' }).click();
      await page.fill('input[name=task]', '补拍水表照片');
      await page.fill('input[name=due]', '2026-01-15');
      await desk.button('布置', 'Set').click();
      await expect(page.locator('dialog[open]')).toContainText('将给 1 户布置');
      await page.locator('dialog[open]').getByRole('button', { name: '布置' }).click();
      const row = page.getByRole('row', { name: /补拍水表照片/ });
      await expect(row).toContainText('逾期 2026-01-15');
      await row.getByRole('button', { name: '修改' }).click();
      await page.locator('dialog[open] input[type=date]').fill('2026-01-20');
      await page.locator('dialog[open] textarea').fill('下雨推迟');
      await page.locator('dialog[open]').getByRole('button', { name: '保存' }).click();
      await expect(row).toContainText('逾期 2026-01-20');
      await desk.seen('walk-tasks');
      await tablet.tab('任务', 'Tasks');
      await tablet.page.getByRole('button', { name: /补拍水表照片/ }).click();
      await tablet.page.locator('dialog[open] textarea').fill('已补拍，水表读数清楚');
      await tablet.page.locator('dialog[open]').getByRole('button', { name: '完成' }).click();
      await expect(row).toHaveCount(0);
      await page.getByRole('button', { name: /^已办/ }).click();
      await expect(row).toBeVisible();
    });

    await test.step('exports the half-month ledger', async () => {
      await desk.section('台账', 'Ledgers');
      await page.locator('select[name=ledger]').selectOption({ label: '走访审核半月报' });
      const days = page.getByText(/^2\d{3}-\d\d-\d\d – 2/);
      const thisHalf = (await days.innerText()).slice(0, '2026-11-16 – 2026-11-30'.length);
      for (const [shortcut, isThisHalf] of [['上半月', false], ['本半月', true]] as const) {
        await page.getByPlaceholder('开始日期').click();
        await page.getByRole('button', { name: shortcut }).click();
        await expect(days.filter({ hasText: thisHalf })).toHaveCount(isThisHalf ? 1 : 0);
      }
      await expect(page.getByRole('row', { name: /桃源村/ })).toContainText(String(VISITS));
      await page.getByRole('button', { name: /^查看未达到的/ }).click();
      await desk.seen('walk-ledger');
      // On a line where nothing comes back for a while, what goes on is shown, and can be stopped.
      const wire = await page.context().newCDPSession(page);
      await wire.send('Network.emulateNetworkConditions', { offline: false, latency: 60_000, downloadThroughput: -1, uploadThroughput: -1 });
      await page.getByRole('button', { name: 'Excel' }).click();
      await expect(page.getByText('服务器正在生成…')).toBeVisible();
      await desk.shot('walk-export');
      await page.getByRole('button', { name: '停止', exact: true }).click();
      await expect(page.getByText('服务器正在生成…')).toHaveCount(0);
      await wire.detach();
      for (const [name, start] of [
        ['Excel', 'PK'],
        ['CSV', '\u{feff}走访审核半月报'],
      ] as const) {
        const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
        expect(readFileSync(await download.path(), 'utf8').startsWith(start), name).toBe(true);
      }
    });

    await test.step('takes answers and a register away', async () => {
      await desk.section('导出数据', 'Export');
      const answers = page.locator('form').filter({ has: page.getByRole('heading', { name: '走访问卷的回答' }) });
      const where = page.getByRole('combobox', { name: '区域' });
      await desk.choose(where, '桃源');
      await expect(page).toHaveURL(/area=529901100201/);
      await where.hover();
      await page.locator('.n-base-clear__clear').first().click();
      await expect(page).not.toHaveURL(/area=/);
      await answers.getByRole('button', { name: 'Excel' }).click();
      await expect(answers.locator('input[name=reason]')).toBeFocused();
      await answers.locator('input[name=reason]').fill('半月汇总');
      await desk.seen('walk-exports');
      const register = page.locator('form').filter({ has: page.getByRole('heading', { name: '基础数据' }) });
      for (const [button, file, start] of [
        [answers.getByRole('button', { name: 'Excel' }), '农户走访.xlsx', 'PK'],
        [answers.getByRole('button', { name: 'CSV (ZIP)' }), '农户走访.zip', 'PK'],
        [register.getByRole('button', { name: 'CSV' }), '农户.csv', '\u{feff}编号,所属编号,所属,村,户主姓名,'],
      ] as const) {
        const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
        expect(download.suggestedFilename()).toBe(file);
        const text = readFileSync(await download.path(), 'utf8');
        expect(text.startsWith(start), file).toBe(true);
      }
      // With their photos, as they were taken.
      await answers.locator('input[name=files]').check();
      await expect(answers.getByRole('button', { name: 'Excel' })).toBeDisabled();
      const [download] = await Promise.all([page.waitForEvent('download'), answers.getByRole('button', { name: 'CSV (ZIP)' }).click()]);
      const listed = execFileSync('python3', ['-m', 'zipfile', '-l', await download.path()], { encoding: 'utf8' });
      expect(listed.match(/media\/[0-9a-f]{64}\.jpg/g)?.length).toBeGreaterThan(400);
    });

    await test.step('goes back to where a list was left, however long it had become', async () => {
      await desk.section('走访', 'Visits');
      const scroller = page.locator('.scroller');
      const scroll = (top: number) => scroller.evaluate((one, to) => (one.scrollTop = to), top);
      const place = () => scroller.evaluate((one) => one.scrollTop);
      const height = () => scroller.evaluate((one) => one.scrollHeight);
      await expect(page.locator('.line .first').first()).toBeVisible();
      const begun = await height();
      await scroll(begun);
      // The second hundred comes, and one is looked at that is far down in it.
      await expect.poll(height).toBeGreaterThan(begun * 1.5);
      await scroll(begun * 1.5);
      const line = page.locator('.line:not(.head) .first').nth(12);
      const address = await line.getAttribute('href');
      await expect(line).toBeInViewport();
      const before = await place();
      await line.click();
      await expect(page.locator('.bar h1 .chip').first()).toBeVisible();
      await page.goBack();
      await expect(page.locator(`.first[href="${address}"]`)).toBeInViewport();
      expect(await place()).toBe(before);
      // A section that is opened anew begins at its top.
      await desk.section('农户', 'Households');
      await desk.button('更多', 'More').click();
      const rows = page.locator('.work .table tbody tr');
      await expect.poll(() => rows.count()).toBeGreaterThan(100);
      const home = rows.nth(150).getByRole('link');
      const who = await home.innerText();
      await home.click();
      await expect(page.getByRole('heading', { level: 1, name: who })).toBeVisible();
      await page.goBack();
      await expect(rows.nth(150)).toBeInViewport();
      await desk.section('走访', 'Visits');
      await expect(page.locator('.line .first').first()).toBeInViewport();
    });

    await test.step('settled work is found again among all visits', async () => {
      await desk.section('走访', 'Visits');
      await page.getByRole('button', { name: /^已退回/ }).click();
      await expect(page.locator('.line .first')).toHaveCount(1);
      await expect(page).toHaveURL(/status=returned/);
      await page.reload();
      await expect(page.locator('.line .first')).toHaveCount(1);
      await page.locator('.line .first').click();
      await expect(page.getByText('审核批注').first()).toBeVisible();
      await expect(page.getByText('乡镇审核员（虚构）').first()).toBeVisible();
      await desk.shot('walk-history');
    });

    await test.step('passes several from the gallery, returns others with one reason, and takes that back', async () => {
      await desk.section('走访', 'Visits');
      await page.getByRole('button', { name: /^已提交/ }).click();
      await desk.button('照片墙', 'Gallery').click();
      await expect(page.locator('.picture img').nth(11)).toBeVisible();
      const ticks = page.locator('.picture:has(img) .tick input');
      const ids = new Set<string>();
      for (let at = 0; ids.size < 6; at += 1) {
        const id = (await page.locator('.picture a').nth(at).getAttribute('href'))!.split('/').pop()!;
        if (ids.has(id)) continue;
        ids.add(id);
        await ticks.nth(at).check();
      }
      await expect(page.getByText('已选 6 次')).toBeVisible();
      const pass = page.getByRole('button', { name: /^通过 \d+ 次/ });
      const count = Number((await pass.innerText()).match(/\d+/)![0]);
      expect(count).toBeGreaterThan(0);
      await desk.seen('walk-bulk');
      await pass.click();
      // On the wall there are small copies only: that is said, and kept.
      await expect(page.locator('dialog[open]')).toContainText(`其中 ${count} 次只看过小图`);
      await desk.because('照片已看', '通过', 'Pass');
      await expect(page.getByText(`已通过 ${count} 次。`)).toBeVisible();
      const states = async (wanted: string) => (await Promise.all([...ids].map(status))).filter((one) => one === wanted).length;
      expect(await states('approved')).toBe(count);
      const last = (await Promise.all([...ids].map(async (id) => ({ id, is: await status(id) })))).find((one) => one.is === 'approved')!.id;
      const kept = JSON.stringify(await supervisor.get(`/api/v1/records/${last}/history`));
      expect(kept).toContain('批量通过，照片只看过小图，没有看大图：照片已看');
      await desk.button('撤销', 'Undo').click();
      await expect(page.getByText(`已撤销 ${count} 次。`)).toBeVisible();
      expect(await states('submitted')).toBe(ids.size);
      await desk.button('表格', 'Table').click();
      // What is not listed any more is not chosen any more.
      await page.getByRole('checkbox', { name: /^选择 / }).first().check();
      await page.getByRole('button', { name: /^已退回/ }).click();
      await expect(page.getByText('已选 1 次')).toHaveCount(0);
      await page.getByRole('button', { name: /^已提交/ }).click();
      // What was listed before stands there until the list has come.
      await expect(page.getByRole('row').nth(1)).toContainText('已提交');
      await page.getByRole('checkbox', { name: '全选已显示的' }).check();
      const back = page.getByRole('button', { name: /^退回 \d+ 次/ });
      const many = Number((await back.innerText()).match(/\d+/)![0]);
      expect(many).toBeGreaterThanOrEqual(100);
      await back.click();
      await page.locator('dialog[open]').getByRole('button', { name: /照片看不清/ }).click();
      await page.locator('dialog[open]').getByRole('button', { name: /^退回 Enter/ }).click();
      await expect(page.getByText(`已退回 ${many} 次。`)).toBeVisible({ timeout: 60_000 });
      // The one reason reaches whoever made them.
      await tablet.tab('今日', 'Today');
      await expect(tablet.page.getByText(/退回意见：.*照片看不清/).first()).toBeVisible({ timeout: 60_000 });
      await desk.button('撤销', 'Undo').click();
      await expect(page.getByText(`已撤销 ${many} 次。`)).toBeVisible({ timeout: 60_000 });
      await expect(page.getByRole('button', { name: /^已退回 1$/ })).toBeVisible();
    });

    await test.step('chooses columns, keeps the view, and finds it on the server', async () => {
      await page.getByRole('button', { name: /^审核中/ }).click();
      await desk.button('列', 'Columns').click();
      await page.getByRole('checkbox', { name: '用时' }).check();
      await page.getByRole('checkbox', { name: '事由' }).uncheck();
      await page.locator('select[name=frozen]').selectOption('1');
      await desk.button('关闭', 'Close').click();
      await expect(page.getByRole('columnheader', { name: '用时' })).toBeVisible();
      await desk.button('常用视图', 'Views').click();
      await page.getByPlaceholder('视图名称').fill('撤销过的');
      await desk.button('保存当前视图', 'Save this view').click();
      await desk.shot('walk-views');
      const address = new URL(page.url()).search;
      // Nothing of it is in this browser.
      expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('撤销过的');
      await page.goto(`${server.address}/console/visits`);
      await desk.button('常用视图', 'Views').click();
      await page.getByRole('button', { name: '撤销过的' }).click();
      await expect(page.getByRole('columnheader', { name: '用时' })).toBeVisible();
      await expect(page.getByRole('columnheader', { name: '事由' })).toHaveCount(0);
      expect(new URLSearchParams(new URL(page.url()).search).toString()).toBe(new URLSearchParams(address).toString());
      await desk.seen('walk-columns');
      // What is frozen stays where it is when the table is scrolled aside.
      await page.setViewportSize({ width: 800, height: 768 });
      const [stays, goes] = ['户主', '用时'].map((name) => page.getByRole('columnheader', { name }));
      const x = async () => Promise.all([stays!, goes!].map(async (one) => Math.round((await one.boundingBox())!.x)));
      const before = await x();
      await page.locator('.scroller').evaluate((one) => (one.scrollLeft = 200));
      const after = await x();
      expect(after[0]).toBe(before[0]);
      expect(after[1]).toBeLessThan(before[1]!);
      await page.setViewportSize({ width: 1366, height: 768 });
    });

    await test.step('a visit that is changed meanwhile says so, and keeps what was typed', async () => {
      const id = await remark('核对收入', '请再核实');
      const admin = await server.as('admin');
      const { version } = await admin.get<RecordView>(`/api/v1/records/${id}`);
      await admin.post(`/api/v1/visits/${id}/decisions`, { version, verdict: 'flagged', reason: '两户照片在同一处', comments: [] });
      await expect(page.getByRole('alert')).toContainText('有了变化');
      await expect(page.locator('.bar .chip').first()).toHaveText('审核中');
      await desk.seen('walk-stale');
      await page.getByRole('button', { name: /^退回/ }).click();
      await desk.because('收入要核实', '退回', 'Return');
      await expect(page.locator('.bar .chip').first()).toHaveText('已退回');
      const comments = (await about(supervisor, 'finding', id)).filter((one) => one.fields['2'] === 'review/comment');
      expect(comments.map((one) => one.fields['7'])).toMatchObject([{ 'zh-CN': '请再核实' }]);
    });

    await test.step('prints what the township was told of', async () => {
      await desk.section('告知书', 'Notifications');
      await page.locator('select[name=template]').selectOption('chronic_card');
      await desk.button('批量印制', 'Print many').click();
      await desk.button('开始印制', 'Print').click();
      await desk.because('发给各村', '开始印制', 'Print');
      await expect(page.getByText('这里还没有签过的告知书')).toBeVisible();
      await page.locator('select[name=template]').selectOption('student_aid');
      await desk.button('开始印制', 'Print').click();
      await desk.because('发给各村', '开始印制', 'Print');
      const file = page.getByRole('button', { name: /^第 1 个文件/ });
      await expect(file).toBeVisible({ timeout: 60_000 });
      await desk.seen('walk-print');
      const [download] = await Promise.all([page.waitForEvent('download'), file.click()]);
      expect(readFileSync(await download.path(), 'latin1').startsWith('%PDF-')).toBe(true);
    });

    await test.step('sees how far the township has come, and who was not visited', async () => {
      await desk.section('概况', 'Overview');
      await expect(page.locator('canvas').first()).toBeVisible();
      await page.getByRole('button', { name: /^未走访的 \d+ 户/ }).click();
      await expect(page.locator('.names li').first()).toBeVisible();
      await desk.seen('walk-overview');
    });

    await test.step('opens what was found: from the overview to those it is about', async () => {
      const link = page.locator('.rules a').first();
      const kind = await link.innerText();
      // Nothing is called by the name that programs have for it.
      expect(kind).not.toMatch(/^[a-z-]+\/[a-z-]+$/);
      await link.click();
      await expect(page.getByRole('heading', { level: 1, name: '待核实疑点' })).toBeVisible();
      const lines = page.locator('.work .table tbody tr');
      await expect(lines.first()).toBeVisible();
      await desk.seen('walk-findings');
      await lines.first().getByRole('link').click();
      await expect(page).toHaveURL(/\/(visits|households|notices)\//);
    });

    await test.step('what was typed and not sent stays with nobody who signs out', async () => {
      await remark('核对收入', '户主有病');
      const kept = () => page.evaluate(() => JSON.stringify(sessionStorage));
      expect(await kept()).toContain('户主有病');
      await page.locator('.side .foot a').first().click();
      await desk.button('退出登录', 'Sign out').click();
      await page.waitForSelector('input[name=login]');
      expect(await kept()).not.toContain('户主有病');
    });
    expect(desk.complaints).toEqual([]);
  } finally {
    await desk.remove();
    await tablet.remove();
    await other.remove();
    await server.remove();
  }
});
