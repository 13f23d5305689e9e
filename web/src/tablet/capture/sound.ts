/** The microphone, with refusals in words a person can act on. */

import { t } from '../../i18n';
import { Told } from '../../ui/whyNot';

export async function openMicrophone(): Promise<MediaStream> {
  if (!navigator.mediaDevices || !('MediaRecorder' in window)) throw new Told(t('record.none'));
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: true, video: false });
  } catch (cause) {
    const isDenied = cause instanceof DOMException && cause.name === 'NotAllowedError';
    throw new Told(isDenied ? t('record.denied') : t('record.none'));
  }
}
