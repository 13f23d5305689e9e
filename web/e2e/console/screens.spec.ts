/** Every screen of the console, in both languages and from right to left. */

import { expect, test } from '@playwright/test';
import { Desk, type Language } from '../stage/desk';
import { roster } from '../stage/roster';
import { Server } from '../stage/server';

const PASSES: { name: string; language: Language; isMirrored: boolean }[] = [
  { name: 'in Chinese', language: 'zh-CN', isMirrored: false },
  { name: 'in English', language: 'en', isMirrored: false },
  { name: 'from right to left', language: 'en', isMirrored: true },
];

let server: Server;
test.beforeAll(async () => {
  server = await Server.start();
  const admin = await server.as('admin');
  const { csv } = await roster(admin, '529901100202', 3);
  const what = { name: '参保清单', department: '医保局（虚构）', area: '529901100202', as_of: '2026-11-20', expects: 'listed' };
  await admin.post(`/api/v1/rosters?${new URLSearchParams(what)}`, new Blob([csv]));
});
test.afterAll(() => server.remove());

for (const { name, language, isMirrored } of PASSES) {
  test(`every screen of the console ${name}`, async () => {
    const desk = await Desk.start(server.address, language, isMirrored);
    const { page } = desk;
    try {
      await desk.open();
      await page.waitForSelector('input[name=login]');
      await expect(page.locator('html')).toHaveAttribute('dir', isMirrored ? 'rtl' : 'ltr');
      await desk.seen('sign-in');
      await desk.signIn('admin');
      await expect(page.locator('.look .stage img')).toBeVisible();
      await desk.seen('triage');
      await page.keyboard.press('?');
      await desk.seen('keys');
      await page.keyboard.press('Escape');
      await page.keyboard.press('r');
      await desk.seen('return');
      await page.keyboard.press('Escape');
      await desk.section('走访', 'Visits');
      await page.waitForSelector('.line .first');
      await desk.seen('visits');
      await desk.button('照片墙', 'Gallery').click();
      await expect(page.locator('.picture img').first()).toBeVisible();
      await desk.seen('gallery');
      await desk.button('时间线', 'Timeline').click();
      await desk.seen('timeline');
      await page.locator('.line .first').first().click();
      await expect(page.locator('.big img')).toBeVisible();
      await desk.seen('visit');
      for (const [zh, en, shot] of [
        ['概况', 'Overview', 'overview'],
        ['农户', 'Households', 'households'],
        ['任务', 'Tasks', 'tasks'],
        ['告知书', 'Notifications', 'deliveries'],
        ['冲突', 'Conflicts', 'conflicts'],
        ['待处理上报', 'Quarantined changes', 'held'],
        ['抽查回访', 'Call-backs', 'samples'],
        ['部门数据比对', 'Rosters', 'rosters'],
        ['台账', 'Ledgers', 'ledgers'],
        ['导出数据', 'Export', 'exports'],
        ['调查表', 'Forms', 'forms'],
        ['告知书模板', 'Templates', 'templates'],
        ['业务包', 'Packs', 'library'],
        ['人员', 'People', 'people'],
        ['行政区划', 'Areas', 'areas'],
        ['导入数据', 'Import', 'imports'],
        ['平板', 'Tablets', 'devices'],
        ['审核设置', 'Review policy', 'policy'],
        ['后台任务', 'Failed jobs', 'jobs'],
        ['操作日志', 'Audit trail', 'audit'],
        ['隐私', 'Privacy', 'privacy'],
      ] as const) {
        await desk.section(zh, en);
        await expect(page.locator('.work').getByText(desk.words('正在打开…', 'Loading…'))).toHaveCount(0);
        if (shot === 'deliveries') await expect(page.locator('.work .table').first()).toBeVisible();
        if (shot === 'overview') await expect(page.locator('canvas')).toHaveCount(3);
        await desk.seen(shot);
      }
      await desk.section('台账', 'Ledgers');
      await page.getByRole('combobox', { name: desk.words('区域', 'Area') }).click();
      await expect(page.getByRole('listbox').getByRole('option').first()).toBeInViewport({ ratio: 1 });
      await expect(page.locator('.n-base-select-menu')).toHaveCSS('opacity', '1');
      await desk.seen('area');
      await page.keyboard.press('Escape');
      await page.getByPlaceholder(desk.words('开始日期', 'From')).click();
      await expect(desk.button('本半月', 'This half month')).toBeInViewport({ ratio: 1 });
      await expect(page.locator('.n-date-panel')).toHaveCSS('opacity', '1');
      await desk.seen('days');
      await page.keyboard.press('Escape');
      await desk.open('/console/ledgers?from=2026-13-45&until=x&area=nowhere');
      await expect(page.getByText(desk.words('日期要写成 2026-11-30 这样', 'Days are written as 2026-11-30'))).toBeVisible();
      await expect(page.getByPlaceholder(desk.words('开始日期', 'From'))).toHaveValue('');
      await desk.open('/console/households');
      await page.locator('.work .table a').first().click();
      await expect(page.locator('.work ol li').first()).toBeVisible();
      await desk.seen('household');
      await desk.open('/console/deliveries');
      await desk.button('未登记', 'Not in the log').click();
      await expect(page.getByText(desk.words('没有未登记的告知书。', 'Every one is in the log.'))).toBeVisible();
      await desk.button('已登记', 'In the log').click();
      const signed = page.getByRole('row').filter({ has: page.getByRole('cell', { name: desk.words('已签字', 'Signed'), exact: true }) });
      await signed.first().getByRole('link').click();
      await expect(desk.button('查看', 'Read it')).toBeDisabled();
      await page.fill('input[name=reason]', '核对');
      await desk.button('查看', 'Read it').click();
      await expect(page.locator('figure img').first()).toBeVisible();
      await expect(page.locator('.sheet h2')).not.toBeEmpty();
      await desk.seen('notice');
      await desk.open('/console/library?of=registers');
      await expect(page.locator('.work .table')).toBeVisible();
      await desk.seen('registers');
      await desk.open('/console/library?of=rules');
      await expect(page.locator('.work .table').first()).toBeVisible();
      await desk.seen('rules');
      await desk.open('/console/rules/monitoring');
      await desk.button('修改', 'Edit').click();
      await page.locator('textarea[name=expression]').first().fill('yearly_income div persons <= 400000');
      await desk.button('在农户上试算', 'Try on the households').click();
      await expect(page.getByRole('heading', { name: desk.words('试算', 'Trial'), exact: true })).toBeVisible();
      await desk.seen('rule-set');
      await desk.button('放弃修改', 'Discard changes').click();
      await desk.open('/console/rules/photo');
      await desk.button('修改', 'Edit').click();
      await desk.seen('photo-rules');
      await desk.button('放弃修改', 'Discard changes').click();
      await desk.open('/console/forms');
      await page.locator('.work .table a').first().click();
      await desk.button('各语言文字', 'Translations').click();
      await expect(page.locator('.work .scroll, .work .hint').first()).toBeVisible();
      await desk.seen('translations');
      await page.locator('.side .foot a').first().click();
      await expect(desk.button('开启', 'Turn on')).toBeVisible();
      await desk.seen('account');
      expect(desk.complaints).toEqual([]);
    } finally {
      await desk.remove();
    }
  });
}
