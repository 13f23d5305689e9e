/** A list that comes in pages: an answer to what is no longer asked for is dropped. */

import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue';
import { linesBefore } from './back';
import { useLoaded, type Loaded } from './load';
import { attempt } from './toast';

export interface PageOf<T> {
  items: T[];
  next?: string | null;
}

export interface Pages<T> {
  lines: ShallowRef<T[]>;
  /** The first page, as it came last. */
  first: ShallowRef<PageOf<T> | undefined>;
  hasMore: ComputedRef<boolean>;
  /** Whether more is on its way. */
  isMore: Ref<boolean>;
  isLoading: Loaded<T>['isLoading'];
  failed: Loaded<T>['failed'];
  load: Loaded<T>['load'];
  more: () => Promise<void>;
}

/** As `useLoaded`, with `fetch` asked for the page after another. */
export function usePages<T>(fetch: (after?: string) => Promise<PageOf<T>>, on?: () => unknown, isLive?: () => boolean): Pages<T> {
  const lines = shallowRef<T[]>([]);
  const next = ref<string>();
  const isMore = ref(false);
  const { value: first, isLoading, failed, load } = useLoaded(() => fetch(), on, isLive);
  /** How much of it is to be there again: it was there when it was left. */
  let wanted = linesBefore(() => lines.value.length);
  watch(
    first,
    (page) => {
      lines.value = page?.items ?? [];
      next.value = page?.next ?? undefined;
      void fill();
    },
    { flush: 'sync' },
  );
  async function fill(): Promise<void> {
    for (let before = -1; lines.value.length < wanted && lines.value.length > before; ) {
      before = lines.value.length;
      await more();
    }
    wanted = 0;
  }
  async function more(): Promise<void> {
    if (!next.value || isMore.value) return;
    isMore.value = true;
    const begun = first.value;
    const page = await attempt(() => fetch(next.value));
    isMore.value = false;
    if (!page || begun !== first.value) return;
    lines.value = [...lines.value, ...page.items];
    next.value = page.next ?? undefined;
  }
  return { lines, first, hasMore: computed(() => next.value !== undefined), isMore, isLoading, failed, load, more };
}
