import { expect, test } from 'vitest';
import { exifOf, exifSaying, withExif } from './exif';

/** The smallest thing that begins and ends like a JPEG. */
const EMPTY = Uint8Array.from([0xff, 0xd8, 0xff, 0xd9]);

test('what the camera inside the app knows is written and found again', () => {
  const exif = exifSaying({ at: new Date(2026, 10, 25, 9, 5, 7), place: { lat: 26.2345678, lon: -107.5 } });
  const jpeg = withExif(EMPTY, exif);
  expect(exifOf(jpeg)).toEqual(exif);
  const text = new TextDecoder('latin1').decode(jpeg);
  expect(text).toContain('2026:11:25 09:05:07');
  expect(text).toContain('W\0');
  expect([...jpeg.slice(0, 4)]).toEqual([0xff, 0xd8, 0xff, 0xe1]);
  expect([...jpeg.slice(-2)]).toEqual([0xff, 0xd9]);
});

test('an orientation is set upright, since the pixels are turned', () => {
  const entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0];
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, ...entry, 0, 0, 0, 0];
  const body = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff];
  const segment = Uint8Array.from([0xff, 0xe1, 0, body.length + 2, ...body]);
  const found = exifOf(withExif(EMPTY, segment))!;
  expect(found[found.length - 8 + 1]).toBe(1);
});

test('what has none, or is cut off, or is no JPEG, has none', () => {
  expect(exifOf(EMPTY)).toBeUndefined();
  expect(exifOf(Uint8Array.from([0xff, 0xd8, 0xff, 0xe1, 0xff]))).toBeUndefined();
  expect(exifOf(new TextEncoder().encode('<html>'))).toBeUndefined();
});
