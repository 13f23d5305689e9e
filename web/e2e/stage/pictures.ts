/** Pictures that the walks need. */

import type { Page } from '@playwright/test';
import { toBuffer } from 'qrcode';

/** The smallest PNG. */
export const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

/** A QR code as a PNG. */
export function qrPicture(text: string): Promise<Buffer> {
  return toBuffer(text, { width: 480, margin: 4 });
}

/** A photo as a tablet would have shrunk it: 1,600 pixels, and more bytes than go up in one piece. */
export async function shrunk(page: Page, seed: number): Promise<Buffer> {
  const text = await page.evaluate(async (start) => {
    let state = start * 7919 + 1;
    const random = () => ((state = (state * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff);
    const canvas = new OffscreenCanvas(1600, 1200);
    const context = canvas.getContext('2d')!;
    for (let things = 0; ; things += 200) {
      for (let at = 0; at < 200; at += 1) {
        context.fillStyle = `hsl(${random() * 360} ${30 + random() * 40}% ${20 + random() * 60}%)`;
        context.fillRect(random() * 1600, random() * 1200, random() * 60, random() * 60);
      }
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 })).arrayBuffer());
      if (bytes.length < 300_000) continue;
      let binary = '';
      for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
      return btoa(binary);
    }
  }, seed);
  return Buffer.from(text, 'base64');
}

/** A photo of 12 megapixels with much in it, painted by the browser. */
export async function photo(page: Page, seed: number): Promise<Buffer> {
  const text = await page.evaluate(async (start) => {
    let state = start * 7919 + 1;
    const random = () => ((state = (state * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff);
    const canvas = new OffscreenCanvas(4000, 3000);
    const context = canvas.getContext('2d')!;
    for (let at = 0; at < 3000; at += 1) {
      context.fillStyle = `hsl(${random() * 360} ${30 + random() * 40}% ${20 + random() * 60}%)`;
      context.fillRect(random() * 4000, random() * 3000, random() * 300, random() * 300);
    }
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let binary = '';
    for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(binary);
  }, seed);
  return Buffer.from(text, 'base64');
}
