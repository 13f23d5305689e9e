/** One reading of the satellites, with what a person is told meanwhile. */

import { inject, ref } from 'vue';
import { whyNot } from '../../ui/whyNot';
import { CAPTURE, type Place } from '../capture';

export function usePlace(take: (point: string) => void) {
  const capture = inject(CAPTURE);
  const busy = ref(false);
  const failed = ref('');

  async function read(): Promise<void> {
    busy.value = true;
    failed.value = '';
    try {
      take(pointOf(await capture!.place()));
    } catch (cause) {
      failed.value = whyNot(cause);
    } finally {
      busy.value = false;
    }
  }

  return { busy, failed, read };
}

/** A place as answers have it: `lat lon alt accuracy`. */
function pointOf({ lat, lon, alt, accuracy }: Place): string {
  return `${lat} ${lon} ${alt} ${accuracy}`;
}
