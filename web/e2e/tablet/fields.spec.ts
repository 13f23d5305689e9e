/** Every kind of a register's field, read and corrected on a tablet without a network, and what the server then holds. */

import { expect, test } from '@playwright/test';
import { about, read } from '../stage/county';
import { Server, until } from '../stage/server';
import { Tablet } from '../stage/tablet';

const HOUSEHOLDS = 104;
/** Fields of a household's record. */
const [PLACE, KIND, INCOME, GUARANTEES, PHOTOS, NOTES, PERSONS, INVENTED] = ['6', '7', '8', '10', '11', '12', '13', '14'];

test('whatever a record holds can be read, and corrected by the control that fits it', async () => {
  test.setTimeout(600_000);
  const server = await Server.start();
  const supervisor = await server.as('supervisor');
  const tablet = await Tablet.start(server.address);
  const { page } = tablet;
  const dialog = page.locator('dialog[open]').first();
  const change = (what: string) => page.getByRole('button', { name: `修改${what}`, exact: true }).first().click();
  const save = () => dialog.getByRole('button', { name: '保存', exact: true }).click();
  const insist = () => dialog.getByRole('button', { name: '核对无误，仍然保存' }).click();
  const closed = () => expect(page.locator('dialog[open]')).toHaveCount(0);
  /** It closes, or a rule says something first. */
  const insistIfAsked = async () => {
    const more = dialog.getByRole('button', { name: '核对无误，仍然保存' });
    await until(async () => (await more.isVisible()) || !(await dialog.isVisible()));
    if (await more.isVisible()) await insist();
  };
  const tick = async (wanted: string[]) => {
    for (const choice of await dialog.locator('.choice').all()) {
      await choice.getByRole('checkbox').setChecked(wanted.includes((await choice.innerText()).trim()));
    }
  };
  /** The value that stands by a field's name. */
  const field = (what: string) => page.locator('.facts > div').filter({ has: page.locator('dt', { hasText: new RegExp(`^${what}$`) }) }).first().locator('dd');
  const seen = (what: string) => tablet.seen(what);
  try {
    await tablet.enrol(server.code('cadre'));
    await tablet.isReady(HOUSEHOLDS);
    // Who is to be told of aid has a record of a programme, too.
    await tablet.tab('任务', 'Tasks');
    await page.locator('ul.list a').first().click();
    await expect(page.getByRole('heading', { name: '基本情况' })).toBeVisible();
    const household = /households\/([0-9a-f-]{36})/.exec(page.url())![1]!;
    const before = (await read(supervisor, household)).fields;
    await tablet.network(false);

    await test.step('several kinds at once, which the office decides', async () => {
      await expect(field('户类型')).toContainText('以乡镇认定为准');
      await change('户类型');
      const held = (Array.isArray(before[KIND!]) ? before[KIND!] : [before[KIND!]]) as string[];
      await expect(dialog.getByRole('checkbox', { checked: true })).toHaveCount(held.length);
      await tick(['低保户', '脱贫户']);
      await save();
      await expect(dialog.getByRole('alert')).toContainText('“户类型”以乡镇认定为准');
      await expect(dialog.getByRole('alert')).toContainText('变更记录里写明是您改的');
      await seen('fields-kinds');
      await insist();
      await closed();
      await expect(field('户类型')).toContainText('脱贫户、低保户');
      await expect(page.locator('.head .chip')).toHaveText(['脱贫户', '低保户']);
    });

    await test.step('choices that several people may add to', async () => {
      await change('已落实保障');
      await tick(['饮水安全', '不愁吃']);
      await save();
      await closed();
      await expect(field('已落实保障')).toContainText('不愁吃、饮水安全');
    });

    await test.step('a count, which has to be one', async () => {
      await change('家庭人口数');
      await dialog.getByRole('textbox', { name: '家庭人口数' }).fill('');
      await save();
      await expect(dialog.getByRole('alert')).toHaveText('请填写数字。');
      await dialog.getByRole('textbox', { name: '家庭人口数' }).fill('７');
      await save();
      // The members are not so many, which a rule says.
      await insistIfAsked();
      await closed();
      await expect(field('家庭人口数')).toContainText('7');
    });

    await test.step('money in yuan, to the fen', async () => {
      await change('家庭年收入');
      const income = dialog.getByRole('textbox', { name: '家庭年收入' });
      await income.fill('12345.678');
      await save();
      await expect(dialog.getByRole('alert')).toContainText('小数最多两位');
      await income.fill('12,345.67');
      await save();
      await insistIfAsked();
      await closed();
      await expect(field('家庭年收入')).toContainText('12,345.67');
    });

    await test.step('yes or no, a note, where the house stands', async () => {
      await change('虚构数据');
      await dialog.getByRole('combobox', { name: '虚构数据' }).selectOption('否');
      await save();
      await closed();
      await expect(field('虚构数据')).toContainText('否');
      await change('备注');
      await save();
      await expect(dialog.getByRole('alert')).toHaveText('请写下要添加的内容。');
      await dialog.getByRole('textbox', { name: '备注' }).fill('后门朝东');
      await save();
      await closed();
      await expect(field('备注')).toContainText('后门朝东');
      await change('位置');
      await dialog.getByRole('button', { name: '清除' }).click();
      await dialog.getByRole('button', { name: '获取位置' }).click();
      await expect(dialog.getByRole('status')).toHaveText('26.23457, 107.23457');
      await seen('fields-place');
      await save();
      await closed();
    });

    await test.step('a photo more', async () => {
      await page.getByRole('button', { name: '加一张：照片' }).first().click();
      await page.getByRole('button', { name: '拍摄', exact: true }).click();
      await expect(field('照片').locator('img')).toHaveCount(1);
      await field('照片').locator('img').click();
      await expect(dialog.locator('img.photo')).toBeVisible();
      await dialog.getByRole('button', { name: '关闭' }).click();
    });

    await test.step('neither where they have not agreed', async () => {
      await page.getByRole('button', { name: '记录同意或不同意' }).click();
      await dialog.getByText('拍摄照片', { exact: true }).click();
      await dialog.getByText('记录位置', { exact: true }).click();
      await dialog.getByText('不同意', { exact: true }).click();
      await save();
      await closed();
      await expect(field('照片')).toContainText('不同意（拍摄照片）');
      await expect(page.getByRole('button', { name: '加一张：照片' })).toHaveCount(0);
      await change('位置');
      await expect(dialog).toContainText('不同意（记录位置）');
      await expect(dialog.getByRole('button', { name: /获取/ })).toHaveCount(0);
      await dialog.getByRole('button', { name: '取消' }).click();
      await closed();
    });

    await test.step('what a programme decided is read, and says whose it is', async () => {
      const award = page.locator('section').filter({ has: page.getByRole('heading', { name: '其他台账' }) }).locator('details').filter({ hasText: '资助' }).first();
      await award.locator('summary').click();
      const of = (what: string) => award.locator('.facts > div').filter({ has: page.locator('dt', { hasText: new RegExp(`^${what}$`) }) });
      await expect(of('金额')).toContainText('由乡镇修改');
      await expect(of('金额').getByRole('button')).toHaveCount(0);
      await expect(of('学期').getByRole('button', { name: '修改学期' })).toBeVisible();
      // Nobody reads ids.
      const words = await page.locator('.body').innerText();
      expect(words).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}|undefined|\[object/);
      await of('学期').getByRole('button').click();
      await dialog.getByRole('textbox', { name: '学期' }).fill('2026年春季学期');
      await save();
      await closed();
      await expect(of('学期')).toContainText('2026年春季学期');
      await seen('fields-award');
    });

    await test.step('the server has it, each field as it is merged', async () => {
      await tablet.network(true);
      await tablet.tab('同步', 'Sync');
      await expect(page.getByText('全部上传完成，照片已逐张核对。')).toBeVisible();
      await until(async () => Array.isArray((await read(supervisor, household)).fields[PHOTOS!]));
      const { fields } = await read(supervisor, household);
      expect(fields[KIND!]).toEqual(['poverty_lifted', 'low_income']);
      expect([...(fields[GUARANTEES!] as string[])].sort()).toEqual(['food', 'water']);
      expect([fields[PERSONS!], fields[INCOME!], fields[INVENTED!]]).toEqual([7, 1_234_567, false]);
      expect(fields[NOTES!]).toMatchObject([{ text: '后门朝东' }]);
      expect(fields[PLACE!]).toEqual({ lat: 262_345_678, lon: 1_072_345_678, accuracy: 8 });
      const [photo] = fields[PHOTOS!] as string[];
      await supervisor.bytes(`/api/v1/media/${photo}?reason=${encodeURIComponent('核对')}`);
      expect((await about(supervisor, 'aid_award', household)).map((one) => one.fields['4'])).toContain('2026年春季学期');
    });
    expect(tablet.complaints).toEqual([]);
  } finally {
    await tablet.remove();
    await server.remove();
  }
});
