/** A visit that is read again, in words: anew where its answers or the reader's language changed. */

import { ref, shallowRef, watch } from 'vue';
import { language } from '../../i18n';
import { whyNot } from '../../ui/whyNot';
import type { Session } from '../session';
import type { Seen } from '../store/types';
import { readVisit, type Read } from './read';

export function useRead(session: Session, visit: () => Seen | undefined, records: () => Seen[]) {
  const read = shallowRef<Read>();
  const failed = ref('');

  async function load() {
    const shown = visit();
    if (!shown) return;
    failed.value = '';
    try {
      read.value = await readVisit(session, shown, records());
    } catch (cause) {
      failed.value = whyNot(cause);
    }
  }

  // The records are read again with each sync; the form is opened again only where the answers changed.
  const answers = () => {
    const shown = visit();
    return shown && JSON.stringify(shown.fields['answers'] ?? null);
  };
  watch([answers, language], load, { immediate: true });
  return { read, failed, load };
}
