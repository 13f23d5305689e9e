/** The part of the Rust crates that the first screen needs: what keeps and syncs. */

import init, * as engine from '../../engine/pkg/tablet.js';
import url from '../../engine/pkg/tablet_bg.wasm?url';

let ready: Promise<void> | undefined;

/** Loads it, once. */
export function loadEngine(): Promise<void> {
  ready ??= init({ module_or_path: url }).then(() => undefined);
  return ready;
}

export const { layout, layout_steps, enrolled, Tablet: Machine } = engine;
export type Machine = engine.Tablet;

/** Chance for the machine. */
export const entropy = () => crypto.getRandomValues(new BigUint64Array(1))[0]!;
