import { readFileSync } from 'node:fs';
import { beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '../api/problem';
import { setLanguage } from '../i18n';
import { PROBLEMS, Told, whyNot } from './whyNot';

// What a page has and a test's runner has not.
vi.hoisted(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value) });
  vi.stubGlobal('document', { documentElement: {}, createElement: () => ({}) });
  vi.stubGlobal('navigator', { language: 'zh-CN' });
});

/** Kinds that only people at a console are answered. */
const CONSOLE = [
  'sign-in-refused', 'code-needed', 'code-refused', 'login-taken', 'not-oneself', 'own-work', 'areas-invalid', 'import-invalid',
  'roster-invalid', 'second-factor-needed', 'everywhere', 'confirmation-needed', 'password-common', 'device-revoked', 'hand-in-refused', 'claimed', 'passed-already', 'form-invalid',
  'form-untried', 'code-wrong', 'area-in-use', 'password-change-needed', 'form-incomplete', 'unprintable', 'pack-invalid', 'template-invalid', 'rules-invalid',
];
/** Kinds that the app itself gives to what is no answer of the server's. */
const OWN = ['offline', 'unreadable', 'file-missing', 'device'];

const kinds = [...readFileSync('../server/src/http/problem.rs', 'utf8').matchAll(/^ {4}[A-Z_]+ = "([a-z-]+)" (\d{3}) /gm)].map(
  ([, name, status]) => ({ name: name!, status: Number(status) }),
);
const RAW = [/[a-z]+-[a-z]+/, /[A-Z][a-z]+Error/, /[0-9a-f]{8}-[0-9a-f]{4}/, /[{}[\]<>]/, /HTTP|http|\b\d{3}\b/];

beforeEach(() => setLanguage('zh-CN'));

/** Words in Chinese that stand for themselves. */
function expectWords(words: string, about: string) {
  expect(words, about).toMatch(/[一-龥].*。$/);
  for (const raw of RAW) expect(words.replaceAll('Wi-Fi', ''), about).not.toMatch(raw);
  expect(words, about).not.toMatch(/[A-Za-z]{4,}/);
}

test('every kind of problem that the server answers has words, or is not for tablets', () => {
  expect(kinds.length).toBeGreaterThan(40);
  const unknown = kinds.filter(({ name }) => !(name in PROBLEMS) && !CONSOLE.includes(name));
  expect(unknown, 'say in ui/whyNot.ts what a person on a tablet reads, or that none can meet it').toEqual([]);
  const gone = [...Object.keys(PROBLEMS), ...CONSOLE].filter((name) => !OWN.includes(name) && !kinds.some((kind) => kind.name === name));
  expect(gone).toEqual([]);
});

test('a problem is told in words of the reader’s, whatever the server wrote', () => {
  const detail = 'device: not the token\'s {"id":"0190a000-0000-7000-8000-000000000000"}';
  for (const { name, status } of kinds) {
    const told = Problem.told(status, { type: `urn:ruhu:problem:${name}`, title: 'Not yours.', detail });
    expectWords(whyNot(told), name);
  }
  for (const [status, kind] of [[0, 'offline'], [502, ''], [404, ''], [200, 'unreadable']] as const) {
    expectWords(whyNot(new Problem(status, kind, 'Failed to fetch')), `${status} ${kind}`);
  }
});

test('what a browser throws is told in words', () => {
  const quota = new DOMException('', 'QuotaExceededError');
  const causes = [
    quota,
    new Error('QuotaExceededError', { cause: quota }),
    new DOMException('A request was aborted', 'AbortError'),
    new TypeError('Failed to fetch'),
    new Error('the tablet has lost its key'),
    'nothing',
    undefined,
    { code: 3 },
  ];
  const logged = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  for (const cause of causes) expectWords(whyNot(cause), String(cause));
  // Who looks into it finds what it was.
  expect(logged.mock.calls.map(([cause]) => cause as unknown)).toContain('nothing');
  expect(whyNot(new Error('', { cause: quota }))).toContain('存满');
  expect(whyNot(new Told('没有相机权限。'))).toBe('没有相机权限。');
});

test('they are told in English to those who read English', () => {
  setLanguage('en');
  for (const { name, status } of kinds) {
    const told = whyNot(Problem.told(status, { type: `urn:ruhu:problem:${name}`, title: '没有。' }));
    expect(told, name).toMatch(/^[^一-龥]+\.$/);
    expect(told, name).not.toMatch(/[a-z]+-[a-z]+/);
  }
});
