/** EXIF (CIPA DC-008) in JPEG: what a camera wrote goes along when a photo is made smaller. */

const SOI = 0xffd8;
const APP1 = 0xffe1;
const ORIENTATION = 0x0112;

/** The EXIF segment of a JPEG, with the orientation set to upright; nothing where there is none. */
export function exifOf(jpeg: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  if (jpeg.length < 4 || view.getUint16(0) !== SOI) return undefined;
  let at = 2;
  while (at + 4 <= jpeg.length && jpeg[at] === 0xff) {
    const marker = view.getUint16(at);
    const length = view.getUint16(at + 2);
    if (marker === 0xffda || length < 2) return undefined;
    const isExif = marker === APP1 && at + 10 <= jpeg.length && view.getUint32(at + 4) === 0x45786966;
    if (isExif && at + 2 + length <= jpeg.length) return upright(jpeg.slice(at, at + 2 + length));
    at += 2 + length;
  }
  return undefined;
}

/** The JPEG with this EXIF segment at its beginning. */
export function withExif(jpeg: Uint8Array, exif: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(jpeg.length + exif.length);
  out.set(jpeg.subarray(0, 2));
  out.set(exif, 2);
  out.set(jpeg.subarray(2), 2 + exif.length);
  return out;
}

/** The pixels are turned already. */
function upright(segment: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(segment.buffer);
  const tiff = 10;
  try {
    const little = view.getUint16(tiff) === 0x4949;
    const directory = tiff + view.getUint32(tiff + 4, little);
    const count = view.getUint16(directory, little);
    for (let entry = 0; entry < count; entry += 1) {
      const place = directory + 2 + entry * 12;
      if (view.getUint16(place, little) === ORIENTATION) view.setUint16(place + 8, 1, little);
    }
  } catch {
    // Cut off: it goes along as it is.
  }
  return segment;
}

export interface Facts {
  /** When it was taken. */
  at: Date;
  /** Where, in degrees of WGS-84. */
  place?: { lat: number; lon: number } | undefined;
}

/** An EXIF segment that says when and where, for the camera inside the app, which writes none. */
export function exifSaying({ at, place }: Facts): Uint8Array<ArrayBuffer> {
  const two = (number: number) => String(Math.floor(number)).padStart(2, '0');
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join(':');
  const time = `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const minutes = -at.getTimezoneOffset();
  const zone = `${minutes < 0 ? '-' : '+'}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
  const writer = new Directory();
  const exif = [ascii(0x9003, time), ascii(0x9011, zone)];
  const gps = place && [
    ascii(0x0001, place.lat < 0 ? 'S' : 'N'),
    degrees(0x0002, Math.abs(place.lat)),
    ascii(0x0003, place.lon < 0 ? 'W' : 'E'),
    degrees(0x0004, Math.abs(place.lon)),
  ];
  return writer.segment(exif, gps);
}

interface Entry {
  tag: number;
  type: number;
  count: number;
  bytes: number[];
}

function ascii(tag: number, text: string): Entry {
  const bytes = [...new TextEncoder().encode(text), 0];
  return { tag, type: 2, count: bytes.length, bytes };
}

function degrees(tag: number, value: number): Entry {
  const whole = Math.floor(value);
  const minutes = Math.floor((value - whole) * 60);
  const seconds = Math.round(((value - whole) * 60 - minutes) * 60 * 10_000);
  const bytes = [whole, 1, minutes, 1, seconds, 10_000].flatMap((number) => long(number));
  return { tag, type: 5, count: 3, bytes };
}

const long = (number: number) => [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255];
const short = (number: number) => [number >>> 8, number & 255];

/** Directories of TIFF, big-endian, one after the other. */
class Directory {
  segment(exif: Entry[], gps: Entry[] | undefined): Uint8Array<ArrayBuffer> {
    const links = gps ? 2 : 1;
    const first = 8;
    const afterFirst = first + 2 + links * 12 + 4;
    const exifBytes = this.directory(exif, afterFirst);
    const gpsBytes = gps ? this.directory(gps, afterFirst + exifBytes.length) : [];
    const link = (tag: number, to: number) => [...short(tag), ...short(4), ...long(1), ...long(to)];
    const tiff = [
      ...short(0x4d4d),
      ...short(42),
      ...long(first),
      ...short(links),
      ...link(0x8769, afterFirst),
      ...(gps ? link(0x8825, afterFirst + exifBytes.length) : []),
      ...long(0),
      ...exifBytes,
      ...gpsBytes,
    ];
    const body = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff];
    return Uint8Array.from([...short(APP1), ...short(body.length + 2), ...body]);
  }

  private directory(entries: Entry[], start: number): number[] {
    const head = 2 + entries.length * 12 + 4;
    const values: number[] = [];
    const lines = entries.flatMap(({ tag, type, count, bytes }) => {
      const isShort = bytes.length <= 4;
      const value = isShort ? [...bytes, 0, 0, 0, 0].slice(0, 4) : long(start + head + values.length);
      if (!isShort) values.push(...bytes, ...(bytes.length % 2 ? [0] : []));
      return [...short(tag), ...short(type), ...long(count), ...value];
    });
    return [...short(entries.length), ...lines, ...long(0), ...values];
  }
}
