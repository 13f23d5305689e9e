/**
 * The records a profile holds: one document for each household, a line of the index for each
 * document, and what the state machine wants kept. One call of `commit` is one transaction.
 */

import type { Machine } from '../engine';
import { householdOf, lineOf, subjectOf, type Registers } from './lines';
import { Shelves, type Write } from './shelves';
import type {
  Attempt,
  Document,
  Draft,
  Json,
  KeptFile,
  Line,
  Queued,
  Row,
  Seen,
  StoreChange,
} from './types';

/** How many documents the index is divided into. */
const SHARDS = 64;
/** Lines of the sync log that are kept. */
const ATTEMPTS = 200;
/** Documents that are kept open. */
const OPEN_DOCUMENTS = 64;

/** What else is written in the same transaction. */
export interface Alongside {
  /** Writes that are sealed already. */
  writes?: Write[];
  /** Files that operations name, so that their sizes are known. */
  files?: Record<string, Omit<KeptFile, 'verified'>>;
  /** Drafts that become operations. */
  dropDrafts?: string[];
}

export class Book {
  readonly lines = new Map<string, Line>();
  readonly outbox = new Map<number, Queued>();
  readonly files = new Map<string, KeptFile>();
  readonly drafts = new Map<string, Draft>();
  identity: Json = null;
  cursors: Record<string, [number, number]> = {};
  attempts: Attempt[] = [];
  /** Counts up with each commit. */
  edition = 0;

  /** The operations of each document; made anew after the outbox has changed. */
  private byDocument: Map<string, Queued[]> | undefined;
  private readonly home = new Map<string, string>();
  private readonly open = new Map<string, Document>();
  private machine!: Machine;

  private constructor(
    readonly shelves: Shelves,
    private readonly registers: Registers,
  ) {}

  /** Reads what has to be at hand: the index, the outbox, the files' states, the drafts. */
  static async read(shelves: Shelves, registers: Registers): Promise<Book> {
    const book = new Book(shelves, registers);
    const [profile, index, outbox, files, drafts] = await Promise.all([
      shelves.read<{ identity: Json; cursors: Book['cursors'] }>('profile', 'machine'),
      shelves.readAll<Record<string, Line>>('index'),
      shelves.readAll<Queued>('outbox'),
      shelves.readAllPlain<KeptFile>('blobs'),
      shelves.readAll<Draft>('drafts'),
    ]);
    book.identity = profile?.identity ?? null;
    book.cursors = profile?.cursors ?? {};
    book.attempts = (await shelves.read<Attempt[]>('profile', 'log')) ?? [];
    for (const shard of index.values()) {
      for (const line of Object.values(shard)) book.putLine(line);
    }
    for (const queued of outbox.values()) book.outbox.set(queued.seq, queued);
    for (const queued of book.outbox.values()) book.home.set(queued.record, queued.document);
    for (const [hash, file] of files) book.files.set(hash, file);
    for (const draft of drafts.values()) book.drafts.set(draft.id, draft);
    return book;
  }

  /** What the machine is opened on. */
  kept(): string {
    const holdings: Record<string, [string, [string, number]][]> = {};
    for (const line of this.lines.values()) {
      for (const [scope, held] of Object.entries(line.holdings)) {
        (holdings[scope] ??= []).push(...held);
      }
    }
    const blobs = Object.fromEntries([...this.files].map(([hash, file]) => [hash, file.verified]));
    const ops = [...this.outbox.values()].sort((a, b) => a.seq - b.seq);
    const { identity, cursors } = this;
    return JSON.stringify({ identity, ops, cursors, holdings, blobs });
  }

  /** The machine that shows what is pending over what is stored. */
  attach(machine: Machine): void {
    this.machine = machine;
  }

  /** The document that a record is in, or would be in. */
  homeOf(collection: string, id: string, fields: Record<string, Json>): string {
    if (collection === 'household') return id;
    const household = householdOf(collection, fields, this.registers);
    if (household) return household;
    const subject = subjectOf(collection, fields, this.registers);
    return (subject && (this.home.get(subject) ?? this.lines.get(subject)?.id)) || this.home.get(id) || id;
  }

  /** The document of a record that is known. */
  documentOf(record: string): string | undefined {
    return this.home.get(record);
  }

  /** The records of a document as a person sees them. */
  async seen(id: string): Promise<Seen[]> {
    return this.look(await this.document(id));
  }

  /** The same as rows, for what reads dossiers. */
  async rows(id: string): Promise<Row[]> {
    const rows = JSON.parse(this.machine.rows(this.known(await this.document(id)))) as (Row | null)[];
    return rows.filter((row) => row !== null);
  }

