/** The last resort: what has not been handed over, as a file. */

import { base64 } from '../../api/bytes';
import type { Session } from '../session';

export async function exportUnsent(session: Session): Promise<void> {
  const { book } = session;
  const operations = [...book.outbox.values()].filter((op) => op.outcome === null);
  const drafts = [...book.drafts.values()];
  const unverified = [...book.files].filter(([, file]) => file.verified === null).map(([hash]) => hash);
  const inDrafts = drafts.flatMap((draft) => Object.values(draft.files));
  const files: Record<string, string> = {};
  for (const hash of new Set([...unverified, ...inDrafts])) {
    const bytes = await book.shelves.readBytes(hash);
    if (bytes) files[hash] = base64(new Uint8Array(bytes));
  }
  const { identity } = book;
  const whole = { format: 'ruhu-unsent-1', exported_at: new Date().toISOString(), identity, operations, drafts, files };
  const address = URL.createObjectURL(new Blob([JSON.stringify(whole)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = `ruhu-${new Date().toISOString().slice(0, 10)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
