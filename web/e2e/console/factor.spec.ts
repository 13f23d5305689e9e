/** A server that asks for a second factor lets nobody work without one. */

import { expect, test } from '@playwright/test';
import { Desk } from '../stage/desk';
import { codeOf } from '../stage/factor';
import { Server } from '../stage/server';

test('an admin sets up a code before anything else opens', async () => {
  const server = await Server.start(10, false, ['--require-second-factor', 'true']);
  const desk = await Desk.start(server.address);
  const { page } = desk;
  try {
    await desk.signIn('admin');
    await expect(page.getByText('这台服务器要求登录时使用动态码')).toBeVisible();
    await expect(page.getByRole('link', { name: '人员' })).toHaveCount(0);
    await desk.button('开启', 'Turn on').click();
    const secret = await page.locator('.code').innerText();
    await desk.seen('factor-needed');
    await page.fill('input[name=factor-code]', codeOf(secret));
    await page.keyboard.press('Enter');
    // Without the phone, a code that was kept on paper signs in.
    await expect(page.getByText('10 个备用码')).toBeVisible();
    expect((await page.locator('.notice .code').innerText()).split(/\s+/)).toHaveLength(10);
    await desk.button('已抄好', 'I have kept them').click();
    // Everything opens, and stays open.
    await expect(page.locator('.look .stage img')).toBeVisible();
    await page.reload();
    await expect(page.locator('.look .stage img')).toBeVisible();
    expect(desk.complaints.filter((one) => !one.includes('403'))).toEqual([]);
  } finally {
    await desk.remove();
    await server.remove();
  }
});
