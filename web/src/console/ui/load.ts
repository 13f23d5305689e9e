/** Something that is fetched, again when what it depends on changes: loading, there, or failed. */

import { onUnmounted, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import { onChange } from '../live';
import { say } from './toast';
import { why } from './why';

export interface Loaded<T> {
  value: ShallowRef<T | undefined>;
  isLoading: Ref<boolean>;
  failed: Ref<string>;
  load: () => Promise<void>;
}

/** `isLive`: whether it is fetched again when something changed elsewhere. */
export function useLoaded<T>(fetch: () => Promise<T>, on: () => unknown = () => 0, isLive: () => boolean = () => false): Loaded<T> {
  const value = shallowRef<T>();
  const isLoading = ref(true);
  const failed = ref('');
  let turn = 0;
  async function load(): Promise<void> {
    const mine = ++turn;
    isLoading.value = true;
    try {
      const found = await fetch();
      if (mine !== turn) return;
      value.value = found;
      failed.value = '';
    } catch (error) {
      if (mine === turn) failed.value = why(error);
    } finally {
      if (mine === turn) isLoading.value = false;
    }
  }
  watch(on, load, { immediate: true });
  onUnmounted(
    onChange(() => {
      if (isLive()) void load();
    }),
  );
  return { value, isLoading, failed, load };
}

/** As `useLoaded`, for what stands beside the rest of a screen: a failure is told in passing. */
export const useBeside: typeof useLoaded = (fetch, on, isLive) => {
  const loaded = useLoaded(fetch, on, isLive);
  watch(loaded.failed, (words) => words && say({ words, isError: true }));
  return loaded;
};
