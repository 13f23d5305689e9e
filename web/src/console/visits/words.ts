/** Visits and what was found about them, in words. */

import { inWords, moment } from '../../i18n';
import type { Schemas } from '../api';
import { t } from '../words';
import { ruleMessage, ruleSetName } from '../records/registers';

export type RecordView = Schemas['RecordView'];
export type VisitFile = Schemas['VisitFile'];
export type Version = RecordView['version'];

/** Fields of the built-in registers `visit` and `finding`. */
export const VISIT = { household: '1', form: '2', answers: '3', started: '4', ended: '5', place: '6', consent: '7', photos: '8', status: '9', purpose: '10', notes: '11' } as const;
const FINDING = { rule: '2', explanation: '3', place: '6', message: '7', severity: '9', explainable: '11' } as const;

export const STATUSES = ['submitted', 'resubmitted', 'in_review', 'returned', 'approved', 'rejected'] as const;
export const MARKS = ['flagged', 'invalid', 'unanswered', 'commented'] as const;

export function field<T>(record: RecordView, id: string): T | undefined {
  return (record.fields as Record<string, unknown>)[id] as T | undefined;
}

export function photosOf(visit: RecordView): string[] {
  return field<string[]>(visit, VISIT.photos) ?? [];
}

const OUTCOMES = ['given', 'declined', 'absent'] as const;

/** What came of going there: what the household said, where the form asks it. */
export function outcomeWords(visit: RecordView): string {
  const told = field<string>(visit, VISIT.consent);
  const known = OUTCOMES.find((one) => one === told);
  return known ? t(`consent.${known}`) : (told ?? '');
}

/** Whether nobody was visited: nobody was at home, or they said no. */
export const isUnvisited = (visit: RecordView) => ['declined', 'absent'].includes(field<string>(visit, VISIT.consent) ?? '');

export function statusWords(status: string | null | undefined): string {
  return (STATUSES as readonly string[]).includes(status ?? '') ? t(`status.${status as (typeof STATUSES)[number]}`) : (status ?? '');
}

export function statusColour(status: string | null | undefined): string {
  return { submitted: 'blue', resubmitted: 'blue', in_review: 'amber', returned: 'red', approved: 'green', rejected: 'red' }[status ?? ''] ?? '';
}

/** A moment of the server (RFC 3339), or microseconds of a record. */
export function when(at: string | number | null | undefined): string {
  if (at === null || at === undefined) return '';
  return moment(typeof at === 'number' ? at / 1000 : Date.parse(at));
}

export interface Found {
  id: string;
  record: RecordView;
  rule: string;
  message: string;
  place: string;
  isOpen: boolean;
  /** Whether it is wrong, and not only doubtful. */
  isError: boolean;
  isExplainable: boolean;
  explanation: string;
}

export function foundOf(record: RecordView): Found {
  return {
    id: record.id,
    record,
    rule: field<string>(record, FINDING.rule) ?? '',
    message: inWords(field<Record<string, string>>(record, FINDING.message)),
    place: field<string>(record, FINDING.place) ?? '',
    isOpen: record.status === 'open',
    isError: field<string>(record, FINDING.severity) === 'error',
    isExplainable: field<boolean>(record, FINDING.explainable) === true,
    explanation: field<string>(record, FINDING.explanation) ?? '',
  };
}

const RULES = ['photo/reused', 'photo/similar', 'photo/edited', 'photo/far', 'photo/early', 'photo/late', 'photo/clock', 'photo/screenshot', 'photo/no-facts', 'photo/animated', 'photo/cut-off', 'photo/trailing', 'photo/dark', 'photo/bright', 'photo/blurred', 'photo/unreadable', 'form/required', 'form/constraint', 'form/type', 'form/unknown-version', 'record/required', 'notice/content', 'notice/no-stroke', 'notice/too-many-points', 'notice/fields', 'notice/device', 'notice/signature', 'notice/revoked', 'notice/template', 'notice/signer', 'notice/witness', 'notice/photos', 'notice/records', 'notice/supersedes', 'notice/again', 'review/comment', 'review/flag', 'resubmitted'] as const;

/** The rules that there are words for here; those of packs have their own. */
export const RULES_HERE: readonly string[] = RULES;

/** A rule in a word or two; of one that no pack has words for any more, what set it was of. */
export function ruleWords(rule: string): string {
  if (rule.startsWith('roster/')) return t('rule.roster', { name: rule.slice('roster/'.length) });
  if (RULES_HERE.includes(rule)) return t(`rule.${rule as (typeof RULES)[number]}`);
  const set = ruleSetName(rule.split('/')[0] ?? '');
  return ruleMessage(rule) ?? (set ? t('rule.retiredOf', { set }) : t('rule.retired'));
}

const GROUPS = ['photo/', 'form/', 'notice/', 'review/', 'roster/', 'record/', ''] as const;

/** Rules that a policy weighs together, by how their names begin. */
export function groupWords(begins: string): string {
  const known = GROUPS.find((one) => one === begins);
  if (known === '') return t('policy.anyOther');
  if (known) return t(`group.${known}`);
  return t('group.set', { set: ruleSetName(begins.replace(/\/$/, '')) ?? t('rule.retired') });
}
