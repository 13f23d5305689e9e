/** Visits and what was found about them, in words. */

import { inWords, moment } from '../../i18n';
import type { Schemas } from '../api';
import { t } from '../words';
import { ruleMessage } from '../records/registers';

export type RecordView = Schemas['RecordView'];
export type VisitFile = Schemas['VisitFile'];
export type Version = RecordView['version'];

/** Fields of the built-in registers `visit` and `finding`. */
export const VISIT = { household: '1', form: '2', answers: '3', started: '4', ended: '5', place: '6', consent: '7', photos: '8', status: '9', purpose: '10', notes: '11' } as const;
const FINDING = { rule: '2', explanation: '3', place: '6', message: '7', explainable: '11' } as const;

export const STATUSES = ['submitted', 'resubmitted', 'in_review', 'returned', 'approved', 'rejected'] as const;
export const MARKS = ['flagged', 'invalid', 'unanswered', 'commented'] as const;

export function field<T>(record: RecordView, id: string): T | undefined {
  return (record.fields as Record<string, unknown>)[id] as T | undefined;
}

export function photosOf(visit: RecordView): string[] {
  return field<string[]>(visit, VISIT.photos) ?? [];
}

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
    isExplainable: field<boolean>(record, FINDING.explainable) === true,
    explanation: field<string>(record, FINDING.explanation) ?? '',
  };
}

const RULES = ['photo/reused', 'photo/similar', 'photo/edited', 'photo/far', 'photo/early', 'photo/late', 'photo/clock', 'photo/screenshot', 'photo/no-facts', 'photo/animated', 'photo/cut-off', 'photo/trailing', 'photo/dark', 'photo/bright', 'photo/blurred', 'photo/unreadable', 'form/required', 'form/constraint', 'form/type', 'form/unknown-version', 'notice/content', 'notice/no-stroke', 'notice/too-many-points', 'notice/fields', 'notice/device', 'notice/signature', 'notice/revoked', 'notice/template', 'notice/signer', 'notice/witness', 'notice/photos', 'notice/records', 'notice/supersedes', 'review/comment', 'review/flag', 'resubmitted'] as const;

/** A rule in a word or two; its own name where there is none. */
export function ruleWords(rule: string): string {
  if (rule.startsWith('roster/')) return t('rule.roster', { name: rule.slice('roster/'.length) });
  return (RULES as readonly string[]).includes(rule) ? t(`rule.${rule as (typeof RULES)[number]}`) : (ruleMessage(rule) ?? rule);
}
