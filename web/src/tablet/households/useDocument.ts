/** The records of a household, as they are now. */

import { shallowRef, watch, type ShallowRef } from 'vue';
import { useSession } from '../app';
import type { Seen } from '../store/types';

export function useDocument(id: () => string): ShallowRef<Seen[] | undefined> {
  const session = useSession();
  const seen = shallowRef<Seen[]>();
  watch(
    [id, session.edition],
    async ([wanted]) => {
      const records = await session.book.seen(wanted);
      if (wanted === id()) seen.value = records;
    },
    { immediate: true },
  );
  return seen;
}
