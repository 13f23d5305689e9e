/** A correction of one field as what is stored: the engine knows how each field is merged. */

import type { Session } from '../session';
import { written } from '../sync/written';
import type { Edit, Json, RegisterField, Seen } from '../store/types';
import { shown } from './typed';

/** What makes a record hold `next`; nothing where the field can't. It is empty where it holds that already. */
export async function correctionOf(session: Session, { id, collection }: Seen, field: RegisterField, next: Json): Promise<Edit[] | undefined> {
  const document = session.book.documentOf(id) ?? id;
  const rulebook = await session.rulebook();
  return correction(rulebook, await session.book.rows(document), { id, collection }, field, next, document);
}

/** The same, of what is known: `write` is the engine's. */
export function correction(
  engine: { write(filled: string): string },
  rows: unknown[],
  { id, collection }: { id: string; collection: string },
  field: RegisterField,
  next: Json,
  document: string,
): Edit[] | undefined {
  const text = field.type === 'notes' ? String((next as string[])[0] ?? '') : shown(field, next);
  const entity = { list: collection, id, creates: false, updates: true, label: null, properties: { [field.name]: text } };
  const filled = { entities: [entity], about: { collection: 'household', record: document }, files: {}, rows };
  const { edits, untaken } = JSON.parse(engine.write(written(filled))) as { edits: Edit[]; untaken: string[] };
  return untaken.length > 0 ? undefined : edits;
}
