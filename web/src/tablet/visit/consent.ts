/** Whether the household agrees to this visit, as the form asks it. */

import { questionsIn, type Item, type Question } from '../../form/types';

/** The answers that say so, or not. */
export const CONSENTS = ['given', 'declined', 'absent'] as const;

/** The question that asks for consent: it is called `consent`, in whatever group, and asked once. */
export function consentIn(items: Item[]): Question | undefined {
  return questionsIn(items).find(({ path, type }) => type === 'select_one' && path.split('/').pop() === 'consent' && !path.includes('['));
}
