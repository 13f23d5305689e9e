/** Server-sent events, read by `fetch`, since `EventSource` can't say who asks. */

import type { Client } from './client';

/** Calls `onChange` for each event, until the stream ends or the signal aborts it. */
export async function listen(client: Client, onChange: () => void, signal: AbortSignal): Promise<void> {
  const response = await client.send('/sync/v1/live', {
    headers: { accept: 'text/event-stream' },
    signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    if (lines.some((line) => line.startsWith('event: change'))) onChange();
  }
}
