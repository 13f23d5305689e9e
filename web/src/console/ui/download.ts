/** Saves a file that the server makes, under a name. */

import { bytes } from '../api';
import { attempt } from './toast';

export async function download(path: string, name: string): Promise<void> {
  const blob = await attempt(() => bytes(path));
  if (!blob) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
