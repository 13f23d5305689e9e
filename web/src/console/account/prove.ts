/** Proving once more who one is, before something that gives power. */

import { ref, shallowRef } from 'vue';

/** Whether somebody is asked just now. */
export const isAsking = ref(false);
const answer = shallowRef<(isProved: boolean) => void>();
let asked: Promise<boolean> | undefined;

/** Asks; several requests at once are one question. Gives whether it was proved. */
export function prove(): Promise<boolean> {
  asked ??= new Promise<boolean>((resolve) => {
    isAsking.value = true;
    answer.value = resolve;
  });
  return asked;
}

/** Ends the question. */
export function proved(isProved: boolean): void {
  isAsking.value = false;
  asked = undefined;
  answer.value?.(isProved);
}
