/** A photograph of a paper, ready to be stored with the record that names it. */

import { sha256 } from '../../api/bytes';
import type { Session } from '../session';
import type { Write } from '../store/shelves';
import { shrink } from './shrink';

export interface PaperPhoto {
  hash: string;
  /** Where a screen shows it from. */
  address: string;
  size: number;
  type: string;
  /** Puts its bytes into the store. */
  write: Write;
}

/** Shrinks a photograph, but not so far that it can't be read. */
export async function paperPhoto(session: Session, photo: Blob): Promise<PaperPhoto> {
  const { bytes, type } = await shrink(photo, true, photo instanceof File ? undefined : { at: new Date() });
  const hash = await sha256(bytes);
  const write = await session.book.shelves.sealedBytes(hash, bytes);
  return { hash, address: URL.createObjectURL(new Blob([bytes], { type })), size: bytes.byteLength, type, write };
}
