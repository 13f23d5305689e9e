/** QR codes and barcodes in a picture. */

type Picture = HTMLVideoElement | ImageBitmap;

interface Detector {
  detect(picture: Picture): Promise<{ rawValue: string }[]>;
}

declare const BarcodeDetector: { new (): Detector; getSupportedFormats: () => Promise<string[]> } | undefined;

/**
 * The browser's own detector, if it works: on Android it stands on services of Google's, which many
 * tablets don't have, and then it is there and fails.
 */
let own: Promise<Detector | undefined> | undefined;

async function findOwn(): Promise<Detector | undefined> {
  if (typeof BarcodeDetector === 'undefined') return undefined;
  const formats = await BarcodeDetector.getSupportedFormats().catch((): string[] => []);
  return formats.includes('qr_code') ? new BarcodeDetector() : undefined;
}

export async function readCode(picture: Picture): Promise<string | undefined> {
  const detector = await (own ??= findOwn());
  try {
    if (detector) return (await detector.detect(picture))[0]?.rawValue;
  } catch {
    own = Promise.resolve(undefined);
  }
  const [{ prepareZXingModule, readBarcodes }, { default: url }] = await Promise.all([
    import('zxing-wasm/reader'),
    import('zxing-wasm/reader/zxing_reader.wasm?url'),
  ]);
  prepareZXingModule({ overrides: { locateFile: () => url } });
  const found = await readBarcodes(pixels(picture), { tryHarder: true, maxNumberOfSymbols: 1 });
  return found.find((one) => one.isValid)?.text;
}

function pixels(picture: Picture): ImageData {
  const isFilm = 'videoWidth' in picture;
  const width = isFilm ? picture.videoWidth : picture.width;
  const height = isFilm ? picture.videoHeight : picture.height;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.drawImage(picture, 0, 0);
  return context.getImageData(0, 0, width, height);
}
