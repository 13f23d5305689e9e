/** The areas the caller works in; which one is looked at stands in the address (`?area=`). */

import { computed, shallowRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import { api, got, type Schemas } from '../api';

export type Area = Schemas['Area'];

const areas = shallowRef<Area[]>([]);
let fetched: Promise<void> | undefined;

/** Fetches the areas once, or again after they changed. */
export function loadAreas(isFresh = false): Promise<void> {
  if (isFresh) fetched = undefined;
  fetched ??= got(api.GET('/api/v1/areas')).then((found) => {
    areas.value = found;
  });
  fetched.catch(() => (fetched = undefined));
  return fetched;
}

export function useAreas() {
  const route = useRoute();
  const router = useRouter();
  void loadAreas().catch(() => undefined);
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
  const nameOf = (code: string) => byCode.value.get(code)?.name ?? code;
  return { areas, area, depth, nameOf };
}
