/** Reviewers read what a photo shows, as the form asked for it. */

import { expect, test } from '@playwright/test';
import { Desk } from '../stage/desk';
import { Server } from '../stage/server';

test('each photo says what it shows, in triage and on the visit’s page', async () => {
  const server = await Server.start();
  const desk = await Desk.start(server.address);
  const { page } = desk;
  try {
    await desk.signIn('supervisor');
    await desk.section('照片审核', 'Triage');
    const film = page.locator('.film');
    await expect(page.locator('.shows')).toHaveText(/^第 1 张照片，共 \d 张 · 住房外观照片$/);
    await desk.seen('photo-shows');
    // Where there are several, each in the film has its own words.
    for (let visit = 0; visit < 10 && !(await film.isVisible()); visit += 1) {
      const who = await page.locator('.beside h2').innerText();
      await page.keyboard.press(' ');
      await expect(page.locator('.beside h2')).not.toHaveText(who);
    }
    await page.getByRole('button', { name: /· 室内居住条件照片/ }).click();
    await expect(page.locator('.shows')).toHaveText(/· 室内居住条件照片$/);
    await page.locator('.beside h2 a').click();
    await expect(page.locator('.bar h1 .chip')).toBeVisible();
    // What a photo shows is among the answers; where those are sensitive, it is seen with them.
    const shows = page.getByText(/^第 1 张照片，共 2 张 · 住房外观照片$/);
    const hidden = page.getByRole('button', { name: '查看敏感内容' });
    await expect(hidden.or(shows).first()).toBeVisible();
    if (await hidden.isVisible()) {
      await hidden.click();
      await desk.because('核对照片', '查看敏感内容', 'Show sensitive values');
    }
    await expect(shows).toBeVisible();
    expect(await page.locator('main').innerText(), 'no names of files').not.toMatch(/[0-9a-f]{64}/);
    await desk.shot('photo-shows-visit');
    expect(desk.complaints).toEqual([]);
  } finally {
    await desk.remove();
    await server.remove();
  }
});
