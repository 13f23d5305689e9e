/**
 * The service worker: everything the app is made of, kept on the tablet. Data never goes through
 * it; a new version waits until a person takes it.
 */

import { createHandlerBoundToURL, precacheAndRoute } from 'workbox-precaching';

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: { url: string; revision: string | null }[] };

precacheAndRoute(self.__WB_MANIFEST);
const page = createHandlerBoundToURL('/tablet.html');

self.addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url);
  const isOurs = origin === self.location.origin && event.request.mode === 'navigate';
  if (isOurs && pathname.startsWith('/tablet')) {
    event.respondWith(page({ event, request: event.request, url: new URL(event.request.url) }));
  }
});

// At the first start the page goes on under this worker at once: the network may be gone next.
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('message', (event) => {
  if (event.data === 'take') void self.skipWaiting();
});
