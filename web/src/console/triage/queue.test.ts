import { beforeEach, expect, test, vi } from 'vitest';
import { hasEnded, me, signIn, type Me } from '../session';
import { Bulk } from '../visits/bulk';
import type { Line } from '../visits/columns';
import type { VisitFile } from '../visits/words';
import { Queue, type Place } from './queue';

type Answer = (body: Record<string, unknown>) => Response | Promise<Response>;
/** What the server answers, by the end of the address. */
const answers = vi.hoisted(() => new Map<string, Answer>());
/** What it was told, by the end of the address. */
const told = vi.hoisted(() => new Map<string, Record<string, unknown>[]>());

// What a page has and a test's runner has not.
vi.hoisted(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  vi.stubGlobal('document', { documentElement: {}, createElement: () => ({}) });
  vi.stubGlobal('navigator', { language: 'zh-CN', locks: { request: (_name: string, act: () => unknown) => act() } });
  vi.stubGlobal('location', { origin: 'http://here' });
  vi.stubGlobal('fetch', async (asked: Request | string, init?: RequestInit) => {
    const request = new Request(new URL(typeof asked === 'string' ? asked : asked.url, 'http://here'), typeof asked === 'string' ? init : asked);
    const path = new URL(request.url).pathname;
    const [end, answer] = [...answers].find(([one]) => path.endsWith(one)) ?? [];
    if (!end) return Response.json({ items: [] });
    const body = JSON.parse((await request.text()) || '{}') as Record<string, unknown>;
    told.set(end, [...(told.get(end) ?? []), body]);
    return answer!(body);
  });
});

const refuse = (status: number, kind: string) => () =>
  new Response(JSON.stringify({ type: `urn:ruhu:problem:${kind}`, title: kind }), { status, headers: { 'content-type': 'application/problem+json' } });
const person = (facts: Partial<Me> = {}) => ({ id: 'u1', login: 'u1', grants: [], second_factor_needed: false, password_change_needed: false, ...facts }) as Me;
const visit = (id: string, version = 1) => ({ visit: { id, version: [version, 1], fields: {} }, photos: [], findings: [] }) as unknown as VisitFile;
const place = (id: string) => ({ visit: id, reasons: [] }) as unknown as Place;
const decisions = () => (told.get('/decisions') ?? []).map((body) => body['reason']);

beforeEach(async () => {
  answers.clear();
  told.clear();
  answers.set('/api/v1/session', () => Response.json({ access_token: 'a', refresh_token: 'r', expires_in: 900 }));
  answers.set('/api/v1/session/refresh', refuse(401, 'session-ended'));
  answers.set('/api/v1/me', () => Response.json(person()));
  answers.set('/review/claims', () => Response.json({ places: ['v1', 'v2', 'v3'].map(place), waiting: 3 }));
  for (const id of ['v1', 'v2', 'v3']) answers.set(`/visits/${id}`, () => Response.json(visit(id)));
  answers.set('/decisions', () => Response.json({ version: [2, 1] }));
  await signIn('u1', 'secret');
});

/** An access token of a person, as far as a page can read it. */
const tokenOf = (who: string) => `x.${btoa(JSON.stringify({ sub: who })).replaceAll('=', '')}.y`;

/** A queue that shows its first visit. */
async function opened(): Promise<Queue> {
  const queue = new Queue(() => '');
  await vi.waitFor(() => expect(queue.file.value?.visit.id).toBe('v1'));
  return queue;
}

test.each([
  ['its session ended', refuse(401, 'session-ended'), () => signIn('u1', 'secret')],
  ['its account came first', refuse(403, 'password-change-needed'), async () => void (me.value = person())],
])('what was decided as %s is kept with its reason, and sent once its person is back', async (_why, refused, comeBack) => {
  const queue = await opened();
  const onRefused = vi.fn();
  queue.onRefused = onRefused;
  answers.set('/decisions', refused);
  if (_why.includes('account')) answers.set('/api/v1/me', () => Response.json(person({ password_change_needed: true })));
  queue.decide('returned', '照片看不清');
  await vi.waitFor(() => expect(decisions()).toEqual(['照片看不清']));
  await vi.waitFor(() => expect(queue.unsent.value).toBe(1));
  answers.set('/decisions', () => Response.json({ version: [2, 1] }));
  answers.set('/api/v1/me', () => Response.json(person()));
  expect(onRefused).not.toHaveBeenCalled();
  await comeBack();
  await vi.waitFor(() => expect(queue.unsent.value).toBe(0));
  expect(decisions()).toEqual(['照片看不清', '照片看不清']);
  expect(queue.decided[0]?.version).toEqual([2, 1]);
  expect(onRefused).not.toHaveBeenCalled();
  queue.close();
});

