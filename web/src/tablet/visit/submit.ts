/** A form that is filled in becomes operations: the visit, and what it says about records. */

import type { OpenForm } from '../../form/open';
import { questionsIn } from '../../form/types';
import type { Session } from '../session';
import type { Draft, Edit, Json } from '../store/types';
import { day, t } from '../../i18n';
import { CONSENTS, consentIn } from './consent';
import { visitEdits } from './edits';
import { isOpenRemark } from './returned';

/** Characters of the questions that a note names. */
const MOST_WORDS = 1_000;

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
  const scope = book.scopeOf(draft);
  const { edits: entities, untaken } = await entityEdits(session, draft, form, files);
  const now = Date.now() * 1000;
  const fields: Record<string, Json> = { answers, ended_at: now };
  const consent = CONSENTS.find((one) => one === consentIn(form.items.value)?.value);
  if (consent) fields['consent'] = consent;
  const place = placeIn(form);
  if (place) fields['place'] = place;
  const seen = draft.corrects ? await book.seen(draft.document) : [];
  const had = seen.find((one) => one.id === draft.id)?.fields['photos'];
  const before = {
    files: Array.isArray(had) ? had.filter((one) => typeof one === 'string') : [],
    remarks: seen.filter((one) => isOpenRemark(one, draft.id)).map(({ id }) => id),
  };
  const said = saidOf(session, draft, form);
  const visitor = session.name.slice(0, 100);
  const edits = visitEdits({ draft, scope, visitor, fields, hashes, entities, untaken, said, before });
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

/** What whoever reviews it has to know of how it came about. */
function saidOf(session: Session, { copied, insisted }: Draft, form: OpenForm): string[] {
  const same = questionsIn(form.items.value).filter(({ path, value }) => value !== undefined && copied?.values[path] === value);
  const said = insisted?.length ? [t('consent.insistedNote', { what: session.words('consent', 'scope', insisted) })] : [];
  if (copied && same.length > 0) {
    const what = same.map(({ label, path }) => label || path).join('、');
    said.push(t('visit.copiedNote', { n: same.length, day: day(copied.on), what: what.slice(0, MOST_WORDS) }));
  }
  return said;
}

async function entityEdits(
  session: Session,
  draft: Draft,
  form: OpenForm,
  files: Record<string, string>,
): Promise<{ edits: Edit[]; untaken: string[] }> {
  const entities = form.entities;
  if (entities.length === 0) return { edits: [], untaken: [] };
  const rulebook = await session.rulebook();
  const { book } = session;
  // What is said of other households' records is read off theirs.
  const others = entities.map((entity) => book.documentOf(String((entity as { id?: string }).id ?? '').replace(/^uuid:/, '')));
  const documents = new Set([draft.document, ...others.filter((id) => id !== undefined)]);
  const rows = await Promise.all([...documents].map((id) => book.rows(id)));
  const filled = {
    entities,
    about: { collection: 'household', record: draft.household },
    files,
    rows: rows.flat(),
  };
  return JSON.parse(rulebook.write(JSON.stringify(filled))) as { edits: Edit[]; untaken: string[] };
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
