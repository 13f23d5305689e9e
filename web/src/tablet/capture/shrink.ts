import { t } from '../../i18n';
import type { Facts } from './exif';
import type { Made, Task } from './shrink.worker';

/** A room is seen well at this size; small print needs more. */
const ROOM = { side: 1600, target: 300 * 1024 };
const DOCUMENT = { side: 2400, target: 700 * 1024 };

/** A photo as it is kept and sent. */
export function shrink(photo: Blob, isDocument: boolean, facts?: Facts): Promise<{ bytes: ArrayBuffer; type: string }> {
  const worker = new Worker(new URL('./shrink.worker.ts', import.meta.url), { type: 'module' });
  return new Promise<{ bytes: ArrayBuffer; type: string }>((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<Made>) => {
      if ('bytes' in data) resolve(data);
      else reject(new Error(t('camera.notAPhoto')));
    });
    worker.addEventListener('error', () => reject(new Error(t('camera.notAPhoto'))));
    const task: Task = { photo, ...(isDocument ? DOCUMENT : ROOM), ...(facts ? { facts } : {}) };
    worker.postMessage(task);
  }).finally(() => worker.terminate());
}
