/** Moving about in something that is larger than its frame: by drag, and by steps. */

import type { Ref } from 'vue';

/** Of the frame, with one step. */
const STEP = 0.4;

export function usePan(frame: Ref<HTMLElement | undefined>, isLarge: () => boolean) {
  let held: { x: number; y: number } | undefined;

  return {
    /** Listeners for the frame. */
    listeners: {
      pointerdown(event: PointerEvent) {
        if (!isLarge() || event.button !== 0) return;
        held = { x: event.clientX, y: event.clientY };
        frame.value?.setPointerCapture(event.pointerId);
        event.preventDefault();
      },
      pointermove(event: PointerEvent) {
        if (!held) return;
        frame.value?.scrollBy(held.x - event.clientX, held.y - event.clientY);
        held = { x: event.clientX, y: event.clientY };
      },
      pointerup: () => (held = undefined),
      pointercancel: () => (held = undefined),
    },
    /** A step to a side: -1, 0 or 1 each way. */
    step(x: number, y: number) {
      const { clientWidth = 0, clientHeight = 0 } = frame.value ?? {};
      frame.value?.scrollBy(x * STEP * clientWidth, y * STEP * clientHeight);
    },
  };
}
