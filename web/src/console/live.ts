/** What changes elsewhere (server-sent events), and the counts beside the sections. */

import { reactive, ref } from 'vue';
import { api, got } from './api';
import { isReviewer, token } from './session';

/** Lists are counted up to here; beyond, it is “so many and more”. */
export const COUNTED = 50;
export const counts = reactive({ waiting: 0, conflicts: 0, held: 0 });
/** Whether the server tells of changes just now. */
export const isLive = ref(true);

const listeners = new Set<() => void>();
let stop: AbortController | undefined;
let due: ReturnType<typeof setTimeout> | undefined;

/** Calls back when something changed in the caller's areas; gives how to end that. */
export function onChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Looks again soon: many changes at once are one look. */
export function changed(): void {
  due ??= setTimeout(() => {
    due = undefined;
    void count();
    for (const listener of listeners) listener();
  }, 500);
}

async function count(): Promise<void> {
  const conflicts = got(api.GET('/api/v1/conflicts', { params: { query: { state: 'open', limit: COUNTED + 1 } } }));
  counts.conflicts = await conflicts.then(({ items }) => items.length, () => counts.conflicts);
  if (!isReviewer.value) return;
  const waiting = got(api.GET('/api/v1/review/waiting'));
  counts.waiting = await waiting.then((told) => told.waiting, () => counts.waiting);
  const held = got(api.GET('/api/v1/quarantine', { params: { query: { settled: false, limit: COUNTED + 1 } } }));
  counts.held = await held.then((items) => items.length, () => counts.held);
}

/**
 * Browsers have six connections for a server, whatever the number of tabs; one that nobody looks at
 * takes none, and looks at everything once somebody does.
 */
function onlyInSight(): void {
  if (document.hidden) return pause();
  if (stop) return;
  changed();
  go();
}

function go(): void {
  stop = new AbortController();
  void listen(stop.signal);
}

function pause(): void {
  stop?.abort();
  stop = undefined;
}

export function startLive(): void {
  document.addEventListener('visibilitychange', onlyInSight);
  void count();
  if (!stop && !document.hidden) go();
}

export function stopLive(): void {
  document.removeEventListener('visibilitychange', onlyInSight);
  pause();
}

/** Listens until told to stop; the server ends the stream now and then to look at rights again. */
async function listen(signal: AbortSignal): Promise<void> {
  let wait = 1000;
  while (!signal.aborted) {
    try {
      const response = await fetch('/api/v1/live', { headers: { authorization: `Bearer ${await token()}` }, signal });
      if (!response.ok || !response.body) throw new Error(String(response.status));
      isLive.value = true;
      wait = 1000;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        if (part.value.includes('event: change')) changed();
      }
    } catch {
      if (signal.aborted) return;
      isLive.value = false;
      await new Promise((done) => setTimeout(done, wait));
      wait = Math.min(wait * 2, 30_000);
      // Whatever happened meanwhile was not told.
      changed();
    }
  }
}

