/** What a line of the audit trail says, in words; ids, hashes and the line as it is kept are for support. */

import { shallowRef } from 'vue';
import { inWords } from '../../i18n';
import { api, got, type Schemas } from '../api';
import { registerName, stateWords } from '../records/registers';
import { statusWords, when } from '../visits/words';
import { t, type Key } from '../words';
import { zh } from '../words/zh';

type Detail = Record<string, unknown>;

/** What definitions of packs are called, by their names. */
const labels = shallowRef(new Map<string, Record<string, string>>());

/** Fetches what definitions are called. */
export async function loadLabels(): Promise<void> {
  const [found, ledgers] = await Promise.all([got(api.GET('/api/v1/bundles')), got(api.GET('/api/v1/ledgers'))]);
  const sorted = found.toSorted((one, other) => one.version - other.version);
  const titled = ledgers.map(({ name, title }) => [name, { 'zh-CN': title, 'en': title }] as const);
  labels.value = new Map([...sorted.map((one) => [one.name, one.labels as Record<string, string>] as const), ...titled]);
}

/** Words that are there for `kind` under a heading; nothing where there are none. */
function known(heading: string, kind: unknown): string {
  const key = `${heading}.${String(kind)}`;
  return key in zh ? t(key as Key) : '';
}

const ANSWERS = ['explained', 'open'] as const;
const ID = /[0-9a-f]{8}-[0-9a-f]{4}|^[0-9a-f]{64}$/;
const isPlain = (value: unknown): value is string => typeof value === 'string' && value !== '' && !ID.test(value);

/** What it is about. */
export function subjectWords(line: { subject: string; subject_name?: string | null }): string {
  if (line.subject_name) return line.subject_name;
  const name = line.subject.split('/').pop() ?? '';
  const [register] = name.split('.');
  if (register && registerName(register) !== register) return registerName(register);
  const label = labels.value.get(name);
  if (label) return inWords(label);
  return isPlain(name) && !/^[a-z][a-z0-9_.-]*$/.test(name) && !/^\d+$/.test(name) ? name : '';
}

function grantWords(grant: Detail, nameOf: (code: string) => string): string {
  const days = [grant['from'], grant['until']].filter(isPlain).join(' – ');
  return [known('role', grant['role']), nameOf(String(grant['area'] ?? '')), days].filter(Boolean).join(' ');
}

function policyWords(policy: Detail): string {
  const parts: [Key, unknown][] = [['policy.random', policy['random_percent']], ['policy.resubmitted', policy['resubmitted']], ['policy.second', policy['second_from']]];
  return parts.filter(([, value]) => typeof value === 'number').map(([key, value]) => `${t(key)}：${String(value)}`).join('；');
}

/** What was done, as far as people can read it. */
export function detailWords({ action, detail }: Pick<Schemas['AuditLine'], 'action' | 'detail'>, nameOf: (code: string) => string): string {
  const told = detail as Detail;
  const count = (key: Key, name: string) => (typeof told[name] === 'number' ? t(key, { n: told[name] }) : '');
  const list = (key: Key, name: string) => (Array.isArray(told[name]) && told[name].length ? t(key, { n: told[name].length }) : '');
  const { grant, policy, status } = told;
  const isSignIn = action.endsWith('sign_in');
  const parts = [
    known('verdict', told['verdict']),
    typeof status === 'string' ? (action === 'decide_visit' ? t('verdict.done', { status: statusWords(status) }) : stateWords('task', status)) : '',
    isSignIn && isPlain(told['from']) ? t('audit.from', { at: told['from'] }) : '',
    action === 'look' ? known('access', told['kind']) : '',
    isPlain(told['login']) ? told['login'] : '',
    isPlain(told['label']) ? told['label'] : '',
    isPlain(told['name']) && action !== 'upload_form' ? told['name'] : '',
    typeof grant === 'object' && grant ? grantWords(grant as Detail, nameOf) : grantWords(action === 'grant' ? told : {}, nameOf),
    typeof told['area'] === 'string' && action !== 'grant' ? nameOf(told['area']) : '',
    typeof policy === 'object' && policy ? policyWords(policy as Detail) : '',
    typeof told['version'] === 'number' ? t('audit.version', { n: told['version'] }) : '',
    action === 'release_form' && told['version'] === null ? t('audit.withdrawn') : '',
    'days' in told ? (typeof told['days'] === 'number' ? t('retention.for', { n: told['days'] }) : t('retention.forever')) : '',
    action === 'remove_records' ? '' : count('audit.records', 'records'),
    count('audit.records', 'operations'),
    count('audit.tasks', 'set'),
    count('audit.notices', 'notices'),
    list('audit.deleted', 'deleted'),
    list('audit.moved', 'moved'),
    list('audit.added', 'added'),
    list('audit.renamed', 'renamed'),
    list('audit.reopened', 'reopened'),
    isPlain(told['as_of']) ? told['as_of'] : '',
    isPlain(told['due']) ? t('audit.due', { day: told['due'] }) : '',
    action !== 'grant' && !isSignIn && (told['from'] || told['until']) ? [told['from'], told['until']].filter(Boolean).map(dayOf).join(' – ') : '',
    known('held', told['settlement']),
    known('conflict', { keep: 'kept', swap: 'swapped', edit: 'edited' }[String(told['choice'])] ?? told['choice']),
    known('outcome', told['outcome']),
    ANSWERS.includes(told['answer'] as never) ? t(`answered.${told['answer'] as (typeof ANSWERS)[number]}`) : '',
    told['ids'] === true || told['sensitive'] === true ? t('audit.sensitive') : '',
    isPlain(told['reason']) ? t('audit.reason', { why: told['reason'] }) : '',
  ];
  return parts.filter(Boolean).join(' · ');
}

/** A day as it is; a moment as people read it. */
function dayOf(value: unknown): string {
  const text = String(value);
  return /^\d{4}-\d\d-\d\dT/.test(text) ? when(text) : text;
}
