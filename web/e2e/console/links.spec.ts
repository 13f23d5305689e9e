/** A link that somebody sent opens what it says, on a slow network as well. */

import { expect, test } from '@playwright/test';
import { Desk } from '../stage/desk';
import { Server } from '../stage/server';

test('a link opens its own screen, however late that comes', async () => {
  const server = await Server.start();
  const desk = await Desk.start(server.address);
  const { page } = desk;
  try {
    await desk.signIn('supervisor');
    await desk.section('走访', 'Visits');
    await page.locator('.line .first').first().click();
    await expect(page.locator('.bar h1 .chip')).toBeVisible();
    const link = page.url();
    // Who one is is known before the screen is there.
    let signedIn: () => void = () => undefined;
    const isKnown = new Promise<void>((known) => (signedIn = known));
    await page.route(/\/api\/v1\/me$/, async (route) => {
      await route.continue();
      setTimeout(signedIn, 1500);
    });
    await page.route(/assets\/.*VisitScreen.*\.js$/, async (route) => {
      await isKnown;
      await route.continue();
    });
    await page.goto(link);
    await expect(page.locator('.bar h1 .chip')).toBeVisible();
    expect(page.url()).toBe(link);
    expect(desk.complaints).toEqual([]);
  } finally {
    await desk.remove();
    await server.remove();
  }
});
