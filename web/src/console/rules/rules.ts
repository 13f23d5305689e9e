/** A set of rules as it is edited: the server proves it, and tries it on the households there are. */

import { definitionOf } from '../records/registers';

export type Labels = Record<string, string>;

/** What has to hold; one of these. */
export interface Check {
  expression?: string;
  citizen_id?: { field: string; born?: string };
  phone?: { field: string };
  date?: { field: string; earliest?: string; latest?: string };
  sum?: { total: string; parts: string[] };
}

export type CheckKind = keyof Check;
export const CHECKS: readonly CheckKind[] = ['expression', 'citizen_id', 'phone', 'date', 'sum'];

export interface Rule {
  id: string;
  about: 'household' | 'member';
  severity: 'error' | 'doubt';
  when?: string;
  check: Check;
  fields?: string[];
  explainable?: boolean;
  message: Labels;
}

/** The thresholds of photo checks. */
export interface PhotoRules extends Record<(typeof THRESHOLDS)[number], number> {
  editors: string[];
}

export const THRESHOLDS = [
  'similar_bits',
  'similar_bits_same_household',
  'far_metres',
  'early_minutes',
  'late_minutes',
  'clock_minutes',
  'sharpness_below',
  'dark_share',
  'bright_share',
  'trailing_bytes',
] as const;

export interface RuleSet {
  name: string;
  version: number;
  labels: Labels;
  rule: Rule[];
  photos?: PhotoRules;
}

export interface Mistake {
  /** The rule's id; none where it is about the whole set. */
  rule?: string | null;
  words: string;
}

export async function published(hash: string): Promise<RuleSet> {
  const { rule, ...rest } = await definitionOf<Omit<RuleSet, 'rule'> & { rule?: Rule[] }>(hash);
  return { ...rest, rule: rule ?? [] };
}

export const blankRule = (id: string): Rule => ({ id, about: 'household', severity: 'doubt', check: { expression: '' }, explainable: true, message: { 'zh-CN': '', en: '' } });

export const blank = (name: string): RuleSet => ({ name, version: 1, labels: { 'zh-CN': '', en: '' }, rule: [blankRule('rule-1')] });

/** What a check begins with when it becomes another. */
export function blankCheck(kind: CheckKind): Check {
  const checks: Required<Check> = { expression: '', citizen_id: { field: '' }, phone: { field: '' }, date: { field: '' }, sum: { total: '', parts: [] } };
  return { [kind]: checks[kind] };
}

/** As it is sent: what was left empty is not there. */
export function tidy(set: RuleSet): RuleSet {
  const rule = ({ when, fields, ...rest }: Rule): Rule => ({ ...rest, check: tidyCheck(rest.check), ...(when?.trim() ? { when } : {}), ...(fields?.length ? { fields } : {}) });
  return { ...set, rule: set.rule.map(rule) };
}

function tidyCheck(check: Check): Check {
  if (check.citizen_id) {
    const { field, born } = check.citizen_id;
    return { citizen_id: { field, ...(born ? { born } : {}) } };
  }
  if (check.date) {
    const { field, earliest, latest } = check.date;
    return { date: { field, ...(earliest ? { earliest } : {}), ...(latest ? { latest } : {}) } };
  }
  return check;
}
