/** Keeps what is half typed on a screen or in a dialog, as it is typed. */

import { nextTick, onBeforeUnmount, onMounted, ref, watch } from 'vue';
import { useSession } from './app';
import { dropScrap, keepScrap, readScrap, type Photos } from './store/scraps';

/** Until it is on its way to the disk after the last key, milliseconds. */
const SOON = 300;

/**
 * `name` says what it belongs to, `read` gives what is typed, `photos` what was taken for it.
 * `begin` shows what was kept, if anything was, and keeps from then on; `end` forgets it: it was
 * stored, or called off.
 */
export function useScrap<T>(name: () => string, read: () => T, photos: () => Photos = () => ({})) {
  const session = useSession();
  const { shelves } = session.book;
  /** Whether what is shown was kept before. */
  const isBack = ref(false);
  let isOn = false;
  let soon: ReturnType<typeof setTimeout> | undefined;
  let writing: Promise<void> = Promise.resolve();

  /** One write after the other. What the disk does not take is told when it is stored in earnest. */
  function then(write: () => Promise<void>): Promise<void> {
    writing = session.hold(writing.then(write).catch(() => {}));
    return writing;
  }

  function flush() {
    if (soon === undefined) return;
    clearTimeout(soon);
    soon = undefined;
    const [of, state, taken] = [name(), JSON.parse(JSON.stringify(read())) as T, { ...photos() }];
    void then(() => keepScrap(shelves, of, state, taken));
  }

  async function begin(put: (kept: T, photos: Photos) => void | Promise<void>): Promise<void> {
    isOn = false;
    await writing;
    const kept = await readScrap<T>(shelves, name()).catch(() => undefined);
    isBack.value = kept !== undefined;
    if (kept) await put(kept.state, kept.photos);
    await nextTick();
    isOn = true;
  }

  function end(): Promise<void> {
    isOn = false;
    clearTimeout(soon);
    soon = undefined;
    const of = name();
    return then(() => dropScrap(shelves, of));
  }

  watch(
    () => JSON.stringify([read(), Object.values(photos()).map(({ hash }) => hash)]),
    () => {
      if (!isOn) return;
      clearTimeout(soon);
      soon = setTimeout(flush, SOON);
    },
  );
  const onHidden = () => document.hidden && flush();
  onMounted(() => document.addEventListener('visibilitychange', onHidden));
  onBeforeUnmount(() => {
    document.removeEventListener('visibilitychange', onHidden);
    flush();
  });
  return { isBack, begin, end };
}
