/** Refusals as the server makes them, and what people are never to be told. */

import { readFileSync } from 'node:fs';
import { expect, type Locator, type Page, type Route } from '@playwright/test';

export interface Kind {
  status: number;
  /** What the server calls it, in Chinese. */
  title: string;
}

/** Every kind of problem that the server knows. */
export const KINDS = new Map<string, Kind>(
  [...readFileSync('../server/src/http/problem.rs', 'utf8').matchAll(/^ {4}[A-Z_]+ = "([a-z-]+)" (\d{3}) "([^"]+)" /gm)].map(
    ([, name, status, title]) => [name!, { status: Number(status), title: title! }] as const,
  ),
);

/** What nobody should read anywhere: ids, JSON, codes, names of exceptions. */
export const RAW = [/[0-9a-f]{8}-[0-9a-f]{4}/, /[{}]/, /[A-Z]\w+(Error|Exception)/, /\bHTTP\b/, /\barea:/, /\[object|\bundefined\b/];
/** And among Chinese words: English, and names that programs have for things. */
export const ENGLISH = [/[[\]<>]/, /[a-z]+-[a-z]+/, /[A-Za-z]{5,}/];

/** Answers as the server would, with details that are not for people. */
export const answer =
  (kind: string, title = KINDS.get(kind)!.title, members: object = {}) =>
  (route: Route): Promise<void> =>
    route.fulfill({
      status: KINDS.get(kind)!.status,
      contentType: 'application/problem+json',
      body: JSON.stringify({
        type: `urn:ruhu:problem:${kind}`,
        title,
        detail: `device: not {"id":"0190a000-0000-7000-8000-000000000000"}`,
        ...(kind === 'too-many-requests' ? { retry_after: 7 } : {}),
        ...members,
      }),
      headers: kind === 'too-many-requests' ? { 'retry-after': '7' } : {},
    });

/** What is said is words, and nothing of them is raw. */
export function inWords(words: string, what: string, known = /$^/g): void {
  const said = words.replace(known, '');
  expect(said, what).toMatch(/[一-龥]{4,}.*[。？：]/s);
  expect(said, what).not.toMatch(/\b[45]\d\d\b/);
  notRaw(said, what, [...RAW, ...ENGLISH]);
}

/** Nothing of it is raw. */
export function notRaw(words: string, what: string, raws: RegExp[], known = /$^/g): void {
  for (const raw of raws) expect(words.replace(known, ''), what).not.toMatch(raw);
}

/** Something is said in these alerts, in words; gives what. */
export async function told(alerts: Locator, what: string, known = /$^/g): Promise<string> {
  let words = '';
  // What was said before may go while it is looked at.
  const said = async () => (words = (await alerts.allInnerTexts()).join('\n'));
  await expect.poll(said, { message: `${what}: nothing is said` }).not.toBe('');
  inWords(words, what, known);
  return words;
}

/** What the screen holds. */
export const screenOf = async (page: Page): Promise<string> => (await page.locator('main, dialog[open]').allInnerTexts()).join('\n');
