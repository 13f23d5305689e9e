/** Days from one to another, as they stand in the address (`?from=2026-11-16&until=2026-11-30`). */

import { computed, type WritableComputedRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';

/** The first day and the last, as `2026-11-16`. */
export type Days = [string, string];

/** A day as `2026-11-16`. */
export const dayText = (at: Date): string => at.toLocaleDateString('sv');

/** Whether a text is a day: an address may say anything. */
export const isDay = (text: string): boolean => dayText(new Date(`${text}T00:00`)) === text;

const MONTH_HALF = 15;

/** The half month a day is in, or one so many before. */
export function halfMonth(of: Date, before = 0): Days {
  const halves = of.getFullYear() * 24 + of.getMonth() * 2 + (of.getDate() > MONTH_HALF ? 1 : 0) - before;
  const [year, month, isSecond] = [Math.floor(halves / 24), Math.floor((halves % 24) / 2), halves % 2 === 1];
  if (isSecond) return [dayText(new Date(year, month, MONTH_HALF + 1)), dayText(new Date(year, month + 1, 0))];
  return [dayText(new Date(year, month, 1)), dayText(new Date(year, month, MONTH_HALF))];
}

/** The month a day is in, or one so many before. */
export function month(of: Date, before = 0): Days {
  const [year, at] = [of.getFullYear(), of.getMonth() - before];
  return [dayText(new Date(year, at, 1)), dayText(new Date(year, at + 1, 0))];
}

/** So many days that end with this one. */
export function daysUntil(last: Date, count: number): Days {
  return [dayText(new Date(last.getFullYear(), last.getMonth(), last.getDate() - count + 1)), dayText(last)];
}

/** What stands in the address, or else what is meant where nothing does. */
export function usePeriod<T extends Days | undefined>(otherwise: T): WritableComputedRef<Days | T, Days | undefined> {
  const route = useRoute();
  const router = useRouter();
  return computed<Days | T, Days | undefined>({
    get: () => {
      const [from, until] = [route.query['from'], route.query['until']];
      return typeof from === 'string' && typeof until === 'string' ? [from, until] : otherwise;
    },
    set: (days) => void router.replace({ query: { ...route.query, from: days?.[0], until: days?.[1] } }),
  });
}