test('what one person decided is never sent as another’s', async () => {
  const queue = await opened();
  const onRefused = vi.fn();
  queue.onRefused = onRefused;
  answers.set('/decisions', refuse(401, 'session-ended'));
  queue.decide('returned', '照片看不清');
  await vi.waitFor(() => expect(decisions()).toHaveLength(1));
  await vi.waitFor(() => expect(queue.unsent.value).toBe(1));
  vi.stubGlobal('location', { origin: 'http://here', assign: vi.fn() });
  answers.set('/decisions', () => Response.json({ version: [2, 1] }));
  answers.set('/api/v1/me', () => Response.json(person({ id: 'u2' })));
  await signIn('u2', 'secret');
  await vi.waitFor(() => expect(onRefused).toHaveBeenCalledOnce());
  expect(decisions()).toHaveLength(1);
  queue.close();
});

test('taking back twice at once takes two decisions back, each once', async () => {
  const queue = await opened();
  let version = 1;
  const decided: unknown[] = [];
  answers.set('/decisions', (body) => {
    decided.push([body['verdict'], body['version']]);
    return Response.json({ version: [++version, 1] });
  });
  queue.decide('flagged', '一');
  await vi.waitFor(() => expect(queue.file.value?.visit.id).toBe('v2'));
  queue.decide('flagged', '二');
  await vi.waitFor(() => expect(queue.unsent.value).toBe(0));
  expect(await Promise.all([queue.undo(), queue.undo()])).toEqual([true, true]);
  expect(decided).toEqual([['flagged', [1, 1]], ['flagged', [1, 1]], ['undone', [3, 1]], ['undone', [2, 1]]]);
  expect(queue.decided).toEqual([]);
  expect(queue.current.value?.visit).toBe('v1');
  expect(await queue.undo()).toBe(false);
  queue.close();
});

test('many that are decided at once wait together for who signs in again', async () => {
  const bulk = new Bulk();
  const lines = ['v1', 'v2', 'v3', 'v4', 'v5'].map((id) => ({ visit: { id, version: [1, 1], status: 'submitted', fields: {} }, open: [] }) as unknown as Line);
  lines.forEach((line) => bulk.toggle(line));
  answers.set('/decisions', refuse(401, 'session-ended'));
  const done = bulk.decide('returned', '照片看不清');
  await vi.waitFor(() => expect(decisions()).toHaveLength(4));
  answers.set('/decisions', () => Response.json({ version: [2, 1] }));
  answers.set('/api/v1/session/refresh', answers.get('/api/v1/session')!);
  await signIn('u1', 'secret');
  expect(await done).toHaveLength(5);
  expect(bulk.refused.value).toEqual([]);
});

test('what was decided on a page is not sent as somebody who signed in in another window', async () => {
  const queue = await opened();
  answers.set('/decisions', refuse(401, 'token-expired'));
  answers.set('/api/v1/session/refresh', () => Response.json({ access_token: tokenOf('u2'), refresh_token: 'r2', expires_in: 900 }));
  queue.decide('returned', '照片看不清');
  await vi.waitFor(() => expect(hasEnded.value).toBe(true));
  expect(decisions()).toEqual(['照片看不清']);
  expect(localStorage.getItem('ruhu.console.refresh'), 'the other window goes on').toBe('r2');
  answers.set('/decisions', () => Response.json({ version: [2, 1] }));
  answers.set('/api/v1/session', () => Response.json({ access_token: tokenOf('u1'), refresh_token: 'r', expires_in: 900 }));
  await signIn('u1', 'secret');
  await vi.waitFor(() => expect(queue.unsent.value).toBe(0));
  expect(decisions()).toEqual(['照片看不清', '照片看不清']);
});
