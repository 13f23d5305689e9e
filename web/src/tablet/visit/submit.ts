/** A form that is filled in becomes operations: the visit, and what it says about records. */

import type { OpenForm } from '../../form/open';
import { questionsIn } from '../../form/types';
import type { Session } from '../session';
import type { Draft, Edit, Json } from '../store/types';
import { isOpenRemark } from './begin';

const CONSENT = new Set(['given', 'declined', 'absent']);

/**
 * Hands a visit to the outbox, with everything that belongs to it, in one transaction. Gives how many
 * answers no register can take; they stay with the visit's notes.
 */
export async function submitVisit(session: Session, draft: Draft, form: OpenForm): Promise<number> {
  form.finish();
  const answers = form.answers as { [name: string]: Json };
  const names = new Set(form.attachments);
  const files = Object.fromEntries(Object.entries(draft.files).filter(([name]) => names.has(name)));
  const hashes = [...new Set(Object.values(files))];
  const { book } = session;
  const scope = book.lines.get(draft.document)?.scope ?? '';
  const { edits, untaken } = await entityEdits(session, draft, form, files, scope);
  const now = Date.now() * 1000;
  const fields: Record<string, Json> = { answers, ended_at: now };
  const consent = answers['consent'];
  if (typeof consent === 'string' && CONSENT.has(consent)) fields['consent'] = consent;
  const place = placeIn(form);
  if (place) fields['place'] = place;
  const visit = { collection: 'visit', record: draft.id, scope };
  if (draft.corrects) {
    const seen = await book.seen(draft.document);
    const before = seen.find((one) => one.id === draft.id)?.fields['photos'];
    const had = Array.isArray(before) ? before : [];
    const added = hashes.filter((hash) => !had.includes(hash));
    edits.unshift(
      { ...visit, change: { kind: 'patch', fields } },
      ...added.map((hash): Edit => ({ ...visit, change: { kind: 'add', field: 'photos', element: hash }, blobs: [hash] })),
      { ...visit, change: { kind: 'transition', field: 'status', from: 'returned', to: 'resubmitted' } },
    );
    for (const { id: record } of seen.filter((one) => isOpenRemark(one, draft.id))) {
      const change = { kind: 'transition', field: 'status', from: 'open', to: 'corrected' };
      edits.push({ collection: 'finding', record, scope, change });
    }
  } else {
    const whole = {
      ...fields,
      household: draft.household,
      form: draft.form,
      started_at: draft.startedAt * 1000,
      photos: hashes,
      status: 'submitted',
      purpose: draft.title,
    };
    // What a newer version of the form has no place for goes along as notes.
    for (const { path, value } of draft.setAside ?? []) {
      edits.unshift({ ...visit, change: { kind: 'add', field: 'notes', element: `${path}: ${value}` } });
    }
    edits.unshift({ ...visit, change: { kind: 'create', fields: whole }, blobs: hashes });
  }
  for (const words of untaken) edits.push({ ...visit, change: { kind: 'add', field: 'notes', element: words } });
  for (const { record, collection, change } of edits) {
    if (book.documentOf(record)) continue;
    const made = (change['fields'] ?? {}) as Record<string, Json>;
    book.expect(record, book.homeOf(collection, record, made));
  }
  const sizes = await Promise.all(hashes.map(async (hash) => [hash, await sizeOf(session, hash)] as const));
  // Photos that were taken again go with the draft.
  const retaken = Object.values(draft.files).filter((hash) => !hashes.includes(hash));
  await session.driver.act(edits, {
    dropDrafts: [draft.id],
    writes: book.letGo(draft, retaken),
    files: Object.fromEntries(
      sizes.map(([hash, size]) => [hash, { size, type: typeOf(files, hash), document: draft.document }]),
    ),
  });
  return untaken.length;
}

async function entityEdits(
  session: Session,
  draft: Draft,
  form: OpenForm,
  files: Record<string, string>,
  scope: string,
): Promise<{ edits: Edit[]; untaken: string[] }> {
  const entities = form.entities;
  if (entities.length === 0) return { edits: [], untaken: [] };
  const rulebook = await session.rulebook();
  const filled = {
    entities,
    about: { collection: 'household', record: draft.household },
    files,
    rows: await session.book.rows(draft.document),
  };
  const made = JSON.parse(rulebook.write(JSON.stringify(filled))) as { edits: Edit[]; untaken: string[] };
  return { edits: made.edits.map((edit) => ({ ...edit, scope })), untaken: made.untaken };
}

/** The first place that was read, as records hold places. */
function placeIn(form: OpenForm): Json {
  const question = questionsIn(form.items.value).find((one) => one.type === 'geopoint' && one.value);
  const [lat, lon, , accuracy] = (question?.value ?? '').split(' ').map(Number);
  if (lat === undefined || lon === undefined || Number.isNaN(lat) || Number.isNaN(lon)) return null;
  const place: Record<string, number> = { lat: Math.round(lat * 1e7), lon: Math.round(lon * 1e7) };
  if (accuracy) place['accuracy'] = Math.round(accuracy);
  return place;
}

async function sizeOf(session: Session, hash: string): Promise<number> {
  return (await session.book.shelves.readBytes(hash))?.byteLength ?? 0;
}

const TYPES: Record<string, string> = { jpg: 'image/jpeg', png: 'image/png', webp: 'image/webp', pdf: 'application/pdf' };

function typeOf(files: Record<string, string>, hash: string): string {
  const name = Object.entries(files).find(([, own]) => own === hash)?.[0] ?? '';
  return TYPES[name.split('.').pop() ?? ''] ?? 'application/octet-stream';
}
