/** The way through a household that every walk of screens goes. */

import { expect } from '@playwright/test';
import type { Tablet } from './tablet';

/** From the tasks to a household, through what is done there, to the first page of a visit; `seen` looks at each screen. */
export async function throughHousehold(tablet: Tablet, seen: (what: string) => Promise<void>): Promise<void> {
  const { page } = tablet;
  await tablet.tab('任务', 'Tasks');
  await seen('tasks');
  await page.locator('ul.list a').first().click();
  await expect(page.getByRole('heading', { name: tablet.words('基本情况', 'The household') })).toBeVisible();
  await page.locator('details summary').first().click();
  await seen('dossier');
  await page.getByRole('button', { name: tablet.words('修改住址', 'Change Address') }).click();
  await seen('field');
  await tablet.button('取消', 'Cancel').click();
  await tablet.button('记录同意或不同意', 'Record a consent or a refusal').click();
  await seen('consent');
  await tablet.button('取消', 'Cancel').click();
  await tablet.link('告知签字', 'Notify and sign').click();
  await expect(page.locator('.paper')).toBeVisible();
  await seen('notice');
  await page.getByRole('button', { name: tablet.words('返回', 'Back') }).click();
  await tablet.button('走访', 'Visit').click();
  await page.waitForSelector('.question');
}
