/**
 * Reads the CBOR (RFC 8949) that notifications are signed as, to show them again: definite lengths,
 * whole numbers, texts, bytes, lists, maps by number, nothing. What counts is read by the server; the
 * engine, which writes it, has no room for reading it on a tablet.
 */

export type Cbor = number | string | Uint8Array | null | Cbor[] | Map<number, Cbor>;

export class NotCbor extends Error {}

const DEEPEST = 8;

export function readCbor(bytes: Uint8Array): Cbor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;

  function length(info: number): number {
    if (info < 24) return info;
    const size = { 24: 1, 25: 2, 26: 4, 27: 8 }[info];
    if (!size || at + size > bytes.length) throw new NotCbor();
    const from = at;
    at += size;
    // Beyond 2^53 numbers are rounded: versions are, which nobody reads here.
    return size === 8 ? Number(view.getBigUint64(from)) : size === 4 ? view.getUint32(from) : size === 2 ? view.getUint16(from) : view.getUint8(from);
  }

  function slice(size: number): Uint8Array {
    if (size > bytes.length - at) throw new NotCbor();
    at += size;
    return bytes.subarray(at - size, at);
  }

  function item(depth: number): Cbor {
    if (at >= bytes.length || depth > DEEPEST) throw new NotCbor();
    const first = bytes[at]!;
    at += 1;
    const [kind, info] = [first >> 5, first & 31];
    if (kind === 7) {
      if (info === 22) return null;
      throw new NotCbor();
    }
    const size = length(info);
    if (kind === 0) return size;
    if (kind === 1) return -1 - size;
    if (kind === 2) return slice(size);
    if (kind === 3) return new TextDecoder('utf-8', { fatal: true }).decode(slice(size));
    if (kind === 4) return times(size, () => item(depth + 1));
    if (kind === 5) return new Map(times(size, () => [number(item(depth + 1)), item(depth + 1)] as const));
    throw new NotCbor();
  }

  function times<T>(size: number, read: () => T): T[] {
    if (size > bytes.length - at) throw new NotCbor();
    return Array.from({ length: size }, read);
  }

  const read = item(0);
  if (at !== bytes.length) throw new NotCbor();
  return read;
}

function number(item: Cbor): number {
  if (typeof item !== 'number') throw new NotCbor();
  return item;
}
