/**
 * The shelves of a profile's store in IndexedDB. Their layout is mobile-schema's
 * (`mobile-schema/src/device`); this opens them, and reads and writes what is sealed.
 */

import { openDB, type IDBPDatabase } from 'idb';
import { layout, layout_steps } from '../engine';
import { storeName } from './profiles';
import type { Sealer } from './seal';

export type Shelf =
  | 'profile'
  | 'definitions'
  | 'documents'
  | 'index'
  | 'outbox'
  | 'blobs'
  | 'bytes'
  | 'drafts'
  | 'files';

/** The disk did not take it; everything is as it was. */
export class NotStored extends Error {
  /** There is no room left. */
  readonly isFull: boolean;

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message || cause.name : String(cause), { cause });
    this.isFull = cause instanceof DOMException && cause.name === 'QuotaExceededError';
  }
}

/** What one transaction writes. `undefined` removes. */
export interface Write {
  shelf: Shelf;
  key: IDBValidKey;
  value: unknown;
}

type Step = { add: string } | { reindex: true };

const ADDRESS = (shelf: Shelf, key: IDBValidKey) => `${shelf}/${String(key)}`;
/** Where a store that was upgraded notes that its index has to be written anew. */
const REINDEX = 'reindex';

export class Shelves {
  private constructor(
    private readonly db: IDBPDatabase,
    readonly sealer: Sealer,
  ) {}

  static async open(profile: string, sealer: Sealer, onBlocked: () => void): Promise<Shelves> {
    const db = await openDB(storeName(profile), layout(), {
      upgrade(fresh, from, _to, tx) {
        for (const step of JSON.parse(layout_steps(from)) as Step[]) {
          if ('add' in step) fresh.createObjectStore(step.add);
          else void tx.objectStore('profile').put(true, REINDEX);
        }
      },
      blocking: onBlocked,
      terminated: onBlocked,
    });
    return new Shelves(db, sealer);
  }

  close(): void {
    this.db.close();
  }

  /** Whether an upgrade asked for the index to be written anew. */
  async mustReindex(): Promise<boolean> {
    return (await this.db.get('profile', REINDEX)) === true;
  }

  async read<T>(shelf: Shelf, key: IDBValidKey): Promise<T | undefined> {
    const sealed: Uint8Array | undefined = await this.db.get(shelf, key);
    return sealed && (await this.sealer.open<T>(ADDRESS(shelf, key), sealed));
  }

  /** Everything on a shelf, by key. */
  async readAll<T>(shelf: Shelf): Promise<Map<string, T>> {
    const tx = this.db.transaction(shelf);
    const [keys, all] = await Promise.all([tx.store.getAllKeys(), tx.store.getAll()]);
    const opened = all.map(async (sealed: Uint8Array, at): Promise<[string, T]> => {
      const key = keys[at]!;
      return [String(key), await this.sealer.open<T>(ADDRESS(shelf, key), sealed)];
    });
    return new Map(await Promise.all(opened));
  }

  async has(shelf: Shelf, key: IDBValidKey): Promise<boolean> {
    return (await this.db.count(shelf, key)) > 0;
  }

  async keys(shelf: Shelf): Promise<string[]> {
    return (await this.db.getAllKeys(shelf)).map(String);
  }

  async readPlain<T>(shelf: Shelf, key: IDBValidKey): Promise<T | undefined> {
    return this.db.get(shelf, key);
  }

  async readAllPlain<T>(shelf: Shelf): Promise<Map<string, T>> {
    const tx = this.db.transaction(shelf);
    const [keys, all] = await Promise.all([tx.store.getAllKeys(), tx.store.getAll()]);
    return new Map(keys.map((key, at) => [String(key), all[at] as T]));
  }

  async readBytes(hash: string): Promise<ArrayBuffer | undefined> {
    const sealed: Uint8Array | undefined = await this.db.get('bytes', hash);
    return sealed && (await this.openBytes(hash, sealed));
  }

  /** The bytes that [sealedBytes] made a write of. */
  openBytes(hash: string, sealed: Uint8Array): Promise<ArrayBuffer> {
    return this.sealer.openBytes(ADDRESS('bytes', hash), sealed);
  }

  /** A value, sealed, as a write of a transaction. */
  async sealed(shelf: Shelf, key: IDBValidKey, value: unknown): Promise<Write> {
    return { shelf, key, value: await this.sealer.seal(ADDRESS(shelf, key), value) };
  }

  async sealedBytes(hash: string, bytes: ArrayBuffer): Promise<Write> {
    const value = await this.sealer.sealBytes(ADDRESS('bytes', hash), bytes);
    return { shelf: 'bytes', key: hash, value };
  }

  /** Writes all of it or nothing, and comes back when it is on the disk. */
  async write(writes: Write[]): Promise<void> {
    if (writes.length === 0) return;
    const shelves = [...new Set(writes.map((write) => write.shelf))];
    const tx = this.db.transaction(shelves, 'readwrite', { durability: 'strict' });
    const done = writes.map((write) => {
      const store = tx.objectStore(write.shelf);
      if (write.value === undefined) return store.delete(write.key);
      return store.put(write.value, write.key);
    });
    try {
      await Promise.all([...done, tx.done]);
    } catch (cause) {
      throw new NotStored(tx.error ?? cause);
    }
  }

  /** The write that says the index is as it should be. */
  static readonly reindexed: Write = { shelf: 'profile', key: REINDEX, value: undefined };
}
