// The types of the API, out of its description, which a test of the server keeps up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import openapi, { astToString } from 'openapi-typescript';

const DESCRIPTION = new URL('../../tests/scenarios/stories/snapshots/stories__openapi__openapi.snap', import.meta.url);
const TYPES = new URL('../src/api/schema.d.ts', import.meta.url);

/** TypeScript of the API as it is described. */
export async function types() {
  const [, , json] = readFileSync(DESCRIPTION, 'utf8').split(/^---$/m);
  const written = astToString(await openapi(JSON.parse(json), { alphabetize: true, emptyObjectsUnknown: true }));
  return `// Made by \`npm run types\` from the API's description; not edited by hand.\n\n${written}`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) writeFileSync(TYPES, await types());
