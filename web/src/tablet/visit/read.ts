/** What was handed in, read again: its answers in the words they were asked in, and what its photos show. */

import { OpenForm } from '../../form/open';
import { labelsOf, linesOf, type Line } from '../../form/readout';
import { language, t } from '../../i18n';
import { Problem } from '../../api/problem';
import { Told } from '../../ui/whyNot';
import type { Session } from '../session';
import { titleOf } from '../store/lines';
import type { Seen } from '../store/types';
import { registerLists } from './begin';

export interface Read {
  lines: Line[];
  /** What photos and other files show, by their hashes. */
  labels: Map<string, string>;
}

/** The hash of a file that answers name. */
export const hashOf = (name: string) => name.replace(/\.\w+$/, '');

/** Reads a visit; its form is fetched where the tablet lacks this version of it. */
export async function readVisit(session: Session, visit: Seen, others: Seen[]): Promise<Read> {
  const { form: hash, answers } = visit.fields;
  if (typeof hash !== 'string' || !answers || typeof answers !== 'object') return { lines: [], labels: new Map() };
  let found = await session.form(hash);
  if (!found) {
    await session.bringForm(hash).catch((cause: unknown) => {
      throw cause instanceof Problem && cause.isOffline ? new Told(t('read.noForm')) : cause;
    });
    found = (await session.form(hash))!;
  }
  const form = await OpenForm.start({
    xform: found.bundle.xform,
    files: found.files,
    lists: await registerLists(session, found.bundle),
    language: language.value,
    properties: {},
    seed: '0'.repeat(64),
    answers: JSON.stringify(answers),
    oneByOne: () => false,
  });
  try {
    const names = Object.fromEntries(others.map((one) => [one.id, titleOf(one, session.registers)]));
    const labels = [...labelsOf(form.items.value)].map(([name, label]) => [hashOf(name), label] as const);
    return { lines: linesOf(form.items.value, '', names), labels: new Map(labels) };
  } finally {
    form.close();
  }
}
