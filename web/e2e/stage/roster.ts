/** A department's list, as the people of the demo would be on it. */

import type { Caller } from './server';

export interface Member {
  title: string;
  fields: Record<string, string>;
}

/** The members of a village who have an ID number on record, as a list that lacks the first `lacks` of them. */
export async function roster(admin: Caller, village: string, lacks: number): Promise<{ missing: Member[]; csv: string }> {
  const path = `/api/v1/records?collection=member&area=${village}&limit=500&reason=${encodeURIComponent('名册')}`;
  const { items } = await admin.get<{ items: Member[] }>(path);
  const all = items.filter((one) => one.fields['3']);
  const lines = all.slice(lacks).map((one) => `${one.title},${one.fields['3']}\n`);
  return { missing: all.slice(0, lacks), csv: `姓名,身份证号\n${lines.join('')}` };
}
