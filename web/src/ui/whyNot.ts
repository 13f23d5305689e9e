/** Why something did not work, in words a person can act on: never an exception's own. */

import { Problem } from '../api/problem';
import { t, type Key } from '../i18n';

/** A failure that is told in the reader's words already. */
export class Told extends Error {}

/**
 * What a tablet says about each kind of problem it can meet; `web/src/ui/whyNot.test.ts` holds it to
 * what the server can answer.
 */
export const PROBLEMS: Record<string, Key> = {
  'offline': 'problem.offline',
  'unreadable': 'problem.server',
  'not-found': 'problem.notFound',
  'unauthenticated': 'problem.ended',
  'session-ended': 'problem.ended',
  'token-expired': 'problem.again',
  'forbidden': 'problem.forbidden',
  'tablet-only': 'problem.ended',
  'enrolment-refused': 'problem.code',
  'malformed': 'problem.other',
  'unsupported-media-type': 'problem.other',
  'too-large': 'problem.tooLarge',
  'too-many-requests': 'problem.busy',
  'too-slow': 'problem.slow',
  'day-spent': 'problem.daySpent',
  'offset-mismatch': 'problem.resumes',
  'checksum-mismatch': 'problem.damaged',
  'hash-mismatch': 'problem.damaged',
  'upload-gone': 'problem.resumes',
  'upload-taken-over': 'problem.resumes',
  'upload-unfinished': 'problem.unfinished',
  'media-full': 'problem.mediaFull',
  'storage-full': 'problem.storageFull',
  'tus-version': 'problem.old',
  'mismatch': 'problem.mismatch',
  'stale-view': 'problem.stale',
  'settled-already': 'conflicts.gone',
  'reason-needed': 'problem.forbidden',
  'range-not-satisfiable': 'problem.again',
  'not-applicable': 'problem.stale',
  'unavailable': 'problem.server',
  'database-unavailable': 'problem.server',
  'busy': 'problem.server',
  'method-not-allowed': 'problem.other',
  'internal': 'problem.server',
  'file-missing': 'problem.fileMissing',
  // The app's own store or machine failed, and no server.
  'device': 'failed.unknown',
};

/** A problem by its kind, or, where the answer was none of ours, by its status (`http-502`). */
const keyOf = (kind: string): Key => PROBLEMS[kind] ?? (/^http-5/.test(kind) ? 'problem.server' : 'problem.other');
export const problemInWords = (kind: string): string => t(keyOf(kind));

/** What may be well again the next time. With the others only a person can help. */
const PASSING = new Set<Key>(['problem.offline', 'problem.server', 'problem.busy', 'problem.slow', 'problem.daySpent', 'problem.storageFull', 'problem.again', 'problem.resumes', 'problem.damaged', 'problem.unfinished', 'problem.mediaFull', 'failed.unknown']);
export const mayPass = (kind: string): boolean => PASSING.has(keyOf(kind));

/** What browsers say about themselves, as far as a person can do something about it. */
const EXCEPTIONS: Record<string, Key> = {
  QuotaExceededError: 'store.full',
  NotAllowedError: 'failed.notAllowed',
  NotReadableError: 'failed.unreadable',
  NotFoundError: 'failed.unreadable',
};

export function whyNot(cause: unknown): string {
  if (cause instanceof Told) return cause.message;
  if (cause instanceof Problem) return problemInWords(cause.kind || `http-${cause.status}`);
  for (let one: unknown = cause; one instanceof Error; one = one.cause) {
    const known = EXCEPTIONS[one.name];
    if (known) return t(known);
    if (one instanceof Told) return one.message;
  }
  // What nobody foresaw: a person gets a sentence, and who looks into it gets the rest.
  console.warn(cause);
  return t('failed.unknown');
}