  /** Stores what the machine wants stored, and what goes along with it. */
  async commit(changes: StoreChange[], alongside: Alongside = {}): Promise<void> {
    const writes: Write[] = [...(alongside.writes ?? [])];
    const touched = new Map<string, Document>();
    const touch = async (id: string): Promise<Document> => {
      const known = touched.get(id);
      if (known) return known;
      const document = structuredClone(await this.document(id));
      touched.set(id, document);
      return document;
    };
    let machineChanged = false;
    let logChanged = false;
    for (const change of changes) {
      if ('row' in change) {
        const { row, scope } = change;
        const home = this.homeOf(row.collection, row.id, row.fields);
        const before = this.home.get(row.id);
        if (before && before !== home) without(await touch(before), row.id);
        const document = await touch(home);
        without(document, row.id);
        document.rows.push({ scope, row });
        this.home.set(row.id, home);
      } else if ('drop_row' in change) {
        const home = this.home.get(change.drop_row);
        if (home) without(await touch(home), change.drop_row);
      } else if ('seq' in change) {
        const known = this.outbox.get(change.seq);
        const document = known?.document ?? this.home.get(change.record) ?? change.record;
        const queued: Queued = { ...change, document };
        this.outbox.set(change.seq, queued);
        this.byDocument = undefined;
        await touch(document);
        writes.push(await this.shelves.sealed('outbox', change.seq, queued));
      } else if ('drop_op' in change) {
        const known = this.outbox.get(change.drop_op);
        if (known) await touch(known.document);
        this.outbox.delete(change.drop_op);
        this.byDocument = undefined;
        writes.push({ shelf: 'outbox', key: change.drop_op, value: undefined });
      } else if ('identity' in change) {
        this.identity = change.identity;
        machineChanged = true;
      } else if ('cursor' in change) {
        this.cursors[change.scope] = change.cursor;
        machineChanged = true;
      } else if ('drop_scope' in change) {
        delete this.cursors[change.drop_scope];
        machineChanged = true;
      } else if ('blob' in change) {
        const known = this.files.get(change.blob) ?? alongside.files?.[change.blob];
        const file: KeptFile = {
          size: 0,
          type: '',
          document: '',
          ...known,
          verified: change.verified,
        };
        if (change.verified !== null) delete file.upload;
        this.files.set(change.blob, file);
        writes.push({ shelf: 'blobs', key: change.blob, value: file });
      } else if ('drop_blob' in change) {
        this.files.delete(change.drop_blob);
        writes.push({ shelf: 'blobs', key: change.drop_blob, value: undefined });
        writes.push({ shelf: 'bytes', key: change.drop_blob, value: undefined });
      } else {
        this.attempts = [...this.attempts, change.attempt].slice(-ATTEMPTS);
        logChanged = true;
      }
    }
    if (machineChanged) {
      const { identity, cursors } = this;
      writes.push(await this.shelves.sealed('profile', 'machine', { identity, cursors }));
    }
    if (logChanged) writes.push(await this.shelves.sealed('profile', 'log', this.attempts));
    for (const draft of alongside.dropDrafts ?? []) {
      writes.push({ shelf: 'drafts', key: draft, value: undefined });
    }
    writes.push(...(await this.documentWrites(touched)));
    await this.shelves.write(writes);
    for (const draft of alongside.dropDrafts ?? []) this.drafts.delete(draft);
    this.edition += 1;
  }

  /** Remembers where new records will be, before the machine makes operations of them. */
  expect(record: string, document: string): void {
    this.home.set(record, document);
  }

  /** Where what a draft becomes belongs, also where its village was taken away: a person decides there. */
  scopeOf(draft: Draft): string {
    const { author } = this.identity as { author: string };
    return this.lines.get(draft.document)?.scope || draft.scope || this.drafts.get(draft.id)?.scope || `user:${author}`;
  }

  /** Keeps a draft as it is now. */
  async keepDraft(unplaced: Draft, writes: Write[] = []): Promise<void> {
    const draft = { ...unplaced, scope: this.scopeOf(unplaced) };
    await this.shelves.write([...writes, await this.shelves.sealed('drafts', draft.id, draft)]);
    this.drafts.set(draft.id, draft);
    this.edition += 1;
  }

  /** Throws a draft away, with the files that only it names. */
  async dropDraft(draft: Draft): Promise<void> {
    await this.shelves.write([...this.letGo(draft, Object.values(draft.files)), { shelf: 'drafts', key: draft.id, value: undefined }]);
    this.drafts.delete(draft.id);
    this.edition += 1;
  }

  /** Writes that remove such of a draft's files as nothing else names: no operation, no draft. */
  letGo(draft: Draft, hashes: string[]): Write[] {
    const others = [...this.drafts.values()].filter((one) => one.id !== draft.id);
    const named = new Set([...this.files.keys(), ...others.flatMap((one) => Object.values(one.files))]);
    return hashes.filter((hash) => !named.has(hash)).map((key) => ({ shelf: 'bytes', key, value: undefined }));
  }

