/**
 * What is half typed on a screen or half recorded, sealed like everything else: a reload, a killed
 * app or the way back lose nothing of it. It is no work yet: it is not exported, and goes when it
 * was not looked at for a month.
 */

import type { PaperPhoto } from '../capture/paper';
import type { Shelves, Write } from './shelves';

const SHELF = 'profile';
const MONTH_MS = 30 * 24 * 3_600_000;
const ADDRESS = (name: string) => `scrap/${name}`;
/** The parts of a scrap stand after it: photos by their hash, pieces of a recording by their number. */
const PART = (name: string, part: string) => `${ADDRESS(name)}#${part}`;

export type Photos = Record<string, PaperPhoto>;

interface Kept {
  at: number;
  state: unknown;
  photos: Record<string, { hash: string; size: number; type: string }>;
}

export interface Scrap<T> {
  state: T;
  photos: Photos;
}

/** Keeps a scrap instead of what was kept under the name before. */
export async function keepScrap(shelves: Shelves, name: string, state: unknown, photos: Photos = {}): Promise<void> {
  const named = Object.entries(photos).map(([of, { hash, size, type }]) => [of, { hash, size, type }]);
  const kept: Kept = { at: Date.now(), state, photos: Object.fromEntries(named) as Kept['photos'] };
  const there = new Set(await shelves.keys(SHELF));
  const parts = Object.values(photos).map(({ hash, write }): Write => ({ shelf: SHELF, key: PART(name, hash), value: write.value }));
  await shelves.write([await shelves.sealed(SHELF, ADDRESS(name), kept), ...parts.filter(({ key }) => !there.has(String(key)))]);
}

export async function readScrap<T>(shelves: Shelves, name: string): Promise<Scrap<T> | undefined> {
  const kept = await shelves.read<Kept>(SHELF, ADDRESS(name));
  if (!kept) return undefined;
  const photos: Photos = {};
  for (const [of, { hash, size, type }] of Object.entries(kept.photos)) {
    const value = await shelves.readPlain<Uint8Array>(SHELF, PART(name, hash));
    if (!value) continue;
    const write: Write = { shelf: 'bytes', key: hash, value };
    const bytes = await shelves.openBytes(hash, value);
    photos[of] = { hash, size, type, write, address: URL.createObjectURL(new Blob([bytes], { type })) };
  }
  return { state: kept.state as T, photos };
}

/** Keeps a piece of a recording; they are numbered from 0. */
export async function keepPiece(shelves: Shelves, name: string, number: number, piece: Blob): Promise<void> {
  const key = PART(name, String(number).padStart(5, '0'));
  const value = await shelves.sealer.sealBytes(key, await piece.arrayBuffer());
  await shelves.write([{ shelf: SHELF, key, value }]);
}

/** The pieces of a recording, one after the other. */
export async function readPieces(shelves: Shelves, name: string): Promise<ArrayBuffer[]> {
  const keys = (await shelves.keys(SHELF)).filter((key) => key.startsWith(PART(name, '')));
  const pieces = keys.sort().map(async (key) => {
    const sealed = await shelves.readPlain<Uint8Array>(SHELF, key);
    return shelves.sealer.openBytes(key, sealed!);
  });
  return Promise.all(pieces);
}

/** Removes a scrap with its parts. */
export async function dropScrap(shelves: Shelves, name: string): Promise<void> {
  await drop(shelves, (await shelves.keys(SHELF)).filter((key) => isOf(key, ADDRESS(name))));
}

/** Whether anything is half typed or half recorded. */
export async function hasScraps(shelves: Shelves): Promise<boolean> {
  return (await shelves.keys(SHELF)).some((key) => key.startsWith(ADDRESS('')));
}

/** Removes the scraps that nobody has looked at for a month. */
export async function tidyScraps(shelves: Shelves): Promise<void> {
  const keys = (await shelves.keys(SHELF)).filter((key) => key.startsWith(ADDRESS('')));
  for (const key of keys.filter((one) => !one.includes('#'))) {
    const kept = await shelves.read<Kept>(SHELF, key).catch(() => undefined);
    if (!kept || Date.now() - kept.at > MONTH_MS) await drop(shelves, keys.filter((one) => isOf(one, key)));
  }
}

const isOf = (key: string, scrap: string) => key === scrap || key.startsWith(`${scrap}#`);
const drop = (shelves: Shelves, keys: string[]) => shelves.write(keys.map((key): Write => ({ shelf: SHELF, key, value: undefined })));
