/**
 * Sealing: what a profile keeps is encrypted (AES-256-GCM) under a key that only its PIN opens.
 *
 * What is sealed knows its place: bytes that were moved to another key don't open.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** PBKDF2-HMAC-SHA-256 rounds between a PIN and the key that wraps the profile's key. */
export const ROUNDS = 600_000;

export class Sealer {
  constructor(private readonly key: CryptoKey) {}

  /** A value of JSON, sealed for a place. */
  async seal(place: string, value: unknown): Promise<Uint8Array> {
    return this.sealBytes(place, encoder.encode(JSON.stringify(value)));
  }

  /** What was sealed for a place. Fails where it was not, or not by this key. */
  async open<T>(place: string, sealed: Uint8Array): Promise<T> {
    return JSON.parse(decoder.decode(await this.openBytes(place, sealed))) as T;
  }

  async sealBytes(place: string, bytes: BufferSource): Promise<Uint8Array> {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const box = await crypto.subtle.encrypt(parameters(place, iv), this.key, bytes);
    const sealed = new Uint8Array(12 + box.byteLength);
    sealed.set(iv);
    sealed.set(new Uint8Array(box), 12);
    return sealed;
  }

  async openBytes(place: string, sealed: Uint8Array): Promise<ArrayBuffer> {
    const iv = sealed.slice(0, 12);
    return crypto.subtle.decrypt(parameters(place, iv), this.key, sealed.slice(12));
  }

  /** A private key, wrapped so that only this profile's key opens it. */
  async wrap(place: string, key: CryptoKey): Promise<Uint8Array> {
    return this.sealBytes(place, await crypto.subtle.exportKey('pkcs8', key));
  }

  /** A wrapped Ed25519 key that can sign and never be read. */
  async unwrap(place: string, wrapped: Uint8Array): Promise<CryptoKey> {
    const bytes = await this.openBytes(place, wrapped);
    return crypto.subtle.importKey('pkcs8', bytes, 'Ed25519', false, ['sign']);
  }
}

function parameters(place: string, iv: Uint8Array<ArrayBuffer>): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: encoder.encode(place) };
}

/** A new profile's key, wrapped under a PIN. */
export async function newKey(pin: string, salt: Uint8Array<ArrayBuffer>) {
  const raw = crypto.getRandomValues(new Uint8Array(32));
  const wrapped = await new Sealer(await fromPin(pin, salt)).sealBytes('key', raw);
  return { sealer: await sealerOf(raw), wrapped };
}

/** The profile's key, if the PIN is right. */
export async function openKey(
  pin: string,
  salt: Uint8Array<ArrayBuffer>,
  wrapped: Uint8Array,
): Promise<Sealer | undefined> {
  const outer = new Sealer(await fromPin(pin, salt));
  try {
    return await sealerOf(await outer.openBytes('key', wrapped));
  } catch {
    return undefined;
  }
}

/** The profile's key under another PIN, if the old one is right. */
export async function rewrap(
  pin: string,
  next: string,
  salt: Uint8Array<ArrayBuffer>,
  wrapped: Uint8Array,
): Promise<Uint8Array | undefined> {
  const outer = new Sealer(await fromPin(pin, salt));
  try {
    const raw = await outer.openBytes('key', wrapped);
    return await new Sealer(await fromPin(next, salt)).sealBytes('key', raw);
  } catch {
    return undefined;
  }
}

async function sealerOf(raw: BufferSource): Promise<Sealer> {
  const use: KeyUsage[] = ['encrypt', 'decrypt'];
  return new Sealer(await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, use));
}

async function fromPin(pin: string, salt: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const digits = await crypto.subtle.importKey('raw', encoder.encode(pin), 'PBKDF2', false, [
    'deriveKey',
  ]);
  const rounds = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ROUNDS };
  const kind = { name: 'AES-GCM', length: 256 };
  return crypto.subtle.deriveKey(rounds, digits, kind, false, ['encrypt', 'decrypt']);
}
