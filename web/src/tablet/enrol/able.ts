/** Whether this browser can do what the app is built on. */

/** `insecure`: a plain address, for which browsers give no keys, camera or offline work; `old`. */
export type Lack = 'insecure' | 'old';

export async function lackOf(): Promise<Lack | undefined> {
  if (!isSecureContext) return 'insecure';
  if (!('locks' in navigator) || !('serviceWorker' in navigator)) return 'old';
  try {
    // The youngest of what is needed: Chrome 137.
    await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
    return undefined;
  } catch {
    return 'old';
  }
}
