/** Begins visits: a draft that is on the disk before the first question is shown. */

import { hex, recordId } from '../../api/bytes';
import { OpenForm } from '../../form/open';
import { isGroup, isRepeat, questionsIn, type Item, type Repeat } from '../../form/types';
import { language, t } from '../../i18n';
import { Told } from '../../ui/whyNot';
import type { Session } from '../session';
import { dayOf, inVain } from '../store/lines';
import type { Copied, Draft, FormBundle, Json, Seen } from '../store/types';
import { consentIn } from './consent';
import { remarksAbout } from './returned';

/** A form that is open, with its files by name. */
export interface Opened {
  form: OpenForm;
  files: Map<string, ArrayBuffer>;
}

/** The form of the draft that was just begun, for the screen that shows it. */
let handedOver: { draft: string; opened: Opened } | undefined;

/** The form of a draft: the one it was begun with, where that was just now. */
export async function takeForm(session: Session, draft: Draft): Promise<Opened> {
  const own = handedOver?.draft === draft.id ? handedOver.opened : undefined;
  if (!own) handedOver?.opened.form.close();
  handedOver = undefined;
  return own ?? openForm(session, draft);
}

async function openForm(session: Session, draft: Draft, answers?: string): Promise<Opened> {
  const found = await session.form(draft.form);
  if (!found) throw new Told(t('visit.noForm'));
  const { bundle, files } = found;
  const form = await OpenForm.start({
    xform: bundle.xform,
    files,
    lists: await registerLists(session, bundle),
    language: language.value,
    properties: { deviceid: session.device, username: session.name },
    seed: draft.seed,
    oneByOne: () => session.preferences.oneByOne,
    ...(draft.answers ? { draft: draft.answers } : {}),
    ...(answers ? { answers } : {}),
  });
  return { form, files };
}

export async function beginVisit(session: Session, household: string, hash: string): Promise<Draft> {
  const title = session.offers.value.forms.find((form) => form.hash === hash)?.title ?? '';
  const draft = fresh(household, hash, title, recordId(), false);
  const opened = await openForm(session, draft);
  const { form } = opened;
  const rows = await session.book.rows(household);
  const row = rows.find((one) => one.id === household);
  if (row) {
    const rulebook = await session.rulebook();
    const held = JSON.parse(rulebook.texts(JSON.stringify(row))) as Record<string, string>;
    form.openOn('household', household, held);
  }
  const begun = { ...draft, answers: form.draft };
  await session.book.keepDraft(begun);
  handedOver = { draft: draft.id, opened };
  return begun;
}

/** Visits of a household that were begun with a form, whatever its version, and not handed in. */
export function unfinished(session: Session, household: string, hash: string): Draft[] {
  const all = [...session.book.drafts.values()];
  const title = session.offers.value.forms.find((form) => form.hash === hash)?.title;
  const isSame = (draft: Draft) => draft.form === hash || draft.title === title;
  const same = all.filter((draft) => draft.document === household && isSame(draft) && !draft.corrects);
  return same.sort((a, b) => b.changedAt - a.changedAt);
}

/** Goes on with a visit that came back. */
export async function correctVisit(session: Session, household: string, visit: Seen): Promise<Draft> {
  const known = session.book.drafts.get(visit.id);
  if (known) return known;
  const seen = await session.book.seen(household);
  const hash = String(visit.fields['form'] ?? '');
  const title = String(visit.fields['purpose'] ?? '');
  const draft = fresh(household, hash, title, visit.id, true);
  const opened = await openForm(session, draft, JSON.stringify(visit.fields['answers'] ?? {}));
  const { form } = opened;
  const files: Record<string, string> = {};
  for (const name of form.attachments) {
    const stem = name.replace(/\.\w+$/, '');
    if (/^[0-9a-f]{64}$/.test(stem)) files[name] = stem;
  }
  // It opens where something is asked, else with all its answers; not at its beginning.
  const asked = remarksAbout(seen, visit.id).map(({ place }) => form.pageOf(place));
  const page = Math.min(form.pages.value.length, ...asked.filter((at) => at >= 0));
  const begun = { ...draft, answers: form.draft, files, page };
  await session.book.keepDraft(begun);
  handedOver = { draft: draft.id, opened };
  return begun;
}

/** What a household answered at an earlier visit. */
export interface Before {
  answers: Answers;
  /** The day. */
  on: string;
}

/** What the household answered when it was visited last with the same form. */
export async function answersBefore(session: Session, draft: Draft): Promise<Before | undefined> {
  const seen = await session.book.seen(draft.document);
  const at = (visit: Seen) => Number(visit.fields['ended_at'] ?? 0);
  // Where nobody was at home or agreed, nothing was answered.
  const same = seen.filter(({ collection, fields, id }) => collection === 'visit' && fields['form'] === draft.form && id !== draft.id && !inVain(fields));
  const last = same.sort((a, b) => at(b) - at(a))[0];
  const answers = last?.fields['answers'];
  if (!last || !answers || typeof answers !== 'object' || Array.isArray(answers)) return undefined;
  return { answers, on: dayOf(last.fields['ended_at']) ?? '' };
}

