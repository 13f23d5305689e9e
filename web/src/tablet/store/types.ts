/** What the tablet keeps, as this code sees it. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A row as it came over the wire: fields by their ids. */
export interface Row {
  id: string;
  collection: string;
  version: [string, number];
  definition: string;
  fields: Record<string, Json>;
}

/** A record as a person sees it: fields by their names. */
export interface Seen {
  id: string;
  collection: string;
  /** Where it is stored, or is to be created. */
  scope: string | null;
  fields: Record<string, Json>;
}

/** The records of one household, or one that belongs to none. */
export interface Document {
  id: string;
  rows: { scope: string; row: Row }[];
}

export type MarkKind = 'returned' | 'task' | 'conflict' | 'finding';

/** Something that waits for a person. */
export interface Mark {
  kind: MarkKind;
  id: string;
  title: string;
  due?: string;
  /** The last words of whoever sent it back. */
  words?: string;
  /** Who made it, where that is known. */
  by?: string;
}

/** What became of a call at a house where no visit was made. */
export interface Missed {
  /** The day of the last one. */
  on: string;
  /** `rejected`: it was made, and a reviewer did not accept it. */
  why: 'declined' | 'absent' | 'rejected';
}

/** A document as one line of a list. */
export interface Line {
  id: string;
  scope: string;
  isHousehold: boolean;
  title: string;
  /** What its members are called, the head of it aside. */
  people: string[];
  /** The numbers of its people's documents and telephones. */
  numbers: string[];
  address: string;
  kinds: string[];
  members: number;
  marks: Mark[];
  /** The day of the last visit that was made: where nobody was at home or agreed, none was. */
  visited: string | null;
  /** It was called at since, in vain. */
  missed: Missed | null;
  /** Latitude and longitude (WGS-84, degrees): the household's, else where it was visited. */
  place: [number, number] | null;
  /** The versions of its rows, by scope. */
  holdings: Record<string, [string, [string, number]][]>;
}

/** What is known of the records' kinds. */
export interface Register {
  name: string;
  version: number;
  labels: Record<string, string>;
  insert_only?: boolean;
  server_only?: boolean;
  field: RegisterField[];
}

export interface RegisterField {
  id: number;
  name: string;
  labels: Record<string, string>;
  type: string;
  role?: string;
  sensitivity?: string;
  /** How concurrent edits merge, where the type's own policy won't do. */
  policy?: string;
  /** The most characters. */
  max?: number;
  collection?: string;
  choices?: { name: string; labels: Record<string, string> }[];
  transitions?: [string, string][];
}

/** An operation of the outbox. */
export interface Queued {
  seq: number;
  op: string;
  outcome: string | null;
  state: 'queued' | 'applied' | 'merged' | 'conflict' | 'parked' | 'rejected';
  record: string;
  collection: string;
  scope: string;
  /** The document the record belongs to. */
  document: string;
}

/** How far a file is. */
export interface KeptFile {
  /** None while the server has not verified it. */
  verified: number | null;
  size: number;
  type: string;
  /** The document it belongs to. */
  document: string;
  /** Where its upload goes on. */
  upload?: string;
}

/** A line of the sync log. */
export interface Attempt {
  at: number;
  sent: number;
  received: number;
  elapsed: number;
  ops: number;
  rows: number;
  skew: number | null;
  ok: boolean;
  problem: string | null;
  zh: string;
  en: string;
}

/** A form that is being filled in. */
export interface Draft {
  /** The visit's record. */
  id: string;
  document: string;
  /** Where its document was when it was kept last: the village may be taken away meanwhile. */
  scope?: string;
  household: string;
  /** The version of the form. */
  form: string;
  title: string;
  /** The answers as XML. */
  answers: string;
  /** Files by the names in the answers. */
  files: Record<string, string>;
  page: number;
  startedAt: number;
  changedAt: number;
  /** What random numbers are drawn from: 64 hexadecimal digits. */
  seed: string;
  /** Whether it corrects a visit that was sent. */
  corrects: boolean;
  /** Answers that had no place in a newer version of the form. */
  setAside?: { path: string; value: string }[];
  /** Answers that were taken over from an earlier visit. */
  copied?: Copied;
  /** What was recorded although consent to it was withdrawn, since they agreed on the spot. */
  insisted?: string[];
}

/** Answers of an earlier visit, by question. */
export interface Copied {
  /** The day of that visit. */
  on: string;
  values: Record<string, string>;
}

/** A form's bundle. */
export interface FormBundle {
  form: string;
  version: string;
  title: string;
  languages: string[];
  xform: string;
  files: { name: string; hash: string; length: number; media_type: string }[];
}

/** A change of the store, as the machine tells it. */
export type StoreChange =
  | { identity: Json }
  | { seq: number; op: string; outcome: string | null; state: Queued['state']; record: string; collection: string; scope: string }
  | { drop_op: number }
  | { row: Row; scope: string }
  | { drop_row: string }
  | { cursor: [number, number]; scope: string }
  | { drop_scope: string }
  | { blob: string; verified: number | null }
  | { drop_blob: string }
  | { attempt: Attempt };

/** What the machine wants done. */
export type Effect =
  | { store: StoreChange[] }
  | { send: string; ops: number }
  | { ask: string[] }
  | { upload: string }
  | { alarm: number }
  | { wipe: true }
  | { upgrade: true };

/** A change of a record, as a person's code says it. */
export interface Edit {
  collection: string;
  record: string;
  scope?: string;
  change: { kind: string; [member: string]: Json };
  blobs?: string[];
}
