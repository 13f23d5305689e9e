import { beforeEach, expect, test, vi } from 'vitest';
import { setLanguage } from '../../i18n';
import { detailWords, subjectWords } from './detail';

// What a page has and a test's runner has not.
vi.hoisted(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value) });
  vi.stubGlobal('document', { documentElement: {}, createElement: () => ({}) });
  vi.stubGlobal('navigator', { language: 'zh-CN' });
  vi.stubGlobal('location', { origin: 'http://127.0.0.1' });
});
beforeEach(() => setLanguage('zh-CN'));

const ID = '01a22757-f172-73e9-b113-c4bdec90e213';
const HASH = 'f'.repeat(64);
const nameOf = (code: string) => ({ 529901100201: '桃源村' })[code] ?? '';

test('what was done is told in words, and ids and hashes are not', () => {
  const cases: [action: string, detail: Record<string, unknown>, words: string][] = [
    ['decide_visit', { verdict: 'returned', status: 'returned' }, '退回 · 现在：已退回'],
    ['decide_visit', { verdict: 'undone', status: 'submitted' }, '撤销 · 现在：已提交'],
    ['release_form', { version: HASH, area: '529901100201', reason: '试点' }, '桃源村 · 理由：试点'],
    ['release_form', { version: null, area: '529901100201', reason: '停用' }, '桃源村 · 停用 · 理由：停用'],
    ['add_person', { login: 'xin', grant: { role: 'cadre', area: '529901100201', from: null, until: null } }, 'xin · 村干部 桃源村'],
    ['grant', { role: 'auditor', area: '529901100201', from: null, until: '2026-12-31' }, '审计员 桃源村 2026-12-31'],
    ['end_grant', { grant: ID, area: '529901100201' }, '桃源村'],
    ['set_retention', { days: 730, reason: '两年' }, '730 天后清除 · 理由：两年'],
    ['set_retention', { days: null, reason: '长期' }, '一直保存 · 理由：长期'],
    ['look', { kind: 'household', access: ID }, '整户资料'],
    ['settle_conflict', { choice: 'swapped' }, '已改用另一个'],
    ['settle_held', { settlement: 'discarded' }, '未采用，原样保留'],
    ['answer_finding', { answer: 'explained' }, '已说明'],
    ['note_outcome', { item: 3, outcome: 'differs' }, '不符'],
    ['publish_rules', { version: 4, reason: '新标准' }, '第 4 版 · 理由：新标准'],
    ['export', { area: null, from: '2026-11-16', until: '2026-11-30' }, '2026-11-16 – 2026-11-30'],
    ['export', { ids: true }, '含敏感内容'],
    ['import_areas', { added: ['529901102000'], renamed: [], reopened: ['529901100299'] }, '新增 1 个 · 重新启用 1 个'],
    ['assign_tasks', { set: 104, due: '2026-12-01' }, '104 户 · 2026-12-01 前完成'],
    ['refuse_sign_in', { from: '10.1.2.3' }, '来自 10.1.2.3'],
    ['remove_records', { tablet: ID, records: 3, deleted: ['household/a'], moved: ['member/b', 'visit/c'] }, '删除 1 条 · 转到别村 2 条'],
    ['something_new', { token: ID, hash: HASH, nested: { a: [1] } }, ''],
  ];
  for (const [action, detail, words] of cases) expect(detailWords({ action, detail }, nameOf), action).toBe(words);
});

test('what it is about is called by its name, or not at all', () => {
  expect(subjectWords({ subject: ID, subject_name: '罗大山' })).toBe('罗大山');
  for (const subject of [ID, `${ID}/3`, HASH, 'household.phone', '529901100201']) expect(subjectWords({ subject }), subject).toBe('');
});
