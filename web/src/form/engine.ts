/** The part of the Rust crates that runs forms, rules and notifications; loaded when first needed. */

import init, * as engine from '../../engine/pkg/form.js';
import url from '../../engine/pkg/form_bg.wasm?url';

let ready: Promise<typeof engine> | undefined;

export function loadForms(): Promise<typeof engine> {
  ready ??= init({ module_or_path: url }).then(() => engine);
  return ready;
}

export type { FormSession, Definitions } from '../../engine/pkg/form.js';
