/**
 * Puts the screens that the guides show into docs/guide/pictures, as the walks saw them last:
 * `make guide-pictures`. The guides say which, by the names that the walks give their screens.
 */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { PICTURES, picturesOf } from './guide.mjs';

const SHOTS = fileURLToPath(new URL('shots/', import.meta.url));
const QUALITY = 0.8;

const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage();
rmSync(PICTURES, { recursive: true, force: true });
let bytes = 0;
for (const picture of picturesOf()) {
  const png = readFileSync(SHOTS + picture.replace(/\.webp$/, '.png'), 'base64');
  const webp = await page.evaluate(
    async ([png, quality]) => {
      const image = new Image();
      image.src = `data:image/png;base64,${png}`;
      await image.decode();
      const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
      canvas.getContext('2d').drawImage(image, 0, 0);
      return canvas.toDataURL('image/webp', quality).split(',')[1];
    },
    [png, QUALITY],
  );
  const target = PICTURES + picture;
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, webp, 'base64');
  bytes += webp.length * 0.75;
}
await browser.close();
console.log(`docs/guide/pictures: ${picturesOf().length} pictures, ${Math.round(bytes / 1024)} KB`);
