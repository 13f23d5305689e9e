/** Who is signed in: tokens, the person, and what their grants let them do. */

import { computed, ref, shallowRef, watch } from 'vue';
import { Problem } from '../api/problem';
import type { components } from '../api/schema';
import { language } from '../i18n';
import { t } from './words';

export type Me = components['schemas']['Me'];
export type Role = components['schemas']['Role'];
type Tokens = components['schemas']['Tokens'];

/** Shared by this browser's windows, so that a link opens signed in. */
const KEPT = 'ruhu.console.refresh';
const LOCK = 'ruhu-console-refresh';

let access = '';
let expiresAt = 0;

export const me = shallowRef<Me>();
/** Whether it is known who is signed in, or that nobody is. */
export const isReady = ref(false);
/** Whether the session ended while its person was at work: what they typed stays until they are back. */
export const hasEnded = ref(false);
/** Whether something of one's own account comes before everything else. */
export const isHeldUp = computed(() => !!me.value && (me.value.second_factor_needed || me.value.password_change_needed));

export const roles = computed(() => new Set(me.value?.grants.map((grant) => grant.role)));
export const isAdmin = computed(() => roles.value.has('admin'));
export const isReviewer = computed(() => isAdmin.value || roles.value.has('supervisor'));
/** Who may read what others did and looked at. */
export const isAuditor = computed(() => isAdmin.value || roles.value.has('auditor'));
/** Whether anything of the console is theirs: a cadre works on a tablet. */
export const mayEnter = computed(() => isReviewer.value || roles.value.has('auditor'));

async function ask(path: string, body: object): Promise<Tokens> {
  const headers = { 'content-type': 'application/json', 'accept-language': language.value };
  let response: Response;
  try {
    response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  } catch (error) {
    throw new Problem(0, '', String(error));
  }
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  if (!response.ok || !isJson) throw await Problem.of(response);
  return (await response.json()) as Tokens;
}

/** Whose token it is (RFC 7519, 4.1.2); nobody's that can be read where it is none. */
function personOf(token: string): string | undefined {
  try {
    const claims = atob(token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/'));
    return (JSON.parse(claims) as { sub?: string }).sub;
  } catch {
    return undefined;
  }
}

/** Whether tokens are another person's than who works on this page: signed in over it, or in another window. */
function isAnothers(tokens: Tokens): boolean {
  const person = personOf(tokens.access_token);
  return !!me.value && !!person && person !== me.value.id;
}

function take(tokens: Tokens): void {
  access = tokens.access_token;
  // A little earlier than the server, whose clock may be another.
  expiresAt = Date.now() + (tokens.expires_in - 30) * 1000;
  localStorage.setItem(KEPT, tokens.refresh_token);
}

/** Asks who it is, and what is open to them. */
export async function learn(): Promise<void> {
  const headers = { authorization: `Bearer ${await token()}`, 'accept-language': language.value };
  const response = await fetch('/api/v1/me', { headers });
  if (!response.ok) throw await Problem.of(response);
  me.value = (await response.json()) as Me;
}

/** A token for a request; one that has expired is exchanged first. */
export async function token(isFresh = false): Promise<string> {
  if (!isFresh && access && Date.now() < expiresAt) return access;
  // A refresh token is good once: windows take turns.
  await navigator.locks.request(LOCK, async () => {
    if (!isFresh && access && Date.now() < expiresAt) return;
    const refresh = localStorage.getItem(KEPT);
    if (!refresh) {
      end();
      throw new Problem(401, 'session-ended', 'no token is kept', null, undefined, t('session.ended'));
    }
    let tokens: Tokens;
    try {
      tokens = await ask('/api/v1/session/refresh', { refresh_token: refresh });
    } catch (error) {
      if (error instanceof Problem && error.status === 401) end();
      throw error;
    }
    if (isAnothers(tokens)) {
      // The other window's person goes on there; what was done on this page is not theirs to send.
      localStorage.setItem(KEPT, tokens.refresh_token);
      access = '';
      hasEnded.value = true;
      throw new Problem(401, 'session-ended', 'somebody else has signed in', null, undefined, t('session.ended'));
    }
    take(tokens);
  });
  return access;
}

/** What a request carries that can't wait for a new token. */
export function currentAuthorization(): string {
  return `Bearer ${access}`;
}

/** Signs in; a problem `code-needed` asks for the code of the authenticator app. */
export async function signIn(login: string, password: string, code?: string): Promise<void> {
  const before = me.value?.id;
  const tokens = await ask('/api/v1/session', { login, password, ...(code ? { code } : {}) });
  // Another person does not go on where the one before stopped, nor sends what that one did.
  if (isAnothers(tokens)) {
    localStorage.setItem(KEPT, tokens.refresh_token);
    return location.assign('/console/');
  }
  take(tokens);
  await learn();
  if (before && before !== me.value?.id) return location.assign('/console/');
  hasEnded.value = false;
}

/** Goes on as whoever was signed in. */
export async function resume(): Promise<void> {
  try {
    if (localStorage.getItem(KEPT)) await learn();
  } catch (error) {
    if (!(error instanceof Problem && error.status === 401)) throw error;
  } finally {
    isReady.value = true;
  }
}

/** Whether their session or their account keeps somebody from their work. */
export const isKept = computed(() => hasEnded.value || isHeldUp.value);

/**
 * Waits for whoever is kept from their work, and tells whether they are back. Where nothing keeps them,
 * or somebody else came, there is nobody to wait for.
 */
export async function comesBack(): Promise<boolean> {
  const who = me.value?.id;
  if (!who || !isKept.value) return false;
  return new Promise((resolve) => {
    const stop = watch([me, isKept], () => {
      const isSame = me.value?.id === who;
      if (isSame && isKept.value) return;
      stop();
      resolve(isSame);
    });
  });
}

/** The session is over. Whoever is at work signs in again over their page; nothing they typed goes. */
function end(): void {
  access = '';
  localStorage.removeItem(KEPT);
  if (me.value) hasEnded.value = true;
}

export function forget(): void {
  access = '';
  hasEnded.value = false;
  me.value = undefined;
  localStorage.removeItem(KEPT);
}

export async function signOut(): Promise<void> {
  const headers = { authorization: `Bearer ${await token().catch(() => '')}` };
  await fetch('/api/v1/session', { method: 'DELETE', headers }).catch(() => undefined);
  // What was typed and not sent may be about a household: the next person here doesn't get it.
  sessionStorage.clear();
  forget();
}
