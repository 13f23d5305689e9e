/** What somebody did not agree to, or no longer, in words. */

import { day, t } from '../../i18n';
import type { Session } from '../session';
import { localDay, titleOf } from '../store/lines';
import type { Seen } from '../store/types';
import { refusedFor, type Refused } from './state';

/** What was said on one day by one person, as one line. */
export function refusedWords(session: Session, records: Seen[], all: Refused[]): string {
  const { why, on, person } = all[0]!;
  const member = records.find((one) => one.id === person);
  const who = member ? titleOf(member, session.registers) : '';
  const what = session.words('consent', 'scope', all.map(({ scope }) => scope));
  return t(`consent.banner.${why}`, { who: who ? t('consent.of', { who }) : '', what, day: day(on) });
}

/** Why what a scope covers is not to be recorded of somebody just now; nothing where it may be. */
export function refusal(session: Session, records: Seen[], scope: string, of = ''): string | undefined {
  const refused = refusedFor(records, localDay(new Date()), scope, of);
  return refused && refusedWords(session, records, [refused]);
}
