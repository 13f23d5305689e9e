/** The service worker: the app works without a network, and a new version is offered, never forced. */

import { ref } from 'vue';

/** A new version waits for a person to say when. */
export const updateWaits = ref(false);
/** Everything the app is made of is on the tablet. */
export const worksOffline = ref(false);

let registration: ServiceWorkerRegistration | undefined;
/** Between looks for a new version, milliseconds. */
const LOOK_EVERY = 60 * 60_000;

export function offerUpdates(): void {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return;
  void navigator.serviceWorker.ready.then(() => (worksOffline.value = true));
  // Its scope is all there is: workers of the app are found by the addresses of their scripts.
  void navigator.serviceWorker.register('/tablet-worker.js', { scope: '/' }).then((found) => {
    registration = found;
    const waits = () => (updateWaits.value = found.waiting !== null && navigator.serviceWorker.controller !== null);
    waits();
    found.addEventListener('updatefound', () => {
      found.installing?.addEventListener('statechange', waits);
    });
    setInterval(() => void found.update().catch(() => undefined), LOOK_EVERY);
  });
}

/** Takes the new version, now. */
export function takeUpdate(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  registration?.waiting?.postMessage('take');
}
