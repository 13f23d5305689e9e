/** Why something was not stored, and what a person can do about it. */

import { t } from '../i18n';
import { NotStored } from './store/shelves';

export function notStored(cause: unknown): string {
  if (cause instanceof NotStored && cause.isFull) return t('store.full');
  return t('store.failedWhy', { why: cause instanceof Error ? cause.message : String(cause) });
}