type Answers = { [name: string]: Json };

/** Photos, places and the like: what has to be new at each visit, and is missed where it isn't there. */
const TAKEN = new Set(['image', 'audio', 'video', 'file', 'geopoint', 'geotrace', 'geoshape']);
/** What is never taken over from an earlier visit; what somebody says yes to, above all. */
const FRESH = new Set([...TAKEN, 'barcode', 'note', 'acknowledge']);
/** Answers open questions that open questions; no form goes deeper than this. */
const ROUNDS = 20;

/**
 * Nothing has changed: answers what is asked and not answered as it was, and tells what it took over,
 * with what it had taken over before.
 * What is hidden (when the visit began, say) is the form's own; consent, photos, places and
 * signatures are of one visit and stay open.
 */
export function answerAsBefore(form: OpenForm, { answers: before, on }: Before, copied?: Copied): Copied {
  const values = { ...copied?.values };
  const consent = consentIn(form.items.value)?.path;
  for (let round = 0; round < ROUNDS; round += 1) {
    let isDone = true;
    for (const repeat of repeatsIn(form.items.value).filter((one) => !isAlbum(one))) {
      const had = at(before, repeat.instances[0]?.path.replace(/\[\d+\]$/, '') ?? `${repeat.parent}/${repeat.name}`);
      const missing = (Array.isArray(had) ? had.length : 0) - repeat.instances.length;
      // What is asked in it is seen in the first, and the others come after.
      const next = repeat.instances.length === 0 ? Math.min(missing, 1) : missing;
      for (let more = 0; more < next && !repeat.counted; more += 1) {
        form.addInstance(repeat.parent, repeat.name);
        isDone = false;
      }
    }
    for (const { path, type, value, readonly } of questionsIn(form.items.value)) {
      const had = at(before, path);
      if (value !== undefined || readonly || path === consent || FRESH.has(type) || (typeof had !== 'string' && typeof had !== 'number')) continue;
      form.set(path, String(had));
      values[path] = String(had);
      isDone = false;
    }
    if (isDone) break;
  }
  return { on, values };
}

/** A list of photos: what stands in it is of one visit. */
const isAlbum = ({ instances }: Repeat) => TAKEN.has(questionsIn(instances[0]?.children ?? [])[0]?.type ?? '');

/** What is asked for and has to be new at each visit, and is not there; of a list of things, only what is needed. */
export const notTaken = (form: OpenForm) =>
  questionsIn(form.items.value).filter(
    ({ type, value, readonly, path, required }) => TAKEN.has(type) && value === undefined && !readonly && (required || !path.includes('[')),
  );

/** The stored answer at a path such as `/data/member[2]/age`. */
function at(answers: Answers, path: string): Json | undefined {
  let found: Json | undefined = answers;
  for (const part of path.split('/').slice(2)) {
    const [, name, place] = /^([^[]+)(?:\[(\d+)\])?$/.exec(part) ?? [];
    if (found === null || typeof found !== 'object' || Array.isArray(found)) return undefined;
    found = found[name!];
    if (place && Array.isArray(found)) found = found[Number(place) - 1];
  }
  return found;
}

function repeatsIn(items: Item[]): Repeat[] {
  return items.flatMap((item) => {
    if (isRepeat(item)) return [item, ...item.instances.flatMap((one) => repeatsIn(one.children))];
    return isGroup(item) ? repeatsIn(item.children) : [];
  });
}

function fresh(household: string, form: string, title: string, id: string, corrects: boolean): Draft {
  const now = Date.now();
  return {
    id,
    document: household,
    household,
    form,
    title,
    answers: '',
    files: {},
    page: 0,
    startedAt: now,
    changedAt: now,
    seed: hex(crypto.getRandomValues(new Uint8Array(32))),
    corrects,
  };
}

/** Lists that a form calls as registers: the records that the tablet holds of each. */
export async function registerLists(session: Session, bundle: FormBundle): Promise<Map<string, Record<string, string>[]>> {
  const lists = new Map<string, Record<string, string>[]>();
  const own = new Set(bundle.files.map((file) => file.name));
  const named = /<instance\s+id="([^"]+)"\s+src="jr:\/\/[^"]*?\/([^"/]+)\.csv"/g;
  const rulebook = await session.rulebook();
  for (const [, id, name] of bundle.xform.matchAll(named)) {
    const register = session.registers.get(name!);
    if (!register || own.has(`${name}.csv`)) continue;
    const title = register.field.find((field) => field.role === 'title')?.name ?? '';
    const rows = await session.rowsOf(name!);
    const items = rows.map((row) => {
      const texts = JSON.parse(rulebook.texts(JSON.stringify(row))) as Record<string, string>;
      return { ...texts, name: row.id, label: texts[title] ?? '' };
    });
    lists.set(id!, items);
  }
  return lists;
}
