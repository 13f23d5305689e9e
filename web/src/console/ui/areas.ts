/** The areas the caller works in; which one is looked at stands in the address (`?area=`). */

import { computed, shallowRef, watch } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import { api, got, type Schemas } from '../api';
import { me } from '../session';
import { say } from './toast';
import { why } from './why';

export type Area = Schemas['Area'];

const areas = shallowRef<Area[]>([]);
let fetched: Promise<void> | undefined;

/** Fetches the areas once, or again after they changed. */
export function loadAreas(isFresh = false): Promise<void> {
  if (isFresh) fetched = undefined;
  const asked = (fetched ??= got(api.GET('/api/v1/areas')).then((found) => {
    if (fetched === asked) areas.value = found;
  }));
  asked.catch(() => {
    if (fetched === asked) fetched = undefined;
  });
  return asked;
}

// Whoever comes after somebody else works elsewhere.
watch(() => me.value?.id, (_, before) => {
  if (before) [fetched, areas.value] = [undefined, []];
}, { flush: 'sync' });

export function useAreas() {
  const route = useRoute();
  const router = useRouter();
  void loadAreas().catch((error: unknown) => say({ words: why(error), isError: true }));
  const area = computed({
    get: () => (route.query['area'] as string | undefined) ?? '',
    set: (code: string) => {
      const { area: _, ...rest } = route.query;
      void router.replace({ query: code ? { ...rest, area: code } : rest });
    },
  });
  const byCode = computed(() => new Map(areas.value.map((one) => [one.code, one])));
  /** How deep an area lies below the caller's own. */
  const depth = (one: Area): number => {
    const above = one.parent ? byCode.value.get(one.parent) : undefined;
    return above ? depth(above) + 1 : 0;
  };
  /** The one area that holds all of the caller's, where there is one. */
  const whole = computed(() => {
    const roots = areas.value.filter((one) => depth(one) === 0);
    return roots.length === 1 ? roots[0]!.code : '';
  });
  const nameOf = (code: string) => byCode.value.get(code)?.name ?? code;
  return { areas, area, depth, nameOf, whole };
}
