/** A notification's template as it is edited: the server checks it, and typesets its sample. */

import { Problem } from '../../api/problem';
import { send } from '../api';
import { definitionOf } from '../records/registers';

export type Labels = Record<string, string>;

export interface Field {
  name: string;
  from?: string;
  sample?: string;
}

export interface Rows {
  name: string;
  from: string;
  fields: Field[];
}

export interface Paragraph {
  text?: Labels;
  when?: string;
  table?: { rows: string; columns: { heading: Labels; value: string }[] };
}

export interface Template {
  name: string;
  version: number;
  title: Labels;
  about?: string;
  fields: Field[];
  rows?: Rows[];
  paragraph: Paragraph[];
  photo?: { name: string; labels: Labels }[];
  signers?: ('householder' | 'relative')[];
  witness?: boolean;
}

export interface Mistake {
  /** Counted from 1; 0 is the title; none where it is in no paragraph. */
  paragraph?: number | null;
  words: string;
}

/** A field without source and sample is written as its name alone. */
type Written = Omit<Template, 'fields' | 'rows'> & { fields: (Field | string)[]; rows?: (Omit<Rows, 'fields'> & { fields: (Field | string)[] })[] };

const whole = (field: Field | string): Field => (typeof field === 'string' ? { name: field } : field);

export async function published(hash: string): Promise<Template> {
  const { rows, fields, ...rest } = await definitionOf<Written>(hash);
  return { signers: ['householder'], ...rest, fields: fields.map(whole), ...(rows ? { rows: rows.map((one) => ({ ...one, fields: one.fields.map(whole) })) } : {}) };
}

export function blank(name: string): Template {
  return {
    name,
    version: 1,
    title: { 'zh-CN': '', en: '' },
    fields: [{ name: 'head', from: 'household.head_name', sample: '王大山' }],
    signers: ['householder'],
    paragraph: [{ text: { 'zh-CN': '{head}：您好！', en: 'To {head}:' } }],
  };
}

/** As it is sent: what was left empty is not there. */
export function tidy(template: Template): Template {
  const field = ({ name, from, sample }: Field): Field => ({ name, ...(from ? { from } : {}), ...(sample ? { sample } : {}) });
  const paragraph = ({ text, when, table }: Paragraph): Paragraph => ({
    ...(text && Object.values(text).some((words) => words.trim()) ? { text } : {}),
    ...(when?.trim() ? { when } : {}),
    ...(table ? { table } : {}),
  });
  const { about, rows, photo, signers, witness, ...rest } = template;
  return {
    ...rest,
    ...(about ? { about } : {}),
    fields: template.fields.map(field),
    ...(rows?.length ? { rows: rows.map((one) => ({ ...one, fields: one.fields.map(field) })) } : {}),
    paragraph: template.paragraph.map(paragraph),
    ...(photo?.length ? { photo } : {}),
    ...(signers?.length ? { signers } : {}),
    ...(witness ? { witness } : {}),
  };
}

/** The sample as PDF, or what is wrong. */
export async function sample(template: Template, of: string): Promise<Blob | Mistake[]> {
  try {
    const printed = await send(`/api/v1/notices/templates/sample.pdf?language=${of}`, JSON.stringify(tidy(template)), 'application/json');
    return await printed.blob();
  } catch (error) {
    if (error instanceof Problem && error.problems) return error.problems as Mistake[];
    throw error;
  }
}
