import { t } from '../../i18n';
import { Told } from '../../ui/whyNot';
import type { Facts } from './exif';
import type { Made, Task } from './shrink.worker';

/** A room is seen well at this size; small print needs more. */
const ROOM = { side: 1600, target: 300 * 1024 };
const DOCUMENT = { side: 2400, target: 700 * 1024 };

/** What a person can do about a file that the browser can't show. */
async function refusal(photo: Blob): Promise<Told> {
  // ISO 14496-12: the brands of HEIF stand after `ftyp`.
  const head = await photo.slice(4, 12).text().catch(() => '');
  return new Told(t(/^ftyp(hei|hev|mif1|msf1)/.test(head) ? 'camera.heic' : 'camera.notAPhoto'));
}

/** A photo as it is kept and sent. */
export function shrink(photo: Blob, isDocument: boolean, facts?: Facts): Promise<{ bytes: ArrayBuffer; type: string }> {
  const worker = new Worker(new URL('./shrink.worker.ts', import.meta.url), { type: 'module' });
  return new Promise<{ bytes: ArrayBuffer; type: string }>((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<Made>) => {
      if ('bytes' in data) resolve(data);
      else void refusal(photo).then(reject);
    });
    worker.addEventListener('error', () => void refusal(photo).then(reject));
    const task: Task = { photo, ...(isDocument ? DOCUMENT : ROOM), ...(facts ? { facts } : {}) };
    worker.postMessage(task);
  }).finally(() => worker.terminate());
}
