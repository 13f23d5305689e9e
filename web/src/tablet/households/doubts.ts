/** What the rules on the tablet doubt of a value before it is kept; the same rules judge it at the office. */

import { inWords, t } from '../../i18n';
import type { Session } from '../session';
import { localDay } from '../store/lines';
import type { Json, RegisterField, Row, Seen } from '../store/types';
import { written } from '../sync/written';

interface Found {
  id: string;
  subject: string;
  message: Record<string, string>;
}

export interface Doubts {
  /** The field can't hold it at all. */
  unfit: boolean;
  words: string[];
  /** The office hears of it by itself: the same is found there. */
  isFound: boolean;
}

/** What would be found of a record if it held these values, and is not found as it is or without them. */
export async function doubtsAbout(session: Session, { id, collection }: Seen, values: [RegisterField, Json][]): Promise<Doubts> {
  const rulebook = await session.rulebook();
  const words: string[] = [];
  let isFound = false;
  for (const [field, value] of values) {
    const problem = rulebook.look_at(collection, field.name, written(value));
    if (problem === 'unfit') return { unfit: true, words: [], isFound: false };
    isFound ||= problem === 'required';
    if (problem === 'required' || problem === 'authority') words.push(t(`field.${problem}`, { what: inWords(field.labels) }));
  }
  const document = session.book.documentOf(id) ?? id;
  const rows = await session.book.rows(document);
  const household = rows.find((row) => row.id === document && row.collection === 'household');
  if (!household) return { unfit: false, words, isFound };
  const home = [household, ...rows.filter((row) => row.collection === 'member')];
  const today = localDay(new Date());
  const judge = (change: (fields: Row['fields']) => Row['fields']) => {
    const changed = home.map((row) => (row.id === id ? { ...row, fields: change(row.fields) } : row));
    return JSON.parse(rulebook.findings(written(changed), today)) as Found[];
  };
  const ids = values.map(([field]) => String(field.id));
  const before = new Set(judge((fields) => fields).map((one) => one.id));
  const without = new Set(judge((fields) => Object.fromEntries(Object.entries(fields).filter(([name]) => !ids.includes(name)))).map((one) => one.id));
  const after = judge((fields) => ({ ...fields, ...Object.fromEntries(values.map(([field, value]) => [field.id, value])) }));
  // What is wrong with these very fields is said although it was wrong before; what is wrong elsewhere is not their matter.
  const found = after.filter((one) => !before.has(one.id) || (one.subject === id && !without.has(one.id)));
  return { unfit: false, words: [...new Set([...words, ...found.map((one) => inWords(one.message))])], isFound: isFound || found.length > 0 };
}
