// Our engine as browsers run it: the WebAssembly that `make web` builds.

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

const pkg = new URL('../../engine/pkg/', import.meta.url);

/** The engine, or nothing where it isn't built. */
export async function load() {
  const binary = new URL('form_bg.wasm', pkg);
  if (!existsSync(binary)) return undefined;
  const engine = await import(new URL('form.js', pkg));
  engine.initSync({ module: readFileSync(binary) });
  return engine;
}

export const world = (language = 'en') => JSON.stringify({
  now: Date.now(), offset: 480, language, properties: {}, seed: randomBytes(32).toString('hex'),
});

/** The state after answers, as `ruhu form run --json` prints it. */
export function run(engine, xform, files, answers, language) {
  const attached = new engine.FormFiles();
  for (const [, id, source] of xform.matchAll(/<instance id="([^"]+)" src="([^"]+)"/g)) {
    const name = source.split('/').pop();
    if (files[name]) attached.add(id, name, new Uint8Array(files[name]));
  }
  const session = engine.FormSession.begin(xform, attached, world(language));
  for (const one of answers) session.fill(JSON.stringify(one));
  session.finish(Date.now());
  const state = JSON.parse(session.state());
  session.free();
  attached.free();
  return state;
}
