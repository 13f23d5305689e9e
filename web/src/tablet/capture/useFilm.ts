/** A dialog over the camera's picture, which answers once: its parts are called `dialog` and `film`. */

import { nextTick, ref, shallowRef, useTemplateRef } from 'vue';
import { whyNot } from '../../ui/whyNot';
import { openCamera, type Facing } from './camera';

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
    await show();
    return answered;
  }

  async function show(facing?: Facing): Promise<boolean> {
    try {
      const opened = await openCamera(facing);
      if (!answer) {
        // It was called off while the camera opened.
        opened.getTracks().forEach((track) => track.stop());
        return true;
      }
      film.value!.srcObject = opened;
      await film.value!.play();
      stream.value = opened;
      return true;
    } catch (cause) {
      failed.value = whyNot(cause);
      return false;
    }
  }

  function stop(): void {
    stream.value?.getTracks().forEach((track) => track.stop());
    stream.value = undefined;
  }

  /** The picture of another camera, and whether it is there; many tablets can open one at a time. `words` go on being said. */
  function turn(facing: Facing, words = ''): Promise<boolean> {
    failed.value = words;
    stop();
    return show(facing);
  }

  function end(value?: T): void {
    stop();
    dialog.value?.close();
    answer?.(value);
    answer = undefined;
  }

  return { film, failed, stream, begin, turn, end };
}
