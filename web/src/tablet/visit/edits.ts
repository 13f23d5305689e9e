/** What a visit that is handed in changes: the visit first, then what it says about other records. */

import type { Draft, Edit, Json } from '../store/types';

/** Characters of a note, at most (`notes` in a register). */
const MOST_OF_A_NOTE = 4_000;
/** Characters of a visit's purpose, at most. */
const MOST_OF_A_PURPOSE = 200;
/** Files that one operation names, at most. */
const MOST_FILES = 200;

export interface HandedIn {
  draft: Draft;
  scope: string;
  /** Whose visit it is, by name. */
  visitor: string;
  /** Answers as the record holds them, and what is read off them. */
  fields: Record<string, Json>;
  /** The hashes of all files that answers name. */
  hashes: string[];
  /** What the form says about other records. */
  entities: Edit[];
  /** What no register can take, in words. */
  untaken: string[];
  /** What is to be known about how it was filled in, in words. */
  said: string[];
  /** Of a visit that comes back: the files it had, and the reviewer's words about it. */
  before: { files: string[]; remarks: string[] };
}

/**
 * The edits, in the order in which they are made. The machine keeps those of each record together;
 * whatever becomes of what the form says about others, the visit does not wait for it.
 */
export function visitEdits({ draft, scope, visitor, fields, hashes, entities, untaken, said, before }: HandedIn): Edit[] {
  const visit = { collection: 'visit', record: draft.id, scope };
  const files = (names: string[]) => names.map((hash): Edit => ({ ...visit, change: { kind: 'add', field: 'photos', element: hash }, blobs: [hash] }));
  const notes = (words: string) => pieces(words).map((element): Edit => ({ ...visit, change: { kind: 'add', field: 'notes', element } }));
  const edits: Edit[] = [];
  if (draft.corrects) {
    edits.push(
      { ...visit, change: { kind: 'patch', fields } },
      ...files(hashes.filter((hash) => !before.files.includes(hash))),
      { ...visit, change: { kind: 'transition', field: 'status', from: 'returned', to: 'resubmitted' } },
    );
  } else {
    const [own, more] = [hashes.slice(0, MOST_FILES), hashes.slice(MOST_FILES)];
    const whole = {
      ...fields,
      household: draft.household,
      form: draft.form,
      started_at: draft.startedAt * 1000,
      photos: own,
      status: 'submitted',
      purpose: [...draft.title].slice(0, MOST_OF_A_PURPOSE).join(''),
      visitor,
    };
    edits.push({ ...visit, change: { kind: 'create', fields: whole }, blobs: own }, ...files(more));
    // What a newer version of the form has no place for goes along as notes.
    for (const { path, value } of draft.setAside ?? []) edits.push(...notes(`${path}: ${value}`));
  }
  for (const words of [...said, ...untaken]) edits.push(...notes(words));
  edits.push(...entities.map((edit) => ({ ...edit, scope })));
  for (const record of before.remarks) {
    const change = { kind: 'transition', field: 'status', from: 'open', to: 'corrected' };
    edits.push({ collection: 'finding', record, scope, change });
  }
  return edits;
}

/** Words in pieces that a note can hold. */
function pieces(words: string): string[] {
  const letters = [...words];
  const count = Math.ceil(letters.length / MOST_OF_A_NOTE) || 1;
  return Array.from({ length: count }, (_, at) => letters.slice(at * MOST_OF_A_NOTE, (at + 1) * MOST_OF_A_NOTE).join(''));
}
