/** The camera and the satellites, with refusals in words a person can act on. */

import type { Place } from '../../form/capture';
import { t } from '../../i18n';

/** The camera at the back, as sharp as it goes up to 12 megapixels. */
export async function openCamera(): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new Error(t('camera.none'));
  const video = { facingMode: 'environment', width: { ideal: 4096 }, height: { ideal: 3072 } };
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (cause) {
    const isDenied = cause instanceof DOMException && cause.name === 'NotAllowedError';
    throw new Error(isDenied ? t('camera.denied') : t('camera.none'));
  }
}

/** How long the satellites may take, milliseconds. */
const PATIENCE = 30_000;

/** One reading, and then the satellites rest: a battery lasts the day. */
export function readPlace(): Promise<Place> {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) return reject(new Error(t('place.none')));
    navigator.geolocation.getCurrentPosition(
      ({ coords }) =>
        resolve({
          lat: coords.latitude,
          lon: coords.longitude,
          alt: coords.altitude ?? 0,
          accuracy: Math.round(coords.accuracy),
        }),
      (problem) => {
        const isDenied = problem.code === problem.PERMISSION_DENIED;
        reject(new Error(isDenied ? t('place.denied') : t('place.none')));
      },
      { enableHighAccuracy: true, timeout: PATIENCE, maximumAge: 0 },
    );
  });
}
