import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('the protocol’s page has every kind of problem that the server knows, and no other', () => {
  const kinds = [...readFileSync('../server/src/http/problem.rs', 'utf8').matchAll(/^ {4}[A-Z_]+ = "([a-z-]+)" (\d{3}) /gm)];
  expect(kinds.length).toBeGreaterThan(40);
  const page = readFileSync('../docs/protocol.md', 'utf8').split('## Problems')[1]!.split('\n## ')[0]!;
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const told = new Map(rows.flatMap((row) => {
    const [, names = '', statuses = ''] = row.split('|');
    return [...names.matchAll(/`([a-z-]+)`/g)].map(([, name]) => [name!, statuses.match(/\d{3}/g) ?? []] as const);
  }));
  expect([...told.keys()].sort()).toEqual(kinds.map(([, name]) => name!).sort());
  for (const [, name, status] of kinds) expect(told.get(name!), name).toContain(status);
});
