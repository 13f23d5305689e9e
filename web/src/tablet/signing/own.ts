/** Keeps what is filled in for each of several, while one goes to and fro among them. */

import { shallowRef, watch, type Ref } from 'vue';

/**
 * `take` gives what is filled in; `put` shows what was filled in for the one that is chosen now, nothing
 * where it is new. `held` is whose it is that is filled in, also while none is chosen; `all` gives what is
 * filled in for each, and `fill` sets it for one that is not shown.
 */
export function useOwn<One, Filled>(chosen: Ref<One | undefined>, take: () => Filled, put: (own: Filled | undefined) => void) {
  const held = shallowRef<One>();
  const kept = new Map<One, Filled>();
  watch(chosen, (now) => {
    if (!now || now === held.value) return;
    if (held.value) kept.set(held.value, take());
    held.value = now;
    put(kept.get(now));
  });
  const all = () => (held.value ? new Map([...kept, [held.value, take()]]) : new Map(kept));
  return { held, all, fill: (one: One, filled: Filled) => kept.set(one, filled) };
}
