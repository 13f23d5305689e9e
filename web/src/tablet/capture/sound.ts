/** The microphone, with refusals in words a person can act on. */

import { t } from '../../i18n';

export async function openMicrophone(): Promise<MediaStream> {
  if (!navigator.mediaDevices || !('MediaRecorder' in window)) throw new Error(t('record.none'));
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: true, video: false });
  } catch (cause) {
    const isDenied = cause instanceof DOMException && cause.name === 'NotAllowedError';
    throw new Error(isDenied ? t('record.denied') : t('record.none'));
  }
}
