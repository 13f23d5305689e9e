import { test } from '@playwright/test';
import { Desk } from '../stage/desk';
import { Server } from '../stage/server';
test('look', async () => {
  const server = await Server.start();
  const desk = await Desk.start(server.address, 'zh-CN');
  desk.page.on('response', (r) => { if (r.url().includes('/api') || r.status()>=400) console.log(r.status(), r.request().method(), r.url().replace(server.address,'')); });
  await desk.signIn('admin');
  await desk.page.waitForTimeout(4000);
  console.log(desk.page.url(), desk.complaints);
  await desk.shot('tmp');
  await desk.remove(); await server.remove();
});
