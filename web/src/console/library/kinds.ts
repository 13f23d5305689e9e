/** What definitions are called by their kind. */

import { t } from '../words';

const KINDS = ['register', 'form', 'notice', 'rules', 'ledger'] as const;

export function kindWords(kind: string): string {
  const known = KINDS.find((one) => one === kind);
  return known ? t(`kind.${known}`) : kind;
}
