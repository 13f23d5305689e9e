/** The columns of a table of visits: which are shown, and how many stay when one scrolls aside. */

import { field, outcomeWords, photosOf, ruleWords, VISIT, when } from './words';
import type { Schemas } from '../api';
import { t } from '../words';

export type Line = Schemas['VisitLine'];

interface Column {
  key: string;
  head: () => string;
  /** In rem. */
  width: number;
  /** Whether it takes what room is left. */
  grows?: boolean;
  cell: (line: Line) => string;
}

const moment = (line: Line, id: string) => field<number>(line.visit, id);

function duration(line: Line): string {
  const [from, to] = [moment(line, VISIT.started), moment(line, VISIT.ended)];
  return from && to && to >= from ? t('visits.minutes', { n: Math.round((to - from) / 60_000_000) }) : '';
}

export const COLUMNS: readonly Column[] = [
  { key: 'household', head: () => t('visits.household'), width: 9, cell: (line) => line.household || t('nameless') },
  { key: 'village', head: () => t('visits.village'), width: 9, cell: (line) => line.village ?? '' },
  { key: 'purpose', head: () => t('visits.purpose'), width: 9, grows: true, cell: (line) => line.visit.title ?? '' },
  { key: 'when', head: () => t('visits.when'), width: 8, cell: (line) => when(moment(line, VISIT.started)) },
  { key: 'duration', head: () => t('visits.duration'), width: 6, cell: duration },
  { key: 'consent', head: () => t('visits.outcome'), width: 6, cell: (line) => outcomeWords(line.visit) },
  { key: 'status', head: () => t('visits.status'), width: 7, cell: (line) => line.visit.status ?? '' },
  { key: 'photos', head: () => t('visits.photos'), width: 4, cell: (line) => String(photosOf(line.visit).length) },
  { key: 'findings', head: () => t('findings'), width: 10, grows: true, cell: (line) => line.open.map(ruleWords).join('、') },
  { key: 'received', head: () => t('visits.received'), width: 8, cell: (line) => when(line.visit.created_at) },
  { key: 'updated', head: () => t('visits.updated'), width: 8, cell: (line) => when(line.visit.updated_at) },
];

export const USUAL = ['household', 'village', 'purpose', 'when', 'consent', 'status', 'photos', 'findings'];

/** What an address says: `columns=household,status`, in the order of the table. */
export function chosen(query: string): Column[] {
  const wanted = new Set(query ? query.split(',') : USUAL);
  const found = COLUMNS.filter((one) => wanted.has(one.key));
  return found.length ? found : COLUMNS.filter((one) => USUAL.includes(one.key));
}

/** The gap between columns, and what is left free before the first, in rem. */
const GAP = 0.75;
const EDGE = 1;

export interface Layout {
  template: string;
  /** How wide the table is at least, in rem. */
  least: number;
  /** Where each frozen column stays, in rem from the start. */
  stays: number[];
}

/** Lays columns out behind one that is `lead` rem wide; what is frozen keeps its width. */
export function layout(columns: readonly Column[], frozen: number, lead: number): Layout {
  const width = (one: Column, at: number) => (one.grows && at >= frozen ? `minmax(${one.width}rem, 1fr)` : `${one.width}rem`);
  let at = EDGE + (lead ? lead + GAP : 0);
  const stays: number[] = [];
  for (const one of columns.slice(0, frozen)) {
    stays.push(at);
    at += one.width + GAP;
  }
  const least = columns.reduce((sum, one) => sum + one.width + GAP, lead ? lead + GAP : 0) + 2;
  return { template: [...(lead ? [`${lead}rem`] : []), ...columns.map(width)].join(' '), least, stays };
}
