/** A draft in a newer version of its form: looked at first, and taken only when a person says so. */

import type { Schemas } from '../../api/types';
import { loadForms } from '../../form/engine';
import type { Session } from '../session';
import type { Draft } from '../store/types';

/** What becomes of the answers. */
export interface Preview {
  to: Schemas['OfferedForm'];
  kept: number;
  moved: { from: string; to: string }[];
  /** Answers that have no place any more. */
  set_aside: { path: string; value: string; reason: string }[];
  /** The draft in the newer version. */
  submission: string;
}

/** What the newer version of a draft's form would make of it; nothing where there is none. */
export async function previewUpgrade(session: Session, draft: Draft): Promise<Preview | undefined> {
  // A visit that was sent is corrected in the version it was made with.
  if (draft.corrects) return undefined;
  const scope = session.book.lines.get(draft.document)?.scope ?? '';
  const before = await session.form(draft.form);
  const to = session.formsIn(scope).find((form) => form.name === before?.bundle.form);
  if (!before || !to || to.hash === draft.form) return undefined;
  const after = await session.form(to.hash);
  if (!after) return undefined;
  const engine = await loadForms();
  const told = engine.upgrade_draft(draft.answers, before.bundle.xform, after.bundle.xform);
  return { to, ...(JSON.parse(told) as Omit<Preview, 'to'>) };
}

/** Takes it. What was set aside stays in the visit's note, so that nothing is lost by it. */
export async function takeUpgrade(session: Session, draft: Draft, preview: Preview): Promise<void> {
  const setAside = [...(draft.setAside ?? []), ...preview.set_aside.map(({ path, value }) => ({ path, value }))];
  const taken: Draft = { ...draft, form: preview.to.hash, title: preview.to.title, answers: preview.submission, page: 0, setAside };
  await session.book.keepDraft(taken);
}
