/** An admin's day: a form from its mistakes to its release and back, people, areas, a tablet's life. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { Desk, PASSWORD } from '../stage/desk';
import { answer } from '../stage/refused';
import { roster } from '../stage/roster';
import { Server, until, type Caller, type Made } from '../stage/server';
import { Tablet } from '../stage/tablet';

const FIXTURES = 'e2e/console/fixtures';
/** What everybody does for themselves, and what supervisors do as well. */
const MAY_TOO = /^\/api\/v1\/(session|me|review\/claims)/;

test('an admin runs forms, people, areas and tablets', async () => {
  test.setTimeout(600_000);
  const server = await Server.start();
  const desk = await Desk.start(server.address);
  const tablet = await Tablet.start(server.address);
  const { page } = desk;
  const publish = async (area: string, why: string) => {
    await desk.choose(page.getByRole('combobox', { name: '发布到' }), area);
    await page.getByRole('button', { name: /^发布 / }).click();
    await expect(page.locator('dialog[open]')).toContainText(`${area}的平板`);
    await desk.because(why, '发布', 'Publish');
  };
  const tryOut = async () => {
    await desk.button('预览与试填', 'Preview and try').click();
    const screen = page.locator('.tablet');
    await screen.getByText('同意', { exact: true }).click();
    const persons = screen.locator('[data-path="/data/persons"]').getByRole('textbox');
    await persons.fill('0');
    await desk.button('用这些数据试填', 'Try with this data').click();
    await expect(page.getByText('试填有问题').first()).toBeVisible();
    // What is typed stands while it is typed, and is the number it is afterwards.
    await persons.fill('');
    await persons.pressSequentially('04');
    await expect(persons).toHaveValue('04');
    await persons.blur();
    await expect(persons).toHaveValue('4');
    await desk.button('用这些数据试填', 'Try with this data').click();
    await expect(page.locator('.chip.green', { hasText: '试填通过' }).first()).toBeVisible();
  };
  /** Whatever the admin changes, to be tried by those who may not. */
  const made: Made[] = [];
  page.on('request', (request) => {
    const path = request.url().slice(server.address.length);
    if (request.method() === 'GET' || !path.startsWith('/api/v1/') || MAY_TOO.test(path)) return;
    made.push({ method: request.method(), path, body: request.postDataBuffer(), type: request.headers()['content-type'] });
  });
  try {
    await desk.signIn('admin');
    // Triage is an admin's first screen: that they look is kept.
    await expect(page.locator('.look .stage img')).toBeVisible();
    await test.step('uploads a form with mistakes, and is told where each is', async () => {
      await desk.section('调查表', 'Forms');
      await desk.button('上传调查表', 'Upload a form').click();
      await page.setInputFiles('input[name=form]', `${FIXTURES}/wrong.md`);
      const mistakes = page.locator('.work table').first().getByRole('row');
      await expect(page.getByText(/有 \d+ 处错误/)).toBeVisible();
      await expect(mistakes.filter({ hasText: 'integre' })).toContainText('survey');
      await expect(mistakes.filter({ hasText: 'agreed' }).first()).toBeVisible();
      await desk.seen('walk-mistakes');
    });

    await test.step('mends it, tries it on the tablet frame, and publishes it to one township', async () => {
      await page.setInputFiles('input[name=form]', `${FIXTURES}/one.md`);
      await page.locator('.work').getByRole('button', { name: '上传', exact: true }).click();
      await expect(page.getByRole('heading', { level: 1, name: /秋季走访/ })).toBeVisible();
      await tryOut();
      await desk.seen('walk-preview');
      // It goes nowhere until somebody says where.
      await expect(page.getByRole('button', { name: /^发布 / })).toBeDisabled();
      await expect(page.getByRole('button', { name: '在该区域停用' })).toBeDisabled();
      await publish('青溪镇（虚构）', '先在一个镇试用');
      await expect(page.getByText('有效').first()).toBeVisible();
    });

    await test.step('enrols a tablet with a code out of the console, which visits with the form', async () => {
      await desk.section('人员', 'People');
      // The browser was left open for a while: whoever asks for a code proves who they are.
      await page.route('**/api/v1/enrolment-codes', answer('confirmation-needed'), { times: 1 });
      await page.getByRole('row', { name: /村干部丙/ }).getByRole('button', { name: '平板绑定码' }).click();
      const proof = page.locator('dialog[open]', { hasText: '请再输一次密码' });
      await proof.getByLabel('密码').fill('not-the-password');
      await proof.getByRole('button', { name: '确认' }).click();
      await expect(proof.getByRole('alert')).toHaveText('密码不对，请再输一次。');
      await desk.seen('walk-prove');
      await proof.getByLabel('密码').fill(PASSWORD);
      await proof.getByRole('button', { name: '确认' }).click();
      await expect(proof).toHaveCount(0);
      const code = await page.locator('dialog[open] .code').innerText();
      await desk.shot('walk-code');
      await page.locator('dialog[open]').getByRole('button', { name: '关闭' }).click();
      await tablet.enrol(code);
      await tablet.isReady(52);
      await tablet.tab('农户', 'Households');
      await tablet.page.locator('ul.list a').first().click();
      await tablet.page.getByRole('button', { name: '秋季走访' }).click();
      await tablet.page.getByText('谢绝', { exact: true }).click();
      await tablet.question('/data/note').getByRole('textbox').fill('改天再来');
      await tablet.button('下一页', 'Next').click();
      await tablet.button('提交', 'Hand in').click();
      await expect(tablet.page).toHaveURL(/households\//);
      const admin = await server.as('admin');
      await until(async () => (await admin.get<{ by_status: Record<string, number> }>('/api/v1/visits/counts')).by_status['submitted'] === 11);
    });

    await test.step('a new version: what it breaks is told before it is published to all; then it is rolled back', async () => {
      await desk.section('调查表', 'Forms');
      await desk.button('上传调查表', 'Upload a form').click();
      await page.setInputFiles('input[name=form]', `${FIXTURES}/two.md`);
      await page.locator('.work').getByRole('button', { name: '上传', exact: true }).click();
      await expect(page.locator('.bar select')).toContainText('2');
      await expect(page.getByText('试了 1 次，有 1 次的答案在新版本里没有位置。')).toBeVisible();
      await expect(page.getByRole('cell', { name: /^\/data\/note/ })).toBeVisible();
      await expect(page.getByRole('button', { name: /^发布 / })).toBeDisabled();
      await desk.seen('walk-diff');
      await tryOut();
      await publish('示范县（虚构）', '全县使用');
      await expect(page.getByRole('listitem').filter({ hasText: '全县使用' })).toContainText('有效');
      await page.locator('.bar select').selectOption({ index: 1 });
      await publish('示范县（虚构）', '先退回旧版');
      await expect(page.getByRole('listitem').filter({ hasText: '全县使用' })).toContainText('已被替换');
      await desk.shot('walk-rollback');
    });

    await test.step('edits the template of a notification, meets another’s edit, and the tablet gets the new words', async () => {
      await desk.section('告知书模板', 'Templates');
      await page.getByRole('link', { name: '学生资助告知书' }).click();
      await expect(page.locator('iframe')).toBeVisible();
      await desk.button('修改', 'Edit').click();
      const first = page.getByRole('group', { name: /第 1 段/ });
      const words = first.locator('textarea[lang=zh-CN]');
      await words.fill('同志：您好！{nobody}');
      await desk.button('检查并看样张', 'Check, and show the sample').click();
      await expect(first.getByRole('alert')).toContainText('nobody');
      await desk.seen('walk-template-mistake');
      await words.fill('同志：您好！');
      await words.press('Home');
      await first.getByRole('button', { name: '{head}' }).click();
      await expect(words).toHaveValue('{head}同志：您好！');
      await page.reload();
      await expect(words).toHaveValue('{head}同志：您好！');
      const other = await server.as('admin');
      await publishTitle(other, '学生资助告知书（新）');
      await desk.button('发布第 4 版', 'Publish version 4').click();
      await desk.because('称呼改得客气些', '发布', 'Publish');
      await expect(page.getByText('有人发布了第 4 版')).toBeVisible();
      await expect(page.locator('ins').filter({ hasText: '（新）' })).toBeVisible();
      await desk.seen('walk-template-stale');
      await desk.button('我的修改仍要发布，作为第 5 版', '').click();
      await desk.because('两处都改', '发布', 'Publish');
      await expect(page.getByText('与第 4 版相比')).toBeVisible();
      await desk.seen('walk-template');
      // An older one is taken back as a further one: what was signed with the others stays as it is.
      await page.locator('.bar select').first().selectOption({ label: '4' });
      await desk.button('恢复第 4 版的内容', '').click();
      await expect(words).toHaveValue(/^(?!.*同志)/);
      await desk.button('发布第 6 版', '').click();
      await desk.because('称呼仍用原来的', '发布', 'Publish');
      await expect(page.getByText('与第 5 版相比')).toBeVisible();
      await expect(page.locator('del').filter({ hasText: '同志' })).toBeVisible();
    });

    await test.step('installs a pack, after its mistakes are mended', async () => {
      await desk.section('业务包', 'Packs');
      await desk.button('安装业务包', 'Install a pack').click();
      await page.setInputFiles('input[name=pack]', { name: 'wells.zip', mimeType: 'application/zip', buffer: Buffer.from('PK') });
      await expect(page.getByText('不是 ZIP 文件')).toBeVisible();
      await page.setInputFiles('input[name=pack]', archive(`${FIXTURES}/wells`, server.folder));
      await expect(page.getByRole('cell', { name: '新增，第 1 版' })).toBeVisible();
      await desk.seen('walk-pack');
      await desk.button('安装第 1 版', 'Install version 1').click();
      await desk.because('村里要登记水井', '安装', 'Install');
      await expect(page.getByRole('heading', { name: '水井 wells 1', level: 2 })).toBeVisible();
      await desk.button('基础数据', 'Registers').click();
      await desk.button('水井', 'Well').click();
      await expect(page.getByRole('cell', { name: '深度（米）' })).toBeVisible();
    });

    await test.step('changes a rule: what is wrong is told, it is tried on the households, published beside another admin, and the pack goes back', async () => {
      await desk.button('核查规则', 'Rules').click();
      await page.getByRole('link', { name: '防返贫监测校验' }).click();
      await desk.button('修改', 'Edit').click();
      const expression = page.locator('textarea[name=expression]').first();
      await expression.fill('yearly_incom div persons <= 100000');
      await desk.button('在农户上试算', 'Try on the households').click();
      await expect(page.getByText('没有字段“yearly_incom”。是不是想写“yearly_income”？')).toBeVisible();
      await desk.seen('walk-rules-wrong');
      await expression.fill('yearly_income div persons <= 100000');
      // What is written outlives a reload.
      await page.reload();
      await expect(expression).toHaveValue('yearly_income div persons <= 100000');
      await desk.button('在农户上试算', 'Try on the households').click();
      await expect(page.locator('.aside strong')).toHaveText('看了 312 户：现在 56 户有疑点，改后 312 户');
      await page.locator('summary', { hasText: '看其中一些' }).first().click();
      await desk.seen('walk-rules');
      await publishRules(await server.as('admin'));
      const publish = async (version: number) => {
        await desk.button(`发布第 ${version} 版`, `Publish version ${version}`).click();
        await desk.because('本县今年的标准', '发布', 'Publish');
      };
      await publish(3);
      await expect(page.getByText('您修改的时候，有人发布了第 3 版')).toBeVisible();
      await desk.button('我的修改仍要发布，作为第 4 版', 'Publish mine all the same, as version 4').click();
      await desk.because('本县今年的标准', '发布', 'Publish');
      await expect(page.getByText('第 4 版已发布')).toBeVisible();
      await expect(page.getByRole('heading', { name: '与第 3 版相比' })).toBeVisible();
      await desk.seen('walk-rules-published');
      // A version from before can be the next one.
      await page.locator('.bar select').selectOption({ label: '3' });
      await desk.button('恢复第 3 版的内容', 'Go back to version 3').click();
      await desk.button('放弃修改', 'Discard changes').click();
      await desk.section('业务包', 'Packs');
      const pack = page.locator('section.card', { hasText: 'anti-return-monitoring' });
      await pack.getByRole('button', { name: '看看会变什么' }).click();
      await expect(page.locator('dialog[open]').getByText('4 → 5')).toBeVisible();
      await desk.seen('walk-pack-back');
      await desk.because('新标准还没定', '恢复', 'Go back');
      await expect(page.getByText('的内容。').first()).toBeVisible();
      await pack.getByRole('button', { name: '看看会变什么' }).click();
      await expect(page.getByText('没有差别，不用恢复')).toBeVisible();
    });

    await test.step('adds areas out of a table of national codes', async () => {
      await desk.section('行政区划', 'Areas');
      const text = page.getByLabel('或粘贴在这里');
      await text.fill('代码,名称\n529901102000,新设乡（虚构）\n52990110220,少一位村\n');
      await desk.button('检查', 'Check').click();
      await expect(page.getByText('第 3 行')).toBeVisible();
      await desk.seen('walk-areas');
      await text.fill('代码,名称\n529901102000,新设乡（虚构）\n529901102201,新村（虚构）\n');
      await desk.button('检查', 'Check').click();
      await expect(page.getByText('将新增 2 个')).toBeVisible();
      await desk.button('导入', 'Add them').click();
      await expect(page.getByRole('cell', { name: '新村（虚构）', exact: true })).toBeVisible();
    });

    await test.step('takes households in from a table: each line that is wrong is told, and the tablet has the others', async () => {
      await desk.section('导入数据', 'Import');
      const [empty] = await Promise.all([page.waitForEvent('download'), desk.button('下载空表', 'An empty table').click()]);
      const titles = readFileSync(await empty.path(), 'utf8').replace('\u{feff}', '').trim().split(',');
      expect(titles.slice(0, 2)).toEqual(['村', '户主姓名']);
      const table = (...lines: string[][]) => [titles, ...lines].map((line) => titles.map((_, at) => line[at] ?? '').join(',')).join('\n');
      const choose = (text: string) => page.setInputFiles('input[name=table]', { name: 'nonghu.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
      await choose(table(['529901100202', '新户甲'], ['火星村', '新户乙']));
      await desk.button('先检查', 'Check first').click();
      await expect(page.getByText('没有“火星村”这个村，或者不归您管')).toBeVisible();
      await expect(desk.button('导入 1 条', 'Take in 1')).toBeDisabled();
      await desk.seen('walk-imports');
      await choose(table(['529901100202', '新户甲'], ['529901100202', '新户乙']));
      await desk.button('先检查', 'Check first').click();
      await desk.button('导入 2 条', 'Take in 2').click();
      await expect(page.getByText('已导入 2 条。')).toBeVisible();
      await desk.button('先检查', 'Check first').click();
      await expect(page.getByText('新增 0，已有 2')).toBeVisible();
      await tablet.find('新户乙');
    });

    await test.step('compares a department’s list: the tablet is asked about who is not on it, and what it finds out is the reply', async () => {
      const admin = await server.as('admin');
      const village = '529901100202';
      const { missing: [missing], csv } = await roster(admin, village, 1);
      if (!missing) throw new Error('the demo has members');
      await desk.section('部门数据比对', 'Rosters');
      await page.fill('input[name=name]', '参保清单');
      await page.fill('input[name=department]', '医保局');
      await desk.choose(page.getByRole('combobox', { name: '区域' }), village);
      await page.fill('input[name=as-of]', '2026-11-20');
      const choose = (text: string) => page.setInputFiles('input[name=roster]', { name: 'canbao.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
      await choose('姓名,电话\n王某,1\n');
      await desk.button('先比对看看', 'Compare first').click();
      await expect(page.getByText('没有找到“身份证号”这一列')).toBeVisible();
      await choose(`${csv}错的,110105194912310021\n`);
      await desk.button('先比对看看', 'Compare first').click();
      await expect(page.getByText('应在而不在名册上 1')).toBeVisible();
      await expect(page.getByText('1 行的身份证号读不出来')).toBeVisible();
      await desk.seen('walk-roster');
      await desk.button('下发核实', 'Ask the villages').click();
      // What is sent can't be called back: it is asked about, with the number.
      const question = page.locator('dialog[open]');
      await expect(question).toContainText('下发 1 条核实？');
      await desk.seen('walk-roster-ask');
      await question.getByRole('button', { name: '取消' }).click();
      await expect(page.getByText('应在而不在名册上 1')).toBeVisible();
      await desk.button('下发核实', 'Ask the villages').click();
      await question.getByRole('button', { name: '下发核实' }).click();
      await expect(page.getByRole('heading', { level: 1, name: '参保清单' })).toBeVisible();
      const row = page.getByRole('row', { name: missing.title });
      await expect(row).toContainText('待核实');
      // It is on the household's page on the tablet.
      const home = await admin.get<{ title: string }>(`/api/v1/records/${missing.fields['1']}`);
      await tablet.find(home.title);
      const card = tablet.page.locator('.card', { hasText: '《参保清单》' });
      await expect(card).toBeVisible({ timeout: 60_000 });
      await tablet.shot('finding-roster');
      await card.getByRole('button', { name: '说明' }).click();
      await tablet.page.locator('dialog[open] textarea').fill('在外省参保');
      await tablet.page.locator('dialog[open]').getByRole('button', { name: '保存' }).click();
      await expect(row).toContainText('在外省参保', { timeout: 60_000 });
      await expect(row).toContainText('已说明');
      await desk.seen('walk-roster-said');
      const [reply] = await Promise.all([page.waitForEvent('download'), desk.button('回复（CSV）', 'Reply (CSV)').click()]);
      const told = readFileSync(await reply.path(), 'utf8');
      expect(told).toContain('在外省参保');
      expect(told).not.toContain(missing.fields['3']);
    });

    await test.step('adds a person there, grants more with dates, and ends it', async () => {
      await desk.section('人员', 'People');
      await desk.button('添加人员', 'Add a person').click();
      const form = page.locator('form.card');
      await form.locator('input[name=new-login]').fill('admin');
      await form.locator('input[name=new-name]').fill('新干部（虚构）');
      await desk.choose(form.getByRole('combobox', { name: '区域' }), '新村');
      await form.getByRole('button', { name: '添加人员' }).click();
      await expect(page.getByText('这个登录名已有人用。')).toBeVisible();
      await expect(form.locator('input[name=new-name]')).toHaveValue('新干部（虚构）');
      await form.locator('input[name=new-login]').fill('xin');
      await form.getByRole('button', { name: '添加人员' }).click();
      await desk.seen('walk-issued');
      await page.locator('dialog[open]').getByRole('button', { name: '关闭' }).click();
      const row = page.getByRole('row', { name: /新干部/ });
      await row.getByRole('button', { name: '授予职责' }).click();
      const dialog = page.locator('dialog[open]');
      await dialog.getByLabel('职责').selectOption('supervisor');
      await desk.choose(dialog.getByRole('combobox', { name: '区域' }), '新设乡');
      await dialog.getByLabel('到', { exact: true }).fill('2030-12-31');
      await dialog.getByRole('button', { name: '授予职责' }).click();
      await expect(row).toContainText('审核员 · 新设乡');
      await row.getByRole('button', { name: '结束' }).first().click();
      await page.locator('dialog[open]').getByRole('button', { name: '确定' }).click();
      await expect(row.getByRole('button', { name: '结束' })).toHaveCount(1);
    });

    await test.step('reads a tablet’s sync log, blocks it, and wipes it', async () => {
      await desk.section('平板', 'Tablets');
      const row = page.getByRole('row', { name: /村干部丙/ });
      await row.getByRole('link').click();
      await expect(page.getByRole('row').nth(1)).toBeVisible();
      await desk.seen('walk-log');
      await page.goBack();
      await row.getByRole('button', { name: '停用' }).click();
      await page.locator('dialog[open]').getByRole('button', { name: '停用' }).click();
      await expect(row).toContainText('已停用');
      await row.getByRole('button', { name: '清除' }).click();
      await page.locator('dialog[open]').getByRole('button', { name: '清除' }).click();
      await expect(row).toContainText('清除中');
      await expect(tablet.page.locator('input[name=code]')).toBeVisible({ timeout: 60_000 });
    });

    await test.step('reports a tablet stolen: its signatures count for nothing since', async () => {
      const row = page.getByRole('row', { name: /村干部丙/ });
      await row.getByRole('button', { name: '报失' }).click();
      await desk.shot('walk-lost');
      await desk.because('昨晚在车站被偷', '报失', 'Lost or stolen');
      await expect(row).toContainText('签名不算数');
    });

    await test.step('sets the review policy and a retention period, and reads who looked at what', async () => {
      await desk.section('审核设置', 'Review policy');
      await page.getByLabel('分数 照片重复使用').fill('90');
      await desk.button('保存', 'Save').click();
      await desk.because('本月重点查重复照片', '保存', 'Save');
      await page.reload();
      await expect(page.getByLabel('分数 照片重复使用')).toHaveValue('90');
      await desk.section('隐私', 'Privacy');
      await expect(page.getByRole('cell', { name: '审核走访' }).first()).toBeVisible();
      await page.getByLabel('基础数据').selectOption('task');
      await page.getByLabel('天数').fill('730');
      await desk.button('设定期限', 'Set the period').click();
      await desk.because('按规定保存两年', '保存', 'Save');
      await expect(page.getByRole('cell', { name: '730' })).toBeVisible();
      await desk.seen('walk-privacy');
    });

    await test.step('gives a household all that is held on it, and erases it at its request', async () => {
      await desk.section('农户', 'Households');
      await page.fill('input[name=title]', '罗大山');
      await page.keyboard.press('Enter');
      await expect(page.getByRole('row')).toHaveCount(2);
      await page.getByRole('link', { name: '罗大山' }).click();
      await expect(page.getByText('（已隐藏）').first()).toBeVisible();
      await desk.button('导出全户资料', 'Give out all that is held').click();
      const [given] = await Promise.all([page.waitForEvent('download'), desk.because('本人来查', '导出', 'Give it out')]);
      const holding = JSON.parse(readFileSync(await given.path(), 'utf8')) as { records: unknown[]; accesses: unknown[] };
      expect(holding.records.length).toBeGreaterThan(2);
      expect(JSON.stringify(holding.accesses)).toContain('本人来查');
      await desk.button('清除全户资料', 'Erase the household').click();
      await expect(page.getByText(`将清除 ${holding.records.length} 条记录`)).toBeVisible();
      await desk.seen('walk-erase');
      await desk.because('本人要求清除', '清除', 'Erase for good');
      await page.fill('input[name=title]', '罗大山');
      await page.keyboard.press('Enter');
      await expect(page.getByText('没有找到农户。')).toBeVisible();
    });

    await test.step('requeues work that failed too often', async () => {
      fail(server.folder);
      await desk.section('后台任务', 'Failed jobs');
      await page.reload();
      await expect(page.getByRole('cell', { name: '检查照片' })).toBeVisible();
      await page.locator('summary', { hasText: '详情' }).click();
      await expect(page.getByText('磁盘曾经写满')).toBeVisible();
      await desk.seen('walk-jobs');
      await desk.button('重试', 'Try again').click();
      await expect(page.getByText('没有失败的任务。')).toBeVisible();
    });
    await test.step('reads what was changed, and that nobody changed that', async () => {
      await desk.section('操作日志', 'Audit trail');
      await expect(page.getByRole('cell', { name: '重试任务' })).toBeVisible();
      await page.locator('select[name=action]').selectOption('release_form');
      await expect(page.getByRole('cell', { name: /示范县（虚构） · 理由：先退回旧版/ })).toBeVisible();
      await expect(page.getByRole('cell', { name: '秋季走访', exact: true }).first()).toBeVisible();
      await desk.button('校验', 'Check the chain').click();
      await expect(page.getByText('没有被改动')).toBeVisible();
      await desk.seen('walk-audit');
    });
    await test.step('nothing of it can be done by a supervisor, a cadre, or a cadre of another county, whatever the address', async () => {
      const paths = new Set(made.map(({ method, path }) => `${method} ${path.replace(/[0-9a-f-]{36,64}/g, '…')}`));
      expect(paths.size).toBeGreaterThanOrEqual(14);
      const callers = { supervisor: await server.as('supervisor'), cadre: await server.as('cadre'), 'cadre of another county': await server.stranger() };
      for (const [login, caller] of Object.entries(callers)) {
        for (const request of made) {
          const told = `${login}: ${request.method} ${request.path}`;
          expect({ told, status: await caller.replay(request) }).toEqual({ told, status: 403 });
        }
      }
    });
    expect(desk.complaints).toEqual([]);
  } finally {
    await desk.remove();
    await tablet.remove();
    await server.remove();
  }
});

/** A pack's folder as it is uploaded. */
function archive(folder: string, into: string): string {
  const file = join(into, 'pack.zip');
  execFileSync('python3', ['-m', 'zipfile', '-c', file, folder]);
  return file;
}

/** Another admin publishes the template of student aid with another heading. */
async function publishTitle(admin: Caller, title: string): Promise<void> {
  const listed = await admin.get<{ name: string; versions: { hash: string; version: number }[] }[]>('/api/v1/definitions?kind=notice');
  const newest = listed.find((one) => one.name === 'student_aid')!.versions[0]!;
  const template = await admin.get<Record<string, unknown>>(`/sync/v1/bundles/${newest.hash}`);
  const next = { ...template, version: newest.version + 1, title: { 'zh-CN': title, en: 'Notification of student aid' } };
  await admin.post('/api/v1/notices/templates', { template: next, reason: '标题改一改' });
}

/** Another admin publishes the rules of monitoring with another name. */
async function publishRules(admin: Caller): Promise<void> {
  const listed = await admin.get<{ name: string; versions: { hash: string; version: number }[] }[]>('/api/v1/definitions?kind=rules');
  const newest = listed.find((one) => one.name === 'monitoring')!.versions[0]!;
  const rules = await admin.get<Record<string, unknown>>(`/sync/v1/bundles/${newest.hash}`);
  const labels = { 'zh-CN': '防返贫监测校验（修订）', en: 'Monitoring checks, revised' };
  await admin.post('/api/v1/rules', { rules: { ...rules, version: newest.version + 1, labels }, reason: '名称改一改' });
}

/** A photo's job as six failures leave it: waiting for them would take hours. */
function fail(folder: string): void {
  const script = `
import os, sqlite3, sys, time, uuid
db = sqlite3.connect(os.path.join(sys.argv[1], 'ruhu.sqlite'), timeout=30)
(photo,) = db.execute('SELECT hash FROM photos LIMIT 1').fetchone()
now = int(time.time() * 1e6)
db.execute('INSERT INTO jobs (id, kind, key, run_at, attempts, dead_at, error, created_at) VALUES (?, ?, ?, ?, 6, ?, ?, ?)',
           (uuid.uuid4().bytes, 'photo', photo.hex(), now, now, '磁盘曾经写满', now))
db.commit()
`;
  execFileSync('python3', ['-c', script, folder]);
}
