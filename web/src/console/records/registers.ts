/** Registers as people read them: the names of fields, and values in words. */

import { shallowRef } from 'vue';
import { inWords, moment } from '../../i18n';
import { api, got } from '../api';
import { t } from '../words';

interface FieldDefinition {
  id: number;
  name: string;
  type: string;
  labels: Record<string, string>;
  sensitivity?: string;
  role?: string;
  choices?: { name: string; labels: Record<string, string> }[];
}

interface Register {
  name: string;
  labels: Record<string, string>;
  field: FieldDefinition[];
}

const registers = shallowRef(new Map<string, Register>());
let loading: Promise<void> | undefined;

/** Fetches the newest definition of every register, once. */
export function loadRegisters(): Promise<void> {
  loading ??= fetchAll();
  loading.catch(() => (loading = undefined));
  return loading;
}

/** The newest version of every definition of a kind. */
export async function newest<T>(kind: string): Promise<T[]> {
  const listed = await got(api.GET('/api/v1/bundles'));
  const found = new Map<string, (typeof listed)[number]>();
  for (const bundle of listed.filter((one) => one.kind === kind)) {
    if ((found.get(bundle.name)?.version ?? -1) < bundle.version) found.set(bundle.name, bundle);
  }
  return Promise.all([...found.values()].map(({ hash }) => definitionOf<T>(hash)));
}

/** A definition by its hash. */
export async function definitionOf<T>(hash: string): Promise<T> {
  const { data } = await api.GET('/sync/v1/bundles/{hash}', { params: { path: { hash } }, parseAs: 'json' });
  return data as unknown as T;
}

async function fetchAll(): Promise<void> {
  const all = await newest<Register>('register');
  registers.value = new Map(all.map((one) => [one.name, one]));
}

interface RuleSet {
  name: string;
  labels: Record<string, string>;
  rule: { id: string; message: Record<string, string> }[];
}

/** What rules of packs say, by the names that findings bear. */
const messages = shallowRef(new Map<string, Record<string, string>>());

/** What sets of rules are called. */
const sets = shallowRef(new Map<string, Record<string, string>>());

export async function loadRules(): Promise<void> {
  const found = await newest<RuleSet>('rules');
  sets.value = new Map(found.map((set) => [set.name, set.labels]));
  messages.value = new Map(found.flatMap((set) => (set.rule ?? []).map((rule) => [`${set.name}/${rule.id}`, rule.message] as const)));
}

/** The rules that there are words for. */
export const knownRules = (): string[] => [...messages.value.keys()];

export function ruleMessage(rule: string): string | undefined {
  const found = messages.value.get(rule);
  return found && inWords(found);
}

export function ruleSetName(name: string): string | undefined {
  const found = sets.value.get(name);
  return found && inWords(found);
}

/** The newest definition of a field. */
export const fieldOf = definition;

function definition(register: string, id: number): FieldDefinition | undefined {
  const found = registers.value.get(register);
  return found?.field.find((field) => field.id === id);
}

/** Fields that a sample may be grouped by: choices and short texts that are not sensitive. */
export function groupable(register: string): { id: number; label: string }[] {
  const fields = registers.value.get(register)?.field ?? [];
  const fits = (field: FieldDefinition) => ['select_one', 'select_multiple', 'status', 'text'].includes(field.type) && field.sensitivity !== 'sensitive';
  return fields.filter(fits).map((field) => ({ id: field.id, label: inWords(field.labels) }));
}

export function registerNames(): string[] {
  return [...registers.value.keys()].sort();
}

/** Fields that are encrypted, and found by their whole value. */
export function searchable(register: string): { name: string; label: string }[] {
  const fields = registers.value.get(register)?.field ?? [];
  return fields.filter((field) => field.sensitivity === 'sensitive' && ['citizen_id', 'phone', 'text'].includes(field.type)).map(named);
}

const named = (field: FieldDefinition) => ({ name: field.name, label: inWords(field.labels) || field.name });

/** The fields of a register by the names that forms and templates use. */
export function fieldsOf(register: string): { name: string; label: string }[] {
  return (registers.value.get(register)?.field ?? []).map(named);
}

export function registerName(register: string): string {
  return inWords(registers.value.get(register)?.labels) || register;
}

export function fieldName(register: string, id: number): string {
  return inWords(definition(register, id)?.labels) || `#${id}`;
}

/** A state of a record in the words of its register. */
export function stateWords(register: string, state: string): string {
  const field = registers.value.get(register)?.field.find((one) => one.role === 'status' || one.type === 'status');
  return field ? valueWords(register, field.id, state) : state;
}

export function valueWords(register: string, id: number, value: unknown): string {
  const field = definition(register, id);
  if (value === null || value === undefined || value === '') return '—';
  if (Array.isArray(value)) return value.map((one) => valueWords(register, id, one)).join('、');
  const choice = field?.choices?.find((one) => one.name === value);
  if (choice) return inWords(choice.labels);
  if (typeof value === 'boolean') return value ? t('value.yes') : t('value.no');
  if (field?.type === 'moment' && typeof value === 'number') return moment(value / 1000);
  if (field?.type === 'money' && typeof value === 'number') return `${(value / 100).toFixed(2)} 元`;
  if (typeof value === 'object') return objectWords(value as Record<string, unknown>);
  if (field?.type === 'reference' || field?.type === 'blobs') return t('value.other');
  const text = String(value);
  return ID.test(text) ? t('value.other') : text;
}

/** Ids and hashes tell people nothing. */
const ID = /^([0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

function objectWords(value: Record<string, unknown>): string {
  if (typeof value['text'] === 'string') return value['text'];
  if (typeof value['lat'] === 'number') return t('held.place');
  const isLabelled = 'zh-CN' in value || 'en' in value;
  return isLabelled ? inWords(value as Record<string, string>) : t('value.filled');
}
