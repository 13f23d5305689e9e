/** The tablet's side of the HTTP interface: a session that refreshes itself. */

import { Problem } from '../../api/problem';
import type { Schemas } from '../../api/types';
import { base64url, gzip } from '../../api/bytes';

export interface Session {
  access: string;
  refresh: string;
  key: CryptoKey;
}

/** How long an answer may take to begin, milliseconds. */
const PATIENCE = 60_000;

export class Client {
  private refreshing: Promise<void> | undefined;

  constructor(
    private session: Session,
    /** A new refresh token is kept before the new access token is used. */
    private readonly keep: (session: Session) => Promise<void>,
    private readonly language: () => string,
  ) {}

  get access(): string {
    return this.session.access;
  }

  /** A request with the session, once more with a new token where the old one has expired. */
  async send(path: string, init: RequestInit = {}): Promise<Response> {
    if (!this.session.access) await this.refresh();
    const first = await this.once(path, init);
    if (first.status !== 401) return checked(first);
    const problem = await Problem.of(first);
    if (problem.kind !== 'token-expired') throw problem;
    await this.refresh();
    return checked(await this.once(path, init));
  }

  async json<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await this.send(path, init);
    const isJson = response.headers.get('content-type')?.includes('json');
    if (!isJson) throw new Problem(response.status, 'unreadable', 'not JSON');
    return (await response.json()) as T;
  }

  /** An exchange in CBOR: the answer's bytes, and what went over the wire. */
  async exchange(request: Uint8Array<ArrayBuffer>): Promise<{ answer: Uint8Array; traffic: string }> {
    const body = await gzip(request);
    const begun = performance.now();
    const response = await this.send('/sync/v1/sync', {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/cbor',
        'content-encoding': 'gzip',
        accept: 'application/cbor',
      },
    });
    if (response.headers.get('content-type') !== 'application/cbor') {
      throw new Problem(response.status, 'unreadable', 'no answer of ours');
    }
    const answer = new Uint8Array(await whole(response));
    const length = Number(response.headers.get('content-length')) || answer.length;
    const elapsed = Math.round(performance.now() - begun);
    return { answer, traffic: JSON.stringify({ sent: body.length, received: length, elapsed }) };
  }

  /** Exchanges the refresh token for a new pair; several at once are one. */
  refresh(): Promise<void> {
    this.refreshing ??= this.rotate().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  private async rotate(): Promise<void> {
    const { refresh, key } = this.session;
    const signed = new TextEncoder().encode(`ruhu-refresh-1${refresh}`);
    const signature = base64url(new Uint8Array(await crypto.subtle.sign('Ed25519', key, signed)));
    const tokens = await post('/api/v1/session/refresh', { refresh_token: refresh, signature }, this.language());
    const next = { key, access: tokens.access_token, refresh: tokens.refresh_token };
    // Until the new access token is used, the old refresh token still works.
    await this.keep(next);
    this.session = next;
  }

  private once(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${this.session.access}`);
    headers.set('accept-language', this.language());
    return reach(path, { ...init, headers });
  }
}

/** Enrols this tablet with a one-time code. */
export async function enrol(
  code: string,
  publicKey: string,
  label: string,
  language: string,
): Promise<Schemas['Enrolment']> {
  return post('/api/v1/devices/enrol', { code, public_key: publicKey, label }, language);
}

async function post<T = Schemas['Tokens']>(path: string, body: unknown, language: string): Promise<T> {
  const response = await reach(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', 'accept-language': language },
  });
  const answered = await checked(response);
  // A portal answers with a page, and says that all is well.
  if (!answered.headers.get('content-type')?.includes('json')) throw new Problem(answered.status, 'unreadable', 'not JSON');
  return (await answered.json()) as T;
}

/** A request that ends; whatever kept it from being answered is one problem. */
async function reach(path: string, init: RequestInit): Promise<Response> {
  const patience = AbortSignal.timeout(PATIENCE);
  const signal = init.signal ? AbortSignal.any([init.signal, patience]) : patience;
  try {
    return await fetch(path, { ...init, signal, cache: 'no-store', credentials: 'omit' });
  } catch (cause) {
    throw new Problem(0, 'offline', String(cause));
  }
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  throw await Problem.of(response);
}

async function whole(response: Response): Promise<ArrayBuffer> {
  try {
    return await response.arrayBuffer();
  } catch (cause) {
    throw new Problem(0, 'offline', String(cause));
  }
}
