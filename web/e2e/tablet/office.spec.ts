/** Offices and tablets as they are: no domain, no internet, a plain address, an old browser, no services of Google's. */

import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { qrPicture } from '../stage/pictures';
import { Server } from '../stage/server';
import { Tablet } from '../stage/tablet';

test('a tablet installs the authority once, and then works without a network', async () => {
  const server = await Server.start(10, true);
  const tablet = await Tablet.start(server.address);
  try {
    await expect(tablet.open()).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID');

    await tablet.page.waitForURL('chrome-error://**');

    // What was scanned leads to a page without TLS.
    await tablet.page.goto(server.helpPage);
    await expect(tablet.page.getByRole('heading', { name: '连接本单位的服务器' })).toBeVisible();
    const found = await new AxeBuilder({ page: tablet.page }).analyze();
    expect(found.violations.map(({ id }) => id)).toEqual([]);
    await tablet.shot('office');
    const download = tablet.page.waitForEvent('download');
    await tablet.page.getByRole('link', { name: '下载证书' }).click();
    const authority = join(server.folder, 'authority.crt');
    await (await download).saveAs(authority);
    tablet.trust(authority);
    await tablet.kill();
    await tablet.up();

    await tablet.page.goto(server.helpPage);
    await tablet.page.getByRole('link', { name: server.address }).click();
    await tablet.page.waitForURL(`${server.address}/tablet/**`);
    expect(await tablet.page.evaluate(() => isSecureContext)).toBe(true);
    await tablet.enrol(server.code('cadre'));
    await tablet.isReady(104);
    await server.kill();
    await tablet.page.reload();
    await tablet.unlock();
    await tablet.find('1');
    expect(tablet.complaints).toEqual([]);
  } finally {
    await tablet.remove();
    await server.remove();
  }
});

test('a plain address and an old browser are told before a code is wasted', async () => {
  const server = await Server.start();
  const plain = await Tablet.start(server.address, 'zh-CN', ['--host-resolver-rules=MAP office.example 127.0.0.1']);
  const old = await Tablet.start(server.address, 'en');
  try {
    await plain.page.goto(`http://office.example:${server.port}/tablet/`);
    await expect(plain.page.getByRole('alert')).toContainText('这个地址是 http 开头的');
    await expect(plain.page.locator('input[name=code]')).toHaveCount(0);
    await plain.shot('office-plain');
    await old.context.addInitScript(() => {
      const generate = crypto.subtle.generateKey.bind(crypto.subtle);
      crypto.subtle.generateKey = ((algorithm: AlgorithmIdentifier, ...rest: [boolean, KeyUsage[]]) =>
        algorithm === 'Ed25519' ? Promise.reject(new DOMException('Unrecognized name.', 'NotSupportedError')) : generate(algorithm, ...rest)) as typeof generate;
    });
    await old.open();
    await expect(old.page.getByRole('alert')).toContainText('Update Chrome to 137');
    // The browser itself complains of the plain address; the app of nothing.
    expect([...plain.complaints, ...old.complaints].filter((one) => !one.includes('Cross-Origin-Opener-Policy'))).toEqual([]);
  } finally {
    await plain.remove();
    await old.remove();
    await server.remove();
  }
});

test('a tablet whose own reader of codes does not work reads them all the same', async () => {
  const server = await Server.start();
  try {
    for (const fails of ['formats', 'detect'] as const) {
      const tablet = await Tablet.start(server.address);
      try {
        // As Chrome has it on Android without Google's services.
        await tablet.context.addInitScript((what) => {
          class Useless {
            static getSupportedFormats = () => Promise.resolve(what === 'formats' ? [] : ['qr_code']);
            detect = () => Promise.reject(new DOMException('Barcode detection service unavailable.', 'NotSupportedError'));
          }
          Object.assign(window, { BarcodeDetector: Useless });
        }, fails);
        await tablet.open();
        await tablet.button('扫码', 'Scan').click();
        const code = await qrPicture(server.code('cadre'));
        await tablet.page.locator('dialog[open] input[type=file]').setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer: code });
        await expect(tablet.page.locator('input[name=code]')).toHaveValue(/[A-Z2-7]{26}/);
        expect(tablet.complaints).toEqual([]);
      } finally {
        await tablet.remove();
      }
    }
  } finally {
    await server.remove();
  }
});
