/** What questions need of the device. Whoever shows a form provides it. */

import type { InjectionKey } from 'vue';

export interface Place {
  lat: number;
  lon: number;
  alt: number;
  /** Metres. */
  accuracy: number;
}

export interface Capture {
  /** Takes a photo, or lets one be chosen; gives the name it is kept by. */
  photo: (options: { isDocument: boolean }) => Promise<string | undefined>;
  /** Records a sound for a question, where the device can; gives the name it is kept by. */
  record?: (path: string) => Promise<string | undefined>;
  /** Keeps a file that was chosen; gives the name it is kept by, or nothing where it must not be. */
  keep: (file: Blob, options: { isDocument: boolean }) => Promise<string | undefined>;
  /** An address that shows a kept file. */
  url: (name: string) => Promise<string | undefined>;
  /** A file that goes with the form. */
  media: (name: string) => string | undefined;
  place: () => Promise<Place>;
  /** Reads a QR code or a barcode. */
  scan: () => Promise<string | undefined>;
}

export const CAPTURE: InjectionKey<Capture> = Symbol('capture');
