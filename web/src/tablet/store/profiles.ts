/** The people who share a tablet: each has a profile with a PIN and a store of their own. */

import { deleteDB, openDB, type IDBPDatabase } from 'idb';
import { newKey, openKey, rewrap, type Sealer } from './seal';

export interface Profile {
  id: string;
  /** What the person is called, for the list before anything is unlocked. */
  name: string;
  salt: Uint8Array<ArrayBuffer>;
  wrapped: Uint8Array;
  /** Wrong PINs in a row. */
  failures: number;
  /** No PIN is tried before this moment, milliseconds since 1970 UTC. */
  notBefore: number;
}

export type Unlocked = { sealer: Sealer } | { wrong: true; wait: number };

/** Wrong PINs that cost no waiting. */
const FREE = 3;
const LONGEST_WAIT = 15 * 60_000;

let opened: Promise<IDBPDatabase> | undefined;

function database(): Promise<IDBPDatabase> {
  opened ??= openDB('ruhu-profiles', 1, {
    upgrade(db) {
      db.createObjectStore('profiles', { keyPath: 'id' });
    },
  });
  return opened;
}

export async function list(): Promise<Profile[]> {
  const profiles: Profile[] = await (await database()).getAll('profiles');
  return profiles.sort((a, b) => a.name.localeCompare(b.name, 'zh'));
}

export async function add(name: string, pin: string): Promise<{ id: string; sealer: Sealer }> {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const { sealer, wrapped } = await newKey(pin, salt);
  const id = crypto.randomUUID();
  await put({ id, name, salt, wrapped, failures: 0, notBefore: 0 });
  return { id, sealer };
}

export async function rename(id: string, name: string): Promise<void> {
  const profile = await find(id);
  if (profile) await put({ ...profile, name });
}

/** Tries a PIN. A wrong one is counted before it is known to be wrong, so that no crash helps. */
export async function unlock(id: string, pin: string): Promise<Unlocked> {
  const profile = await find(id);
  if (!profile) return { wrong: true, wait: 0 };
  const tried = uncounted.get(id) ?? profile;
  const left = tried.notBefore - Date.now();
  if (left > 0) return { wrong: true, wait: Math.min(left, LONGEST_WAIT) };
  const failures = tried.failures + 1;
  const wait = failures < FREE ? 0 : Math.min(1_000 * 2 ** (failures - FREE), LONGEST_WAIT);
  await count({ ...profile, failures, notBefore: Date.now() + wait });
  const sealer = await openKey(pin, profile.salt, profile.wrapped);
  if (!sealer) return { wrong: true, wait };
  await count({ ...profile, failures: 0, notBefore: 0 });
  return { sealer };
}

/** Wrong PINs that could not be written down, since the store is full. */
const uncounted = new Map<string, Pick<Profile, 'failures' | 'notBefore'>>();

/** A full store doesn't lock a person out: syncing is what empties it. */
async function count(profile: Profile): Promise<void> {
  try {
    await put(profile);
    uncounted.delete(profile.id);
  } catch {
    uncounted.set(profile.id, profile);
  }
}

/** Changes the PIN. The old one is tried as at the gate: a wrong one counts, and waits. */
export async function changePin(id: string, old: string, next: string): Promise<Unlocked> {
  const tried = await unlock(id, old);
  if ('wrong' in tried) return tried;
  const profile = await find(id);
  const wrapped = profile && (await rewrap(old, next, profile.salt, profile.wrapped));
  if (!profile || !wrapped) return { wrong: true, wait: 0 };
  await put({ ...profile, wrapped });
  return tried;
}

/** Removes a profile and all it holds. */
export async function remove(id: string): Promise<void> {
  await deleteDB(storeName(id));
  await (await database()).delete('profiles', id);
}

/** The name of a profile's store. */
export const storeName = (id: string) => `ruhu-${id}`;

async function find(id: string): Promise<Profile | undefined> {
  return (await database()).get('profiles', id);
}

async function put(profile: Profile): Promise<void> {
  const tx = (await database()).transaction('profiles', 'readwrite', { durability: 'strict' });
  await tx.store.put(profile);
  await tx.done;
}
