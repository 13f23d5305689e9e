/** A village of many households, pushed as a tablet pushes. */

import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { recordId } from '../../src/api/bytes';
import type { Server } from '../stage/server';

const SCOPE = 'area:529901100201';
const SURNAMES = [...'王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗'];
const GIVEN = [...'伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英'];
/** Households of one request, each with its members. */
const BATCH = 150;
const MEMBERS = 5;

/** Adds households of five to a village of the demo. */
export async function grow(server: Server, households: number): Promise<void> {
  const { publicKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  const call = async <T>(path: string, body: unknown, token = ''): Promise<T> => {
    const response = await fetch(server.address + path, {
      ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const enrolled = await call<{ device: string; user: string; tokens: { access_token: string } }>('/api/v1/devices/enrol', {
    code: server.code('cadre'),
    public_key: x,
    label: 'bench',
  });
  const token = enrolled.tokens.access_token;
  const bundles = await call<{ kind: string; name: string; hash: string }[]>('/api/v1/bundles', undefined, token);
  const definition = (name: string) => bundles.filter((one) => one.kind === 'register' && one.name === name).pop()!.hash;
  const [household, member] = [definition('household'), definition('member')];
  const incarnation = randomUUID();
  const pick = <T>(all: T[]) => all[randomBytes(1)[0]! % all.length]!;
  let seq = 1;
  for (let done = 0; done < households; done += BATCH) {
    const ops: object[] = [];
    for (let at = done; at < Math.min(done + BATCH, households); at += 1) {
      const group = { id: randomUUID(), size: 1 + MEMBERS };
      const op = (collection: string, record: string, hash: string, fields: object) =>
        ops.push({ collection, record, scope: SCOPE, change: { kind: 'create', fields }, at: [Date.now(), ops.length, 7], definition: hash, author: enrolled.user, group });
      const id = recordId();
      const surname = pick(SURNAMES);
      op('household', id, household, { 1: surname + pick(GIVEN) + pick(GIVEN), 2: `5299011980010${10000 + at}`.slice(0, 17) + 'X', 4: `${1 + (at % 40)} 组 ${at} 号`, 5: '19900000000', 7: 'general', 8: 3_000_000, 13: MEMBERS });
      for (let one = 0; one < MEMBERS; one += 1) op('member', recordId(), member, { 1: id, 2: surname + pick(GIVEN), 3: `5299012000010${20000 + at}`.slice(0, 18), 5: 'child', 6: '2000-01-01' });
    }
    const request = { protocol: 1, request: randomUUID(), device: enrolled.device, incarnation, first_seq: seq, ops, cursors: {}, budget: 4096, clock: { wall: Date.now(), monotonic: 1, boot: 'b' } };
    await call('/sync/v1/sync', request, token);
    seq += ops.length;
  }
}

/** A form of so many questions, as an author writes it. */
export function longForm(questions: number): string {
  const rows = Array.from({ length: questions }, (_, at) => {
    const relevant = at % 10 === 9 ? `\${q${at - 1}} != ''` : '';
    const kind = ['text', 'integer', 'select_one yes_no'][at % 3];
    return `| | ${kind} | q${at} | 问题 ${at} | ${relevant} |`;
  });
  return ['| survey |', '| | type | name | label | relevant |', ...rows, '| choices |', '| | list_name | name | label |', '| | yes_no | yes | 是 |', '| | yes_no | no | 否 |', '| settings |', '| | form_title | form_id | version |', '| | 长表 | long | 1 |'].join('\n');
}
