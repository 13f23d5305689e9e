/** Keeps what is filled in for each of several, while one goes to and fro among them. */

import { shallowRef, watch, type Ref, type ShallowRef } from 'vue';

/**
 * `take` gives what is filled in; `put` shows what was filled in for the one that is chosen now, nothing
 * where it is new. Gives whose it is that is filled in, also while none is chosen.
 */
export function useOwn<One, Filled>(chosen: Ref<One | undefined>, take: () => Filled, put: (own: Filled | undefined) => void): ShallowRef<One | undefined> {
  const held = shallowRef<One>();
  const kept = new Map<One, Filled>();
  watch(chosen, (now) => {
    if (!now || now === held.value) return;
    if (held.value) kept.set(held.value, take());
    held.value = now;
    put(kept.get(now));
  });
  return held;
}
