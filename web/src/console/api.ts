/**
 * The API, typed by its description. What is refused is thrown as a `Problem`; what only the end of its
 * person's session kept from being done is done once they are back.
 */

import createClient, { type Middleware } from 'openapi-fetch';
import { Problem } from '../api/problem';
import type { paths } from '../api/schema';
import { language } from '../i18n';
import { prove } from './account/prove';
import { comesBack, learn, token } from './session';

export type { Schemas } from '../api/types';

const unreachable = (cause: unknown) => new Problem(0, '', String(cause));

/** What has to be done about one's own account before anything else opens. */
const HELD_UP = ['second-factor-needed', 'password-change-needed'];

/** What a new token may help with. */
const NEEDS_TOKEN = ['token-expired', 'session-ended', 'unauthenticated'];

/** Whether it is what was asked for: a portal of a hotel, or a proxy, answers with a page of its own. */
const isOurs = (response: Response) => response.ok && !(response.headers.get('content-type') ?? '').startsWith('text/html');

async function told(response: Response): Promise<Problem> {
  const problem = await Problem.of(response);
  if (HELD_UP.includes(problem.kind)) await learn().catch(() => undefined);
  return problem;
}

/** An answer, once what it takes was done about it: a new token, or a person who proves who they are. */
async function tried(first: Response, again: () => Promise<Response>): Promise<Response> {
  let answer = first;
  for (const kinds of [NEEDS_TOKEN, ['confirmation-needed']]) {
    if (isOurs(answer)) return answer;
    const problem = await told(answer.clone());
    if (!kinds.includes(problem.kind)) continue;
    // A token that can't be had any more is the session's end.
    if (kinds === NEEDS_TOKEN) await token(true);
    else if (!(await prove())) throw problem;
    answer = await again();
  }
  if (isOurs(answer)) return answer;
  throw await told(answer);
}

/** Asks, and again once its person is back where their session or their account was in the way. */
async function persistently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const isKept = error instanceof Problem && (error.status === 401 || HELD_UP.includes(error.kind));
      if (!isKept || !(await comesBack())) throw error;
    }
  }
}

/** The bodies of requests, to be sent again with a new token. */
const sent = new WeakMap<Request, Request>();

const session: Middleware = {
  async onRequest({ request }) {
    request.headers.set('accept-language', language.value);
    request.headers.set('authorization', `Bearer ${await persistently(token)}`);
    sent.set(request, request.clone());
    return request;
  },
  async onResponse({ request, response }) {
    if (isOurs(response)) return response;
    const kept = sent.get(request);
    if (!kept) throw await told(response);
    const again = async () => {
      const next = kept.clone();
      next.headers.set('authorization', `Bearer ${await token()}`);
      return fetch(next).catch((error: unknown) => {
        throw unreachable(error);
      });
    };
    let first: Response | undefined = response;
    return persistently(async () => {
      const answer = first ?? (await again());
      first = undefined;
      return tried(answer, again);
    });
  },
  onError({ error }) {
    return error instanceof Problem ? error : unreachable(error);
  },
};

export const api = createClient<paths>({ baseUrl: location.origin });
api.use(session);

/** The answer's content; refusals were thrown. */
export async function got<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

/** Asks for what is no JSON, or is answered by none. */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const once = async () => {
    const headers = { ...init.headers, authorization: `Bearer ${await token()}`, 'accept-language': language.value };
    return fetch(path, { ...init, headers }).catch((error: unknown) => {
      throw init.signal?.aborted ? error : unreachable(error);
    });
  };
  return persistently(async () => tried(await once(), once));
}

/** Bytes behind an address, for pictures and downloads. */
export async function bytes(path: string, signal?: AbortSignal): Promise<Blob> {
  return (await ask(path, signal ? { signal } : {})).blob();
}

/** Sends a file, or parts of a form; `type` where the browser doesn't say what it is. */
export function send(path: string, body: BodyInit, type?: string): Promise<Response> {
  return ask(path, { method: 'POST', body, ...(type ? { headers: { 'content-type': type } } : {}) });
}

/** Every item of a list that comes in pages. */
export async function all<T extends { items: unknown[]; next?: string | null }>(page: (after?: string) => Promise<T>): Promise<T['items'][number][]> {
  const items: T['items'][number][] = [];
  let after: string | undefined;
  do {
    const got = await page(after);
    items.push(...got.items);
    after = got.next ?? undefined;
  } while (after);
  return items;
}
