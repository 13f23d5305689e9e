/** A line that says what was done, and takes it back where that can be done. */

import { shallowRef } from 'vue';

export interface Toast {
  words: string;
  undo?: { words: string; act: () => void };
  isError?: boolean;
}

export const toast = shallowRef<Toast>();
let until: ReturnType<typeof setTimeout> | undefined;

export function say(next: Toast): void {
  toast.value = next;
  clearTimeout(until);
  until = setTimeout(() => (toast.value = undefined), next.isError ? 15_000 : 8_000);
}

/** Does something, and says what went wrong. */
export async function attempt<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    say({ words: error instanceof Error ? error.message : String(error), isError: true });
    return undefined;
  }
}
