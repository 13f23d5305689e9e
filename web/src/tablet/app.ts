/** Which profile is open in this window, and what stands in front of it. */

import { computed, ref, shallowRef } from 'vue';
import { loadEngine } from './engine';
import { Session } from './session';
import * as profiles from './store/profiles';
import type { Sealer } from './store/seal';

export type Gate = 'loading' | 'profiles' | 'enrol' | 'unlock' | 'taken' | 'open';

export const gate = ref<Gate>('loading');
export const session = shallowRef<Session>();
export const known = shallowRef<profiles.Profile[]>([]);
/** The profile whose PIN is asked for. */
export const asked = shallowRef<profiles.Profile>();
/** What is shown is hidden behind the PIN, while the sync goes on. */
export const isCovered = ref(false);

/** The session, where there is one: screens behind the gate only. */
export function useSession(): Session {
  if (!session.value) throw new Error('no profile is open');
  return session.value;
}

/** The name of the lock that the one window with a profile holds. */
const lockName = (id: string) => `ruhu-profile-${id}`;
/** How long another window that has it may take to be gone, milliseconds: that of a page before a reload. */
const LEAVING = 1_500;
let release: (() => void) | undefined;
/** Goes on in this window with the profile that it had, or asked for. */
let taken: (() => Promise<boolean>) | undefined;

export async function begin(): Promise<void> {
  await loadEngine();
  known.value = await profiles.list();
  gate.value = known.value.length === 0 ? 'enrol' : 'profiles';
  if (known.value.length === 1) ask(known.value[0]!);
}

export function ask(profile: profiles.Profile): void {
  asked.value = profile;
  gate.value = 'unlock';
}

/** Opens a profile in this window, or says that another has it. `steal` takes it over. */
export async function openProfile(id: string, name: string, sealer: Sealer, steal = false): Promise<boolean> {
  if (session.value?.profile === id) {
    isCovered.value = false;
    gate.value = 'open';
    return true;
  }
  await close();
  taken = () => openProfile(id, name, sealer, true);
  if (!(await takeLock(id, steal))) {
    gate.value = 'taken';
    return false;
  }
  session.value = await Session.open(id, name, sealer, lost);
  isCovered.value = false;
  gate.value = session.value.isEnrolled ? 'open' : 'enrol';
  if (session.value.isEnrolled) void session.value.start();
  void navigator.storage?.persist?.();
  return true;
}

/** Goes on in this window with what another one had. */
export async function takeOver(): Promise<void> {
  await taken?.();
}

/** Another window has taken over. */
function lost(): void {
  gate.value = 'taken';
  void close();
}

/** A profile is written by one window: the others wait, or take it over. */
function takeLock(id: string, steal: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    let isOurs = false;
    const options = steal ? { steal: true } : { signal: AbortSignal.timeout(LEAVING) };
    const held = navigator.locks.request(lockName(id), options, () => {
      isOurs = true;
      resolve(true);
      return new Promise<void>((done) => (release = done));
    });
    held.catch(() => (isOurs ? lost() : resolve(false)));
  });
}

// A page that is left lets go at once, also where the browser keeps it to come back to; it must not
// go on from there, for another window may have written since.
window.addEventListener('pagehide', () => release?.());
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload();
});

export async function close(): Promise<void> {
  const open = session.value;
  session.value = undefined;
  await open?.stop();
  release?.();
  release = undefined;
}

/** Locks the screen. What has to be sent goes on being sent behind it; then the key goes too. */
export async function lock(): Promise<void> {
  const open = session.value;
  known.value = await profiles.list();
  asked.value = known.value.find((profile) => profile.id === open?.profile);
  isCovered.value = true;
  gate.value = asked.value ? 'unlock' : 'profiles';
  await closeWhenHandedOver(open);
}

async function closeWhenHandedOver(open: Session | undefined): Promise<void> {
  const isStillCovered = () => isCovered.value && session.value === open;
  while (open && isStillCovered() && navigator.onLine && !open.machine?.is_quiet()) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  if (isStillCovered()) await close();
}

/** Back to the list of profiles. */
export async function leave(): Promise<void> {
  await close();
  asked.value = undefined;
  known.value = await profiles.list();
  gate.value = known.value.length === 0 ? 'enrol' : 'profiles';
}

export const isOpen = computed(() => gate.value === 'open' && session.value !== undefined);
