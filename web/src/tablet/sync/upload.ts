/** Files go up by tus 1.0 in small pieces, from where an earlier try stopped. */

import { Upload, type DetailedError } from 'tus-js-client';
import { Problem } from '../../api/problem';

/** Bytes of a piece. */
const PIECE = 256 * 1024;

export interface Sending {
  hash: string;
  bytes: Blob;
  /** Where an earlier try left off. */
  known: string | undefined;
  token: () => string;
  /** An upload has an address now. */
  onAddress: (address: string) => Promise<void>;
  onProgress: (sent: number) => void;
  signal: AbortSignal;
}

/**
 * Sends a file to its end. That is not yet the server's word that it has it: a HEAD whose offset is
 * the length counts as success here, whatever the server makes of the bytes.
 */
export function upload(sending: Sending): Promise<void> {
  return new Promise((resolve, reject) => {
    const { hash, bytes, known, token, onAddress, onProgress, signal } = sending;
    const running = new Upload(bytes, {
      endpoint: '/sync/v1/uploads',
      uploadUrl: known ?? null,
      chunkSize: PIECE,
      // The state machine tries again, with everything else it knows.
      retryDelays: null,
      storeFingerprintForResuming: false,
      metadata: { sha256: hash, filetype: bytes.type || 'application/octet-stream' },
      onBeforeRequest: (request) => request.setHeader('Authorization', `Bearer ${token()}`),
      onUploadUrlAvailable: () => {
        if (running.url) void onAddress(running.url);
      },
      onProgress,
      onSuccess: () => resolve(),
      onError: (error) => reject(problemOf(error)),
    });
    signal.addEventListener('abort', () => {
      void running.abort();
      reject(new Problem(0, 'offline', 'the network is gone'));
    });
    running.start();
  });
}

function problemOf(error: Error | DetailedError): Problem {
  const response = 'originalResponse' in error ? error.originalResponse : null;
  const status = response?.getStatus() ?? 0;
  const wait = Number(response?.getHeader('Retry-After'));
  const retryAfter = Number.isFinite(wait) && wait > 0 ? wait * 1000 : null;
  // An answer to HEAD has no body to say more: all pieces are there, and can't be completed yet.
  const isAsked = 'originalRequest' in error && error.originalRequest?.getMethod() === 'HEAD';
  let kind = status === 0 ? 'offline' : status === 423 && isAsked ? 'upload-unfinished' : '';
  try {
    const body = JSON.parse(response?.getBody() ?? '') as { type?: string };
    kind = String(body.type ?? kind).replace('urn:ruhu:problem:', '');
  } catch {
    // No answer of ours.
  }
  return new Problem(status, kind, error.message, retryAfter);
}
