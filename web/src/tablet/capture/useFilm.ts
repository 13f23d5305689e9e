/** A dialog over the camera's picture, which answers once: its parts are called `dialog` and `film`. */

import { nextTick, ref, shallowRef, useTemplateRef } from 'vue';
import { openCamera } from './camera';

export function useFilm<T>() {
  const dialog = useTemplateRef<HTMLDialogElement>('dialog');
  const film = useTemplateRef<HTMLVideoElement>('film');
  const failed = ref('');
  /** The picture moves. */
  const stream = shallowRef<MediaStream>();
  let answer: ((value: T | undefined) => void) | undefined;

  /** Opens it; gives what it ends with, or nothing where it was called off. */
  async function begin(): Promise<T | undefined> {
    failed.value = '';
    dialog.value?.showModal();
    await nextTick();
    const answered = new Promise<T | undefined>((resolve) => (answer = resolve));
    try {
      const opened = await openCamera();
      if (!answer) {
        // It was called off while the camera opened.
        opened.getTracks().forEach((track) => track.stop());
        return answered;
      }
      film.value!.srcObject = opened;
      await film.value!.play();
      stream.value = opened;
    } catch (cause) {
      failed.value = cause instanceof Error ? cause.message : String(cause);
    }
    return answered;
  }

  function end(value?: T): void {
    stream.value?.getTracks().forEach((track) => track.stop());
    stream.value = undefined;
    dialog.value?.close();
    answer?.(value);
    answer = undefined;
  }

  return { film, failed, stream, begin, end };
}
