/** The camera and the satellites, with refusals in words a person can act on. */

import type { Place } from '../../form/capture';
import { t } from '../../i18n';
import { Told } from '../../ui/whyNot';

/** Which camera: that at the back, or that of whoever holds it. */
export type Facing = 'environment' | 'user';

/** A camera, as sharp as it goes up to 12 megapixels. */
export async function openCamera(facing: Facing = 'environment'): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new Told(t('camera.none'));
  const video = { facingMode: facing, width: { ideal: 4096 }, height: { ideal: 3072 } };
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (cause) {
    const isDenied = cause instanceof DOMException && cause.name === 'NotAllowedError';
    throw new Told(isDenied ? t('camera.denied') : t('camera.none'));
  }
}

/** How many cameras there are. */
export async function countCameras(): Promise<number> {
  const devices = await navigator.mediaDevices.enumerateDevices().catch((): MediaDeviceInfo[] => []);
  return devices.filter((one) => one.kind === 'videoinput').length;
}

/** What some browsers know of a camera besides what TypeScript does (W3C, MediaStream Image Capture). */
type Capabilities = MediaTrackCapabilities & { torch?: boolean };

interface StillCamera {
  takePhoto(): Promise<Blob>;
}

declare const ImageCapture: { new (track: MediaStreamTrack): StillCamera } | undefined;

/** Whether the camera has a lamp. */
export const hasTorch = (stream: MediaStream): boolean =>
  (stream.getVideoTracks()[0]?.getCapabilities?.() as Capabilities | undefined)?.torch === true;

export async function setTorch(stream: MediaStream, isOn: boolean): Promise<void> {
  await stream.getVideoTracks()[0]?.applyConstraints({ advanced: [{ torch: isOn } as MediaTrackConstraintSet] });
}

/** How long a still photo may take before the moving picture's is taken instead, milliseconds. */
const STILL_PATIENCE = 6_000;

/**
 * A photo as the camera takes it: sharper and better lit than the moving picture, whose frame is taken
 * where the browser has no still photos or the camera fails at one.
 */
export async function takePhoto(stream: MediaStream, film: HTMLVideoElement): Promise<Blob> {
  const [track] = stream.getVideoTracks();
  if (typeof ImageCapture !== 'undefined' && track) {
    let late: ReturnType<typeof setTimeout> | undefined;
    const tooLate = new Promise<undefined>((resolve) => (late = setTimeout(() => resolve(undefined), STILL_PATIENCE)));
    const still = new ImageCapture(track).takePhoto().catch(() => undefined);
    const photo = await Promise.race([still, tooLate]);
    clearTimeout(late);
    if (photo && photo.size > 0) return photo;
  }
  const canvas = new OffscreenCanvas(film.videoWidth, film.videoHeight);
  canvas.getContext('2d')!.drawImage(film, 0, 0);
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 });
}

/** How long the satellites may take, milliseconds. */
const PATIENCE = 30_000;

/** One reading, and then the satellites rest: a battery lasts the day. */
export function readPlace(): Promise<Place> {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) return reject(new Told(t('place.none')));
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
        reject(new Told(isDenied ? t('place.denied') : t('place.none')));
      },
      { enableHighAccuracy: true, timeout: PATIENCE, maximumAge: 0 },
    );
  });
}
