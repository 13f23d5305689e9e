/** A line that says what was done, and takes it back where that can be done. */

import { shallowRef } from 'vue';
import { why } from './why';

export interface Toast {
  words: string;
  undo?: { words: string; act: () => void };
  isError?: boolean;
}

export const toast = shallowRef<Toast & { count: number }>();
let until: ReturnType<typeof setTimeout> | undefined;
let count = 0;

/** Says it; what was said before in the same words is said anew. */
export function say(next: Toast): void {
  toast.value = { ...next, count: ++count };
  clearTimeout(until);
  until = setTimeout(() => (toast.value = undefined), next.isError ? 15_000 : 8_000);
}

/** Does something, and says what went wrong. */
export async function attempt<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    say({ words: why(error), isError: true });
    return undefined;
  }
}
