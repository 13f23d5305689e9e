/** What was signed, read out of the bytes that were signed; and what a household has signed for already. */

import { hex, unbase64 } from '../../api/bytes';
import type { Seen } from '../store/types';
import { NotCbor, readCbor, type Cbor } from './cbor';

type Stroke = [number, number][];

export interface Signed {
  /** The template's hash. */
  template: string;
  text: string;
  language: string;
  outcome: string;
  /** Why it was refused. */
  reason: string | null;
  /** Points, hundredths of a CSS pixel. */
  strokes: Stroke[] | null;
  photos: string[];
  /** The photo of the paper that was signed. */
  paper: string | null;
  relative: { name: string; relation: string } | null;
  witness: { name: string; strokes: Stroke[] } | null;
  /** The records that the text was made from. */
  records: string[];
}

/** Reads a notification's record (`docs/protocol.md`, "Signed notifications"). */
export function readNotice(notice: Seen): Signed {
  const content = readCbor(unbase64(String(notice.fields['content'] ?? '')));
  if (!(content instanceof Map)) throw new NotCbor();
  const [outcome, answer] = list(content.get(6));
  const [kind, name, relation] = list(content.get(10) ?? ['householder']);
  const witness = content.get(11) ? list(content.get(11)) : undefined;
  return {
    template: bytes(content.get(1)),
    language: text(content.get(3)),
    text: text(content.get(4)),
    photos: list(content.get(5)).map(bytes),
    outcome: text(outcome),
    strokes: outcome === 'signed' ? strokes(answer) : null,
    reason: outcome === 'refused' ? text(answer) : null,
    paper: outcome === 'paper' ? bytes(answer) : null,
    relative: kind === 'relative' ? { name: text(name), relation: text(relation) } : null,
    witness: witness ? { name: text(witness[0]), strokes: strokes(witness[1]) } : null,
    records: list(content.get(12) ?? []).map((one) => uuid(bytes(list(one)[0]))),
  };
}

function list(item: Cbor | undefined): Cbor[] {
  if (!Array.isArray(item)) throw new NotCbor();
  return item;
}

function text(item: Cbor | undefined): string {
  if (typeof item !== 'string') throw new NotCbor();
  return item;
}

function bytes(item: Cbor | undefined): string {
  if (!(item instanceof Uint8Array)) throw new NotCbor();
  return hex(item);
}

const strokes = (item: Cbor | undefined) => list(item).map((stroke) => list(stroke).map((point): [number, number] => [Number(list(point)[0]), Number(list(point)[1])]));
const uuid = (digits: string) => digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** What can be told: a notification, and the record it tells of. */
export interface Offered {
  name: string;
  about: string | null;
}

/**
 * The notification by which a household was told this already, the newest that nothing replaces.
 * Where an older one does not say which of several it told of, it counts for each of them: it shows
 * them all.
 */
export function toldAlready(offered: Offered, seen: Seen[], read: (notice: Seen) => (Signed & { name: string | undefined }) | undefined): Seen | undefined {
  const notices = seen.filter((one) => one.collection === 'notice');
  const replaced = new Set(notices.map(({ fields }) => fields['supersedes']));
  const isIt = (notice: Seen) => {
    const signed = read(notice);
    if (!signed || signed.name !== offered.name) return false;
    const about = notice.fields['about'];
    if (offered.about === null) return true;
    return typeof about === 'string' ? about === offered.about : signed.records.includes(offered.about);
  };
  const at = (notice: Seen) => Number(notice.fields['signed_at'] ?? 0);
  return notices.filter((one) => !replaced.has(one.id) && isIt(one)).sort((a, b) => at(b) - at(a))[0];
}
