/**
 * The keys that a code may have been used for. An answer can be lost on the way, and a code is good for
 * one key: each that was asked with and not answered stays in the store until the tablet is enrolled.
 */

import { Problem } from '../../api/problem';
import type { Shelves, Write } from '../store/shelves';

const SHELF = 'profile';
const KEY = 'asked';

/** Asked for and not answered yet, the oldest first. */
export const unanswered = async (shelves: Shelves): Promise<JsonWebKey[]> => (await shelves.read<JsonWebKey[]>(SHELF, KEY)) ?? [];
/** The write that forgets them. */
export const answered: Write = { shelf: SHELF, key: KEY, value: undefined };

/** Asks with each key that may be the code's, and else with a new one; gives the answer, and the key it is for. */
export async function askWithKey<T>(shelves: Shelves, ask: (publicKey: string) => Promise<T>): Promise<{ given: T; key: CryptoKey }> {
  const asked = async (key: JsonWebKey) => ({ given: await ask(key.x!), key: await crypto.subtle.importKey('jwk', key, 'Ed25519', true, ['sign']) });
  const before = await unanswered(shelves);
  for (const key of before) {
    try {
      return await asked(key);
    } catch (cause) {
      // The code is another's, or none.
      if (!(cause instanceof Problem) || cause.kind !== 'enrolment-refused') throw cause;
    }
  }
  const { privateKey } = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair;
  const key = await crypto.subtle.exportKey('jwk', privateKey);
  await shelves.write([await shelves.sealed(SHELF, KEY, [...before, key])]);
  try {
    return await asked(key);
  } catch (cause) {
    // What the server itself refused was not taken.
    const isRefused = cause instanceof Problem && cause.kind !== '' && cause.status >= 400 && cause.status < 500;
    if (isRefused) await shelves.write([before.length > 0 ? await shelves.sealed(SHELF, KEY, before) : answered]);
    throw cause;
  }
}
