/** Makes photos small enough for a village's network, off the main thread, with their EXIF. */

import { exifOf, exifSaying, withExif, type Facts } from './exif';

export interface Task {
  photo: Blob;
  /** The longer side, pixels. */
  side: number;
  /** Bytes that it should not be much larger than. */
  target: number;
  /** What the camera inside the app knows and did not write. */
  facts?: Facts;
}

export type Made = { bytes: ArrayBuffer; type: string } | { failed: string };

/** JPEG qualities, best first. */
const QUALITIES = [0.82, 0.72, 0.6, 0.45];

addEventListener('message', (event: MessageEvent<Task>) => {
  shrink(event.data).then(
    (made) => postMessage(made),
    (cause: unknown) => postMessage({ failed: String(cause) } satisfies Made),
  );
});

async function shrink({ photo, side, target, facts }: Task): Promise<Made> {
  const original = new Uint8Array(await photo.arrayBuffer());
  const picture = await createImageBitmap(photo, { imageOrientation: 'from-image' });
  const longer = Math.max(picture.width, picture.height);
  const isJpeg = original[0] === 0xff && original[1] === 0xd8;
  const exif = exifOf(original) ?? (facts && exifSaying(facts));
  if (isJpeg && longer <= side && original.length <= target * 1.3) {
    // Small enough: it stays what it was, byte for byte, unless nobody has said when it was taken.
    const kept = !exifOf(original) && exif ? withExif(original, exif) : original;
    return { bytes: kept.buffer, type: 'image/jpeg' };
  }
  const scale = Math.min(1, side / longer);
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d')!;
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, width, height);
  picture.close();
  let small = new Uint8Array();
  for (const quality of QUALITIES) {
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
    small = new Uint8Array(await blob.arrayBuffer());
    if (small.length <= target) break;
  }
  const made = exif ? withExif(small, exif) : small;
  return { bytes: made.buffer as ArrayBuffer, type: 'image/jpeg' };
}
