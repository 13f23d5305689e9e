/** A visit that was sent back: by whom it was made, and the last words of whoever sent it back. */

import type { Seen } from '../store/types';

/** A word that was added to a record; without its author until the server has it. */
export interface Note {
  text: string;
  author?: string;
  /** Milliseconds since 1970 UTC. */
  at?: number;
}

/**
 * What whoever sent it back wrote last. Each decision leaves its reason with the visit's notes, so
 * the last of them is that of the return; notes the tablet itself adds have no author yet.
 */
export function lastWords(visit: Seen): Note | undefined {
  const { notes } = visit.fields;
  const all = (Array.isArray(notes) ? notes : []) as unknown as Note[];
  return all.filter((note) => note.author !== undefined).at(-1);
}

/** A reviewer's word at a question of a visit, which has not been corrected yet. */
export const isOpenRemark = ({ collection, fields }: Seen, visit: string): boolean =>
  collection === 'finding' && fields['subject'] === visit && fields['rule'] === 'review/comment' && fields['status'] === 'open';

/** What reviewers asked about a visit: the question it is about, and the words by language. */
export function remarksAbout(seen: Seen[], visit: string): { place: string; words: Record<string, string> }[] {
  const open = seen.filter((one) => isOpenRemark(one, visit));
  return open.map(({ fields }) => ({ place: String(fields['place'] ?? ''), words: fields['message'] as Record<string, string> }));
}
