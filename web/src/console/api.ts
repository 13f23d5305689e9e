/** The API, typed by its description. What is refused is thrown as a `Problem`. */

import createClient, { type Middleware } from 'openapi-fetch';
import { Problem } from '../api/problem';
import type { paths } from '../api/schema';
import { language } from '../i18n';
import { token } from './session';
import { t } from './words';

export type { Schemas } from '../api/types';

const unreachable = (why: unknown) => new Problem(0, '', t('offline', { why: String(why) }));

/** The bodies of requests, to be sent again with a new token. */
const sent = new WeakMap<Request, Request>();

const session: Middleware = {
  async onRequest({ request }) {
    request.headers.set('accept-language', language.value);
    request.headers.set('authorization', `Bearer ${await token()}`);
    sent.set(request, request.clone());
    return request;
  },
  async onResponse({ request, response }) {
    if (response.ok) return response;
    const problem = await Problem.of(response);
    const again = sent.get(request);
    if (problem.kind === 'token-expired' && again) {
      again.headers.set('authorization', `Bearer ${await token(true)}`);
      const second = await fetch(again);
      if (second.ok) return second;
      throw await Problem.of(second);
    }
    throw problem;
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
  const once = async (isFresh: boolean) => {
    const headers = { ...init.headers, authorization: `Bearer ${await token(isFresh)}`, 'accept-language': language.value };
    return fetch(path, { ...init, headers }).catch((error: unknown) => {
      throw init.signal?.aborted ? error : unreachable(error);
    });
  };
  let response = await once(false);
  if (response.status === 401) response = await once(true);
  if (!response.ok) throw await Problem.of(response);
  return response;
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
