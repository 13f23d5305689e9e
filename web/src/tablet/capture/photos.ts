/** A photo's bytes: the tablet's own while it has them, else the server's copy, which is not kept. */

import { Problem } from '../../api/problem';
import { t } from '../../i18n';
import { Told } from '../../ui/whyNot';
import type { Session } from '../session';

/** The longer side of the server's copies, pixels. */
export type Size = 320 | 1600;

export async function ownPhoto(session: Session, hash: string): Promise<Blob | undefined> {
  const bytes = await session.book.shelves.readBytes(hash);
  return bytes && new Blob([bytes]);
}

/** Asks the server for it; what keeps it from being shown is told in words. */
export async function askPhoto(session: Session, hash: string, size: Size): Promise<Blob> {
  try {
    return await (await session.client.send(`/api/v1/media/${hash}/thumbnails/${size}`)).blob();
  } catch (cause) {
    const kind = cause instanceof Problem ? cause.kind : '';
    const why = { offline: t('photo.offline'), unavailable: t('photo.notYet'), 'not-found': t('photo.gone') }[kind];
    throw why ? new Told(why) : cause;
  }
}

/** A sound or a document, as it was handed in. */
export async function askFile(session: Session, hash: string): Promise<Blob> {
  const own = await ownPhoto(session, hash);
  if (own) return own;
  try {
    return await (await session.client.send(`/api/v1/media/${hash}`)).blob();
  } catch (cause) {
    throw cause instanceof Problem && cause.isOffline ? new Told(t('photo.offline')) : cause;
  }
}
