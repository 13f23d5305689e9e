import { readFileSync } from 'node:fs';
import { beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '../../api/problem';
import { setLanguage } from '../../i18n';
import { Told } from '../../ui/whyNot';
import { why } from './why';

// What a page has and a test's runner has not.
vi.hoisted(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value) });
  vi.stubGlobal('document', { documentElement: {}, createElement: () => ({}) });
  vi.stubGlobal('navigator', { language: 'zh-CN' });
});

const kinds = [...readFileSync('../server/src/http/problem.rs', 'utf8').matchAll(/^ {4}[A-Z_]+ = "([a-z-]+)" (\d{3}) "([^"]+)" "([^"]+)";/gm)].map(
  ([, name, status, zh, en]) => ({ name: name!, status: Number(status), titles: { 'zh-CN': zh!, 'en': en! } }),
);
const RAW = [/[0-9a-f]{8}-[0-9a-f]{4}/, /[{}[\]<>]/, /[A-Z]\w+(Error|Exception)/, /\bHTTP\b/];
const refused = (kind: string, title: string, detail = 'device: not {"id":"0190a000-0000"}') =>
  Problem.told(400, { type: `urn:ruhu:problem:${kind}`, title, detail });

beforeEach(() => setLanguage('zh-CN'));

test('each kind that the server knows is told in its own words, in the reader’s language, without its detail', () => {
  expect(kinds.length).toBeGreaterThan(40);
  for (const language of ['zh-CN', 'en'] as const) {
    setLanguage(language);
    for (const { name, titles } of kinds) {
      const words = why(refused(name, titles[language]));
      expect(words, name).toContain(titles[language]);
      for (const raw of RAW) expect(words, name).not.toMatch(raw);
      if (language === 'zh-CN') expect(words, name).not.toMatch(/[A-Za-z]{5,}/);
    }
  }
});

test('what exactly is wrong with what was filled in is told where there are words for it', () => {
  const told = (detail: string) => why(refused('malformed', '提交的内容格式不对。', detail));
  expect(told('from: a day such as 2026-11-16')).toContain('日期要写成');
  expect(told('login: 2 to 50 of a–z, 0–9, - . _')).toContain('登录名要');
  expect(told('new: 12 to 200 characters')).toContain('密码要 12 到 200 个字符');
  expect(told('new: another than the old one')).toContain('不能与原密码相同');
  expect(told('anything else')).toContain('请检查填写的内容');
  expect(why(Problem.told(429, { type: 'urn:ruhu:problem:too-many-requests', title: '请求太频繁，请稍后再试。' }, 7000))).toContain('请等 7 秒再试');
});

test('no answer, somebody else’s, and what nobody foresaw are told in words', () => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  expect(why(new Problem(0, '', 'TypeError: Failed to fetch'))).toContain('连不上服务器');
  expect(why(Problem.told(502, {}))).toContain('服务器暂时没有正确回答');
  expect(why(new TypeError('undefined is not a function'))).toContain('出了意外');
  expect(why('nonsense')).toContain('出了意外');
  const gone = new Error('the file is gone');
  gone.name = 'NotReadableError';
  expect(why(gone)).toContain('请重新选择');
  expect(why(new Told('没有可印的。'))).toBe('没有可印的。');
});
