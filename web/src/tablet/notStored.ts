/** Why something was not stored, and what a person can do about it. */

import { t } from '../i18n';
import { whyNot } from '../ui/whyNot';
import { NotStored } from './store/shelves';

/** What the machine says of what a person typed: `unfit: WHY REGISTER/FIELD`. */
const UNFIT = /^unfit: (long|type|large) (\w*)\/(\w*)$/;

/** `names` knows what a register's fields are called. */
export function notStored(cause: unknown, names?: { label(collection: string, field: string): string }): string {
  const [, why, collection = '', field = ''] = UNFIT.exec(String(cause)) ?? [];
  if (why === 'large') return t('store.large');
  if (why) return t(why === 'long' ? 'store.long' : 'store.type', { what: names?.label(collection, field) ?? field });
  return cause instanceof NotStored && !cause.isFull ? t('store.failed') : whyNot(cause);
}