  /** Where an upload goes on. */
  async noteUpload(hash: string, upload: string | undefined): Promise<void> {
    const file = this.files.get(hash);
    if (!file) return;
    const { upload: _before, ...rest } = file;
    const noted: KeptFile = upload ? { ...rest, upload } : rest;
    this.files.set(hash, noted);
    await this.shelves.write([{ shelf: 'blobs', key: hash, value: noted }]);
  }

  /**
   * Puts every record where it belongs and writes the index anew: the form of lines has changed, or
   * a register is known now whose records came before it.
   */
  async reindex(): Promise<void> {
    const stored = await this.shelves.readAll<Document>('documents');
    const all = [...stored.values()].flatMap((document) => document.rows);
    for (const { row } of all) {
      if (row.collection === 'household') this.home.set(row.id, row.id);
    }
    const documents = new Map<string, Document>();
    // Twice: what is about a record that is about another finds its way the second time.
    for (const last of [false, true]) {
      for (const held of all) {
        const home = this.homeOf(held.row.collection, held.row.id, held.row.fields);
        this.home.set(held.row.id, home);
        if (!last) continue;
        const document = documents.get(home) ?? { id: home, rows: [] };
        document.rows.push(held);
        documents.set(home, document);
      }
    }
    for (const id of stored.keys()) {
      if (!documents.has(id)) documents.set(id, { id, rows: [] });
    }
    for (const queued of this.outbox.values()) {
      const { document: id } = queued;
      if (!documents.has(id)) documents.set(id, { id, rows: [] });
    }
    this.lines.clear();
    this.open.clear();
    const writes = await this.documentWrites(documents);
    await this.shelves.write([...writes, Shelves.reindexed]);
    this.edition += 1;
  }

  private async documentWrites(touched: Map<string, Document>): Promise<Write[]> {
    const shards = new Set<number>();
    const writes: Write[] = [];
    for (const [id, document] of touched) {
      shards.add(shardOf(id));
      if (document.rows.length === 0 && this.pendingIn(id).length === 0) {
        this.lines.delete(id);
        this.open.delete(id);
        writes.push({ shelf: 'documents', key: id, value: undefined });
        continue;
      }
      this.keepOpen(document);
      this.putLine(this.line(document));
      writes.push(await this.shelves.sealed('documents', id, document));
    }
    const byShard = new Map<number, Record<string, Line>>();
    if (shards.size > 0) {
      for (const line of this.lines.values()) {
        const shard = shardOf(line.id);
        if (!shards.has(shard)) continue;
        const lines = byShard.get(shard) ?? {};
        lines[line.id] = line;
        byShard.set(shard, lines);
      }
    }
    for (const shard of shards) {
      writes.push(await this.shelves.sealed('index', shard, byShard.get(shard) ?? {}));
    }
    return writes;
  }

  private line(document: Document): Line {
    const seen = this.look(document);
    const own = seen.find((record) => record.id === document.id) ?? seen[0];
    const stored = document.rows.find((held) => held.row.id === document.id) ?? document.rows[0];
    const [pending] = this.pendingIn(document.id);
    const scope = own?.scope ?? stored?.scope ?? pending?.scope ?? '';
    const line = lineOf(document.id, seen, scope, this.registers);
    for (const { scope: held, row } of document.rows) {
      (line.holdings[held] ??= []).push([row.id, row.version]);
    }
    return line;
  }

  private look(document: Document): Seen[] {
    const seen = JSON.parse(this.machine.view(this.known(document))) as (Seen | null)[];
    return seen.filter((record) => record !== null);
  }

  /** The records of a document, with those that are pending only. */
  private known(document: Document): string {
    const known = new Map<string, { id: string; row?: Row }>();
    for (const { row } of document.rows) known.set(row.id, { id: row.id, row });
    for (const { record } of this.pendingIn(document.id)) {
      if (!known.has(record)) known.set(record, { id: record });
    }
    return JSON.stringify([...known.values()]);
  }

  private pendingIn(document: string): Queued[] {
    this.byDocument ??= Map.groupBy(this.outbox.values(), (queued) => queued.document);
    return this.byDocument.get(document) ?? [];
  }

  private async document(id: string): Promise<Document> {
    const open = this.open.get(id);
    if (open) return open;
    const stored = await this.shelves.read<Document>('documents', id);
    const document = stored ?? { id, rows: [] };
    this.keepOpen(document);
    return document;
  }

  private keepOpen(document: Document): void {
    this.open.delete(document.id);
    this.open.set(document.id, document);
    while (this.open.size > OPEN_DOCUMENTS) {
      this.open.delete(this.open.keys().next().value!);
    }
  }

  private putLine(line: Line): void {
    this.lines.set(line.id, line);
    for (const held of Object.values(line.holdings)) {
      for (const [record] of held) this.home.set(record, line.id);
    }
  }
}

function without(document: Document, record: string): void {
  document.rows = document.rows.filter((held) => held.row.id !== record);
}

/** The shard of the index that a document's line is in. */
function shardOf(id: string): number {
  return parseInt(id.slice(-2), 16) % SHARDS || 0;
}
