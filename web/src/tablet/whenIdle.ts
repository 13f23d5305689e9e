/** How long what came first is waited for where the browser doesn't tell when it is done, milliseconds. */
const A_WHILE = 200;

/** Does something once nothing else is to be done; Safari does not say when that is. */
export function whenIdle(act: () => void): void {
  if (typeof requestIdleCallback === 'function') requestIdleCallback(act);
  else setTimeout(act, A_WHILE);
}
