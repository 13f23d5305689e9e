/**
 * The last resort: what has not been handed over, as a file. Who manages tablets hands it in to the
 * server, which trusts this tablet's signature; visits that are not finished go back to a tablet.
 *
 * Lines of JSON: who signed, what was done, and one for each photo. What was done is signed, and
 * names its photos by their hashes.
 */

import { base64, base64url, sha256, unbase64 } from '../../api/bytes';
import { saveFile } from '../../ui/save';
import { OtherPerson, type Session } from '../session';
import type { Draft, Json } from '../store/types';

const FORMAT = 'ruhu-unsent-2';

interface Head {
  format: string;
  signature: string;
}

interface Operation {
  seq: number;
  op: string;
  outcome: string | null;
}

interface Work {
  identity: { author: string };
  operations: Operation[];
  drafts: Draft[];
}

interface FileLine {
  hash: string;
  type: string;
  bytes: string;
}

/** What has not been handed over, and the photos that belong to it. */
function unsentOf({ book }: Session): { operations: Operation[]; drafts: Draft[]; hashes: string[] } {
  // What was answered for as well: a backup of the server's that is restored may lack it.
  const operations = [...book.outbox.values()].sort((a, b) => a.seq - b.seq).map(({ seq, op, outcome }) => ({ seq, op, outcome }));
  const drafts = [...book.drafts.values()];
  const unverified = [...book.files].filter(([, file]) => file.verified === null).map(([hash]) => hash);
  const hashes = [...new Set([...unverified, ...drafts.flatMap((draft) => Object.values(draft.files))])];
  return { operations, drafts, hashes };
}

/** Writes the file; `onFile` is told how many of its photos are in it. */
export async function exportUnsent(session: Session, onFile: (done: number, of: number) => void): Promise<void> {
  const { book } = session;
  const { operations, drafts, hashes } = unsentOf(session);
  const work = JSON.stringify({ exported_at: new Date().toISOString(), identity: book.identity, operations, drafts });
  const signature = base64url(await session.sign(new TextEncoder().encode(`${FORMAT}\n${work}`)));
  const head: Head = { format: FORMAT, signature };
  const lines: BlobPart[] = [`${JSON.stringify(head)}\n`, `${work}\n`];
  for (const [done, hash] of hashes.entries()) {
    onFile(done, hashes.length);
    const bytes = await book.shelves.readBytes(hash);
    const type = book.files.get(hash)?.type || 'application/octet-stream';
    const line = bytes && ({ hash, type, bytes: base64(new Uint8Array(bytes)) } satisfies FileLine);
    // A blob of its own, so that the browser may put it on the disk.
    if (line) lines.push(new Blob([`${JSON.stringify(line)}\n`]));
  }
  onFile(hashes.length, hashes.length);
  saveFile(new Blob(lines, { type: 'application/x-ndjson' }), `ruhu-${new Date().toISOString().slice(0, 10)}.jsonl`);
}

/**
 * Whether a file is on the disk with all that has not been handed over by now: a download may have
 * failed, and something may have been done since.
 */
export async function hasAll(session: Session, file: Blob): Promise<boolean> {
  const { operations, drafts, hashes } = unsentOf(session);
  const lines = linesOf(file);
  const head = await read<Head>(lines);
  if (head?.format !== FORMAT) throw new NoExport();
  const work = await read<Work>(lines);
  if (!work || !Array.isArray(work.operations) || !Array.isArray(work.drafts)) throw new NoExport();
  const ops = new Set(work.operations.map(({ seq, op }) => `${seq} ${op}`));
  const visits = new Set(work.drafts.map((draft) => JSON.stringify(draft)));
  if (!operations.every(({ seq, op }) => ops.has(`${seq} ${op}`))) return false;
  if (!drafts.every((draft) => visits.has(JSON.stringify(draft)))) return false;
  const lacking = new Set<string>();
  // A photo that is gone from the tablet can't be in the file either.
  for (const hash of hashes) if (await session.book.shelves.has('bytes', hash)) lacking.add(hash);
  while (lacking.size > 0) {
    const line = await read<FileLine>(lines);
    if (!line) return false;
    if ((await sha256(unbase64(line.bytes))) === line.hash) lacking.delete(line.hash);
  }
  return true;
}

/** The file is none, or was cut off. */
export class NoExport extends Error {}

/** What a file gave back. */
export interface TakenBack {
  /** Unfinished visits that are here now. */
  drafts: number;
  /** Those that were here, or have been sent. */
  known: number;
  /** Their photos that the file lacks, or that were damaged. */
  lacking: number;
}

/** Takes back the unfinished visits of a file that this person exported, here or on another tablet. */
export async function takeBack(session: Session, file: Blob): Promise<TakenBack> {
  const { book } = session;
  const lines = linesOf(file);
  const head = await read<Head>(lines);
  if (head?.format !== FORMAT) throw new NoExport();
  const work = await read<Work>(lines);
  if (!work || !Array.isArray(work.drafts)) throw new NoExport();
  if (work.identity.author !== session.user) throw new OtherPerson();
  const isHere = (draft: Draft) => book.drafts.has(draft.id) || (!draft.corrects && book.documentOf(draft.id) !== undefined);
  const drafts = work.drafts.filter((draft) => !isHere(draft));
  const wanted = new Set(drafts.flatMap((draft) => Object.values(draft.files)));
  while (wanted.size > 0) {
    const line = await read<FileLine>(lines).catch(() => undefined);
    if (!line) break;
    if (!wanted.has(line.hash)) continue;
    const bytes = unbase64(line.bytes);
    if ((await sha256(bytes)) !== line.hash) continue;
    await book.shelves.write([await book.shelves.sealedBytes(line.hash, bytes.buffer)]);
    wanted.delete(line.hash);
  }
  for (const draft of drafts) await book.keepDraft(draft);
  return { drafts: drafts.length, known: work.drafts.length - drafts.length, lacking: wanted.size };
}

async function read<T>(lines: AsyncGenerator<string>): Promise<T | undefined> {
  const { value, done } = await lines.next();
  if (done) return undefined;
  try {
    return JSON.parse(value) as Json as T;
  } catch {
    throw new NoExport();
  }
}

/** The lines of a file, one in memory at a time. */
async function* linesOf(file: Blob): AsyncGenerator<string> {
  const reader = file.stream().pipeThrough(new TextDecoderStream()).getReader();
  let parts: string[] = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const [first, ...others] = value.split('\n');
    parts.push(first!);
    for (const other of others) {
      yield parts.join('');
      parts = [other];
    }
  }
  const rest = parts.join('');
  if (rest) yield rest;
}
