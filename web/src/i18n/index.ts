/** Words in the reader's language. A message that is missing in a language doesn't compile. */

import { ref, watchEffect } from 'vue';
import { en } from './en';
import { zh } from './zh';

export type Key = keyof typeof zh;
export type Language = 'zh-CN' | 'en';

const KEPT = 'ruhu.language';
/** Lays the page out from right to left, whatever the language: for those who translate. */
const MIRROR = 'ruhu.mirror';

const kept = localStorage.getItem(KEPT);
const preferred = navigator.language.startsWith('zh') ? 'zh-CN' : 'en';
export const language = ref<Language>(kept === 'zh-CN' || kept === 'en' ? kept : preferred);

export function setLanguage(next: Language): void {
  language.value = next;
  localStorage.setItem(KEPT, next);
}

watchEffect(() => {
  document.documentElement.lang = language.value;
  document.documentElement.dir = localStorage.getItem(MIRROR) ? 'rtl' : 'ltr';
});

/** Speaks messages of one catalogue. */
export type Speak<K extends string> = (key: K, values?: Record<string, string | number>) => string;

/**
 * Speaks a catalogue: a message with its values. Where a language has forms for numbers, they stand
 * side by side (`one || more`) and `n` decides.
 */
export function speaker<K extends string>(messages: Record<Language, Record<K, string>>): Speak<K> {
  return (key, values = {}) => {
    const forms = messages[language.value][key].split(' || ');
    const isOne = new Intl.PluralRules(language.value).select(Number(values['n'] ?? 0)) === 'one';
    const message = (isOne ? forms[0] : (forms[1] ?? forms[0])) ?? key;
    return message.replace(/\{(\w+)\}/g, (hole, name: string) => {
      const value = values[name];
      return value === undefined ? hole : typeof value === 'number' ? format(value) : value;
    });
  };
}

/** Speaks what the tablet's app and forms say. */
export const t = speaker({ 'zh-CN': zh, en });

/** Words by language, in the reader's; in any where there are none. */
export function inWords(labels: Record<string, string> | undefined): string {
  if (!labels) return '';
  return labels[language.value] ?? labels['zh-CN'] ?? Object.values(labels)[0] ?? '';
}

export function format(value: number): string {
  return new Intl.NumberFormat(language.value).format(value);
}

/** `3.2 MB`. */
export function size(bytes: number): string {
  if (bytes < 1024 * 1024) return `${format(Math.ceil(bytes / 1024))} KB`;
  return `${format(Math.round(bytes / 1024 / 102.4) / 10)} MB`;
}

/** A moment, milliseconds since 1970 UTC, as people read it. */
export function moment(at: number): string {
  const options = { month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit' } as const;
  return new Intl.DateTimeFormat(language.value, options).format(at);
}

/** A day (`2026-11-25`) as people read it. */
export function day(text: string): string {
  const date = new Date(`${text}T00:00`);
  if (Number.isNaN(date.getTime())) return text;
  const options = { year: 'numeric', month: 'short', day: 'numeric' } as const;
  return new Intl.DateTimeFormat(language.value, options).format(date);
}
