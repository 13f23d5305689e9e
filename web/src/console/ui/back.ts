/**
 * Going back finds a list as it was left: how far it was scrolled, and how much of it was there. Both are
 * kept with the entry of the browser's history; what scrolls is the screen's part below its header.
 */

import { onScopeDispose } from 'vue';
import type { Router } from 'vue-router';

interface Left {
  top: number;
  /** How many lines each list had, in the order the lists were made in. */
  lines: number[];
}

/** By the place of the entry in the history, which the router counts. */
const left = new Map<number, Left>();
const PATIENCE_MS = 10_000;
const ACTS = ['wheel', 'pointerdown', 'keydown'] as const;

let at = 0;
let lists: (() => number)[] = [];
let found: Left | undefined;
let stop: () => void = () => undefined;

const place = () => (history.state as { position?: number } | null)?.position ?? 0;
const scroller = () => document.querySelector<HTMLElement>('.main > .work');

export function keepPlaces(router: Router): void {
  let isMoved = false;
  // Heard in the same turn as the router does: it may be through in the next.
  router.options.history.listen(() => (isMoved = true));
  router.beforeEach(() => {
    left.set(at, { top: scroller()?.scrollTop ?? 0, lines: lists.map((count) => count()) });
  });
  router.afterEach((_to, _from, failure) => {
    const [now, wasMoved] = [place(), isMoved];
    isMoved = false;
    if (failure || now === at) return;
    stop();
    // Where one goes on, what lay ahead is gone.
    if (!wasMoved) for (const ahead of [...left.keys()]) if (ahead >= now) left.delete(ahead);
    [at, lists, found] = [now, [], left.get(now)];
    if (found?.top) stop = scrollTo(found.top);
  });
}

/** How many lines a list had when it was left, if one comes back to it. */
export function linesBefore(count: () => number): number {
  const known = found?.lines[lists.length] ?? 0;
  lists.push(count);
  onScopeDispose(() => (lists = lists.filter((one) => one !== count)));
  return known;
}

/** Scrolls there as soon as what is there is long enough, unless the person does something first. */
function scrollTo(top: number): () => void {
  const observer = new MutationObserver(act);
  const patience = setTimeout(end, PATIENCE_MS);
  function act() {
    const element = scroller();
    if (!element) return;
    element.scrollTop = top;
    if (Math.abs(element.scrollTop - top) <= 1) end();
  }
  function end() {
    observer.disconnect();
    clearTimeout(patience);
    ACTS.forEach((name) => removeEventListener(name, end));
  }
  observer.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['style'] });
  ACTS.forEach((name) => addEventListener(name, end, { passive: true }));
  return end;
}
