/** Where what Naive UI opens is put. */

import { onMounted, ref, type Ref } from 'vue';

/** Into the dialog that `root` is in, which covers all else, or the page's main part. */
export function usePlace(root: Ref<HTMLElement | undefined>): Ref<HTMLElement | string> {
  const place = ref<HTMLElement | string>('body');
  onMounted(() => (place.value = root.value?.closest<HTMLElement>('dialog, main') ?? 'body'));
  return place;
}
