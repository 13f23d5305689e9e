/**
 * Why something did not work, in words a person can act on. A problem's title is the server's, in the
 * reader's language; its detail is in the terms of the protocol, and is told only where there are words
 * for it.
 */

import { Problem } from '../../api/problem';
import { Told } from '../../ui/whyNot';
import { t, type Key } from '../words';

/** What else helps, by the kind of problem. */
const ADVICE: Record<string, Key> = {
  'malformed': 'why.check',
  'unsupported-media-type': 'why.file',
  'too-large': 'why.less',
  'not-applicable': 'why.look',
  'settled-already': 'why.look',
  'claimed': 'why.next',
  'internal': 'why.later',
  'method-not-allowed': 'why.later',
  'tablet-only': 'why.later',
};

/** What exactly is wrong with what was written, by how the server's detail begins. */
const WRONG: [RegExp, Key][] = [
  [/^(from|until|as_of|due)\b/, 'why.day'],
  [/^login:/, 'why.login'],
  [/^display_name\b/, 'why.name'],
  [/^(new|old|login, password)\b/, 'why.password'],
];

/** What browsers say about themselves, as far as a person can do something about it. */
const EXCEPTIONS: Record<string, Key> = {
  NotReadableError: 'why.unreadable',
  NotFoundError: 'why.unreadable',
  QuotaExceededError: 'why.full',
};

function inWords({ kind, title, detail, retryAfter }: Problem): string {
  // A portal or a proxy answered, and not the server.
  if (!kind || !title) return t('why.server');
  const wrong = kind === 'malformed' ? WRONG.find(([begins]) => begins.test(detail))?.[1] : undefined;
  const advice = wrong ?? ADVICE[kind];
  const wait = kind === 'too-many-requests' && retryAfter ? t('why.wait', { n: Math.ceil(retryAfter / 1000) }) : '';
  return [title, advice ? t(advice) : '', wait].filter(Boolean).join(t('why.between'));
}

export function why(cause: unknown): string {
  if (cause instanceof Told) return cause.message;
  if (cause instanceof Problem) return cause.isOffline ? t('offline') : inWords(cause);
  const known = cause instanceof Error ? EXCEPTIONS[cause.name] : undefined;
  if (known) return t(known);
  // What nobody foresaw: a person gets a sentence, and who looks into it gets the rest.
  console.warn(cause);
  return t('why.unknown');
}
