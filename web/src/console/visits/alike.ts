/** What photos that look alike have to do with each other, in words. */

import type { Schemas } from '../api';
import { t } from '../words';

export function alikeWords(one: Schemas['Alike']): string {
  const same = one.bits === null || one.bits === undefined ? t('compare.same') : t('compare.near', { n: one.bits });
  const other = [one.household, one.village].filter(Boolean).join(' · ');
  const whose = one.same_household ? t('compare.thisHousehold') : other || t('compare.otherHousehold');
  const time = one.days >= 0 ? t('compare.earlier', { n: one.days }) : t('compare.later', { n: -one.days });
  return [same, whose, time].join(' · ');
}
