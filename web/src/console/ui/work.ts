/** Long work on the server: how far it is, what it came to, and a way to stop it. */

import { ref, type Ref } from 'vue';
import { Problem } from '../../api/problem';
import { ask } from '../api';

const LINES = 'application/x-ndjson';

/** A line of what the server tells meanwhile, and the last. */
type Line<T> = { done: number; of: number } | { result: T } | { problem: Record<string, unknown> };

export interface Work {
  isBusy: Ref<boolean>;
  /** How much is done, and of how much; none where the server doesn't say. */
  at: Ref<{ done: number; of: number } | undefined>;
  /** Sends something, and waits for what it comes to; nothing comes of what was stopped. */
  run: <T>(path: string, body: BodyInit, type: string) => Promise<T | undefined>;
  stop: () => void;
}

export function useWork(): Work {
  const isBusy = ref(false);
  const at = ref<{ done: number; of: number }>();
  let stopped = new AbortController();

  async function run<T>(path: string, body: BodyInit, type: string): Promise<T | undefined> {
    stopped = new AbortController();
    const { signal } = stopped;
    [isBusy.value, at.value] = [true, undefined];
    try {
      const answer = await ask(path, { method: 'POST', body, signal, headers: { 'content-type': type, accept: `${LINES}, application/json` } });
      if (!answer.headers.get('content-type')?.startsWith(LINES)) return (await answer.json()) as T;
      for await (const line of lines<T>(answer.body!)) {
        if ('result' in line) return line.result;
        if ('problem' in line) throw Problem.told(Number(line.problem['status']), line.problem);
        at.value = line;
      }
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    } finally {
      isBusy.value = false;
    }
    // It broke off before its end.
    throw new Problem(0, '', 'the answer broke off');
  }

  return { isBusy, at, run, stop: () => stopped.abort() };
}

async function* lines<T>(body: ReadableStream<Uint8Array>): AsyncGenerator<Line<T>> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const whole = (rest + value).split('\n');
    rest = whole.pop() ?? '';
    for (const line of whole) yield JSON.parse(line) as Line<T>;
  }
}
