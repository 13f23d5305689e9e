/**
 * Whatever is refused at a desk, the screen where it happens says so in words: no silence, and nothing
 * raw. Each kind of problem that a screen can meet is provoked on it, when it loads and when it acts.
 */

import { expect, test, type Locator, type Page, type Request, type Route } from '@playwright/test';
import { Desk, PASSWORD } from '../stage/desk';
import { enrolled } from '../stage/enrolled';
import { answer as plain, inWords, KINDS, notRaw, RAW, screenOf } from '../stage/refused';
import { roster } from '../stage/roster';
import { Server, type Caller } from '../stage/server';

/** What only tablets are answered, and nobody at a desk. */
const TABLETS = ['enrolment-refused', 'tablet-only', 'mismatch', 'offset-mismatch', 'checksum-mismatch', 'hash-mismatch', 'upload-gone', 'upload-taken-over', 'upload-unfinished', 'tus-version', 'media-full', 'storage-full', 'day-spent'];
/** What screens can be answered when they ask for something to show. */
const LOADING = ['not-found', 'forbidden', 'malformed', 'too-slow', 'too-many-requests', 'unavailable', 'database-unavailable', 'busy', 'internal'];
/** What the console says itself, since nobody of ours answered. */
const PORTAL = '服务器暂时没有正确回答';
const OFFLINE = '连不上服务器';
/** Words that are Chinese by now, and names that the test gave. */
const KNOWN = /Excel|CSV|“?[\w-]+\.(csv|md|zip)”?/g;

interface Way {
  name: string;
  words: string;
  by: (route: Route) => Promise<void>;
}

let server: Server;
let admin: Caller;
let desk: Desk;
let page: Page;
/** Screens that are about one of many, by what that is. */
let one: Record<'visit' | 'doubted' | 'household' | 'form' | 'sample' | 'roster' | 'notice', string>;
/** What was silent, or raw. */
let wrong: string[];
/** The kinds that screens were answered. */
const met = new Set<string>();

test.beforeAll(async () => {
  server = await Server.start();
  admin = await server.as('admin');
  const { csv } = await roster(admin, '529901100202', 3);
  const what = { name: '参保清单', department: '医保局（虚构）', area: '529901100202', as_of: '2026-11-20', expects: 'listed' };
  await admin.post(`/api/v1/rosters?${new URLSearchParams(what)}`, new Blob([csv]));
  await admin.post('/api/v1/samples', { area: '529901100000', collection: 'household', per_group: 2, reason: '核实走访' });
  await enrolled(server, server.code('cadre'));
  const first = async <T>(path: string) => {
    const found = await admin.get<{ items: T[] } | T[]>(path);
    return (Array.isArray(found) ? found : found.items)[0]!;
  };
  const { visit } = await first<{ visit: { id: string; subject: string } }>('/api/v1/visits?limit=1');
  const doubt = await first<{ subject: string }>('/api/v1/findings?rule=photo/reused');
  const id = async (path: string) => (await first<{ id: string }>(path)).id;
  one = {
    visit: visit.id,
    doubted: doubt.subject,
    household: visit.subject,
    form: await id('/api/v1/forms'),
    sample: await id('/api/v1/samples'),
    roster: await id('/api/v1/rosters'),
    notice: await id('/api/v1/records?collection=notice&limit=1'),
  };
  await admin.post('/api/v1/tasks', { batch: crypto.randomUUID(), title: '补拍照片', households: [one.household] });
});
test.afterAll(() => server.remove());
test.beforeEach(async () => {
  wrong = [];
  desk = await Desk.start(server.address);
  page = desk.page;
  page.setDefaultTimeout(5_000);
});
test.afterEach(async () => {
  expect(wrong).toEqual([]);
  expect(desk.complaints).toEqual([]);
  await desk.remove();
});

/** Opens a screen within the page, as a link in it does. */
async function go(path: string): Promise<void> {
  await page.evaluate((to) => {
    history.pushState(null, '', `/console${to}`);
    dispatchEvent(new PopStateEvent('popstate', { state: null }));
  }, path);
}

/** Goes where nothing is asked for, so that a screen is opened anew. */
async function leave(): Promise<void> {
  await go('/help');
  await expect(page.locator('.bar h1').first()).toHaveText('使用帮助');
}

/** What was said of the try before is no answer to this one. */
async function unsay(): Promise<void> {
  await page.evaluate(() => document.querySelectorAll<HTMLElement>('.toast [role=alert]').forEach((said) => (said.style.display = 'none')));
}

/** What is said, once it holds these words, and what the screen holds; all in the page, where it is quick. */
async function heard(words: string): Promise<{ said: string; screen: string; isThere: boolean }> {
  return page.evaluate(async (wanted) => {
    const seen = (one: Element) => one.checkVisibility() && !!(one as HTMLElement).innerText.trim();
    const said = () => [...document.querySelectorAll<HTMLElement>('[role=alert]')].filter(seen).map((one) => one.innerText);
    const patience = performance.now() + 15_000;
    while (!said().some((one) => one.includes(wanted)) && performance.now() < patience) await new Promise(requestAnimationFrame);
    const screen = [...document.querySelectorAll<HTMLElement>('main')].map((one) => one.innerText).join('\n');
    const found = said().filter((one) => one.includes(wanted));
    return { said: found.join('\n'), screen, isThere: found.length > 0 };
  }, words);
}

/** The screen says these words, and nothing that is raw; what is otherwise is kept, and the walk goes on. */
async function says(what: string, words: string, raws: RegExp[] = []): Promise<void> {
  const { said, screen, isThere } = await heard(words);
  try {
    if (!isThere) throw new Error(`${what}: nothing is said`);
    inWords(said, what, KNOWN);
    notRaw(screen, what, raws, KNOWN);
  } catch (error) {
    wrong.push((error as Error).message.split('\n').slice(0, 8).join(' | '));
  }
}

/** Answers as the server would, and keeps that it was asked. */
const answer = (kind: string, members: object = {}) => (route: Route): Promise<void> => {
  met.add(kind);
  return plain(kind, undefined, members)(route);
};
const offline: Way = { name: 'offline', words: OFFLINE, by: (route) => route.abort('internetdisconnected') };
const portal: Way = { name: 'a portal', words: PORTAL, by: (route) => route.fulfill({ status: 200, contentType: 'text/html', body: '<html>Please sign in to this Wi-Fi</html>' }) };
const proxy: Way = { name: 'a proxy', words: PORTAL, by: (route) => route.fulfill({ status: 502, body: '' }) };
const refused = (kind: string): Way => ({ name: kind, words: KINDS.get(kind)!.title, by: answer(kind) });

const SCREENS = () => [
  '/overview', '/findings', '/triage', '/visits', `/visits/${one.visit}`, '/households', `/households/${one.household}`, '/tasks', '/deliveries', '/conflicts', '/held',
  '/samples', `/samples/${one.sample}`, '/rosters', `/rosters/${one.roster}`, '/ledgers', '/exports', '/forms', `/forms/${one.form}`, '/templates', '/templates/student_aid',
  '/library', '/library?of=registers', '/library?of=rules', '/rules/monitoring', '/people', '/imports', '/devices', '/devices/x', '/privacy', '/audit', '/policy', '/jobs', '/account',
];

/** What is fetched once and kept, and what is told where it is opened. */
const QUIET = /\/bundles|\/areas$|\/me\/views$/;

test('loading: each screen says why it can’t show what it should, whatever of it is refused', async () => {
  await desk.signIn('admin');
  await expect(page.locator('.look .stage img')).toBeVisible();
  /** What screens ask for: not who one is, what is counted beside the sections, or pictures. */
  const isAsked = (url: URL) => /^\/(api|sync)\/v1\//.test(url.pathname) && !/\/(me|session|live|session\/refresh)$|\/thumbnails\//.test(url.pathname);
  let way: Way | undefined;
  let only: string | undefined;
  let asked: string[] = [];
  await page.route(isAsked, (route) => {
    const { pathname: path, searchParams } = new URL(route.request().url());
    const method = route.request().method();
    const isCounted = searchParams.get('limit') === '51';
    const isRead = (method === 'GET' && !isCounted) || (method === 'POST' && path.endsWith('/review/claims'));
    if (isRead) asked.push(path);
    return way && isRead && (!only || only === path) ? way.by(route) : route.continue();
  });
  const open = new Set<Request>();
  page.on('request', (request) => isAsked(new URL(request.url())) && open.add(request));
  page.on('requestfinished', (request) => open.delete(request));
  page.on('requestfailed', (request) => open.delete(request));
  for (const path of SCREENS()) {
    await test.step(path, async () => {
      // What it asks for when all is well, and holds then.
      [way, only] = [undefined, undefined];
      // The screen before may have tried again meanwhile: that is not this one's.
      await leave();
      await expect.poll(() => open.size, { intervals: [20] }).toBe(0);
      asked = [];
      await go(path);
      await expect.poll(() => asked.length > 0 && open.size === 0, { intervals: [20], message: path }).toBe(true);
      const singles = [...new Set(asked)].filter((one) => !QUIET.test(one) && !(path === '/triage' && !one.endsWith('/claims')));
      notRaw(await screenOf(page), path, path.startsWith('/templates/') ? RAW.filter((raw) => !raw.test('{}')) : RAW);
      // Each by itself.
      for (const single of singles) {
        await leave();
        await unsay();
        [way, only] = [refused('internal'), single];
        await go(path);
        await says(`${path}: ${single}`, way.words, RAW);
      }
      // All of it, in each way; tried again from where it says so, if it can be.
      only = undefined;
      for (way of [...LOADING.map(refused), offline, portal, proxy]) {
        await unsay();
        const isAgain = await page.evaluate(() => {
          const again = [...document.querySelectorAll<HTMLElement>('.main button')].find((one) => one.innerText === '再试一次' && one.checkVisibility());
          again?.click();
          return again !== undefined;
        });
        if (!isAgain) {
          await leave();
          await go(path);
        }
        await says(`${path}: ${way.name}`, way.words, RAW);
      }
    });
  }
  // What is fetched once and kept, where it can’t be had when the page is opened.
  for (const [kept, path] of [['/api/v1/areas', '/overview'], ['/api/v1/bundles', '/households']] as const) {
    [way, only] = [refused('internal'), kept];
    await desk.open(`/console${path}`);
    await says(`${path}: ${kept}`, way.words, RAW);
  }
});

/** Something that is done on a screen: what it asks, how it can be refused, and how it is done. */
interface Act {
  at: string;
  what: string;
  asks: [method: string, path: RegExp];
  kinds: string[];
  ready?: () => Promise<void>;
  act: () => Promise<void>;
  /** What only it is told, by kind: words of its own, or each thing that is wrong. */
  own?: Record<string, { words?: string; problems?: object[] }>;
  /** What can’t be sent is sent again by itself. */
  isRetried?: boolean;
}

const button = (name: string | RegExp, within: Page | Locator = page) => within.getByRole('button', { name, exact: true }).first();
const press = async (name: string | RegExp, within?: Locator) => button(name, within).click();
const dialog = () => page.locator('dialog[open]');
const because = (action: string) => desk.because('试一试', action, action);
const text = (name: string, mimeType = 'text/csv', body = '村,户主姓名\n') => ({ name, mimeType, buffer: Buffer.from(body) });
const choose = (field: string, file: ReturnType<typeof text>) => page.setInputFiles(`input[name=${field}]`, file);
const LINE = [{ line: 2, zh: '没有这个村，或者不归您管', en: 'There is no such village.' }];

let tries = 0;
const ACTS = (): Act[] => [
  {
    at: '/triage', what: 'flags a visit', asks: ['POST', /visits\/.*\/decisions$/], kinds: ['stale-view', 'claimed', 'passed-already', 'own-work', 'not-applicable'], isRetried: true,
    act: async () => {
      await expect(page.locator('.look .stage img')).toBeVisible();
      await page.keyboard.press('f');
      await expect(dialog()).toBeVisible();
      await page.keyboard.press('5');
      await page.keyboard.press('Enter');
      await expect(dialog()).toHaveCount(0);
    },
  },
  {
    at: '/visits?status=submitted', what: 'returns many', asks: ['POST', /visits\/.*\/decisions$/], kinds: ['stale-view', 'claimed', 'not-applicable'],
    ready: () => page.getByRole('checkbox', { name: /^选择 / }).first().check(),
    act: async () => {
      await press(/^退回 \d+ 次/);
      await press(/照片看不清/, dialog());
      await press(/^退回 Enter/, dialog());
    },
  },
  {
    at: '/visits', what: 'keeps a view', asks: ['PUT', /me\/views$/], kinds: ['malformed', 'too-large'],
    ready: () => press('常用视图'),
    act: async () => {
      await page.getByPlaceholder('视图名称').fill('我的');
      await press('保存当前视图');
    },
  },
  { at: `/visits/${one.visit}`, what: 'returns one', asks: ['POST', /decisions$/], kinds: ['stale-view', 'claimed', 'not-applicable', 'not-found'], act: async () => (await press(/^退回/), because('退回')) },
  {
    at: `/visits/${one.visit}`, what: 'asks for what is hidden', asks: ['GET', /visits\/[^/]*\?reason/], kinds: ['reason-needed', 'forbidden'],
    act: async () => {
      await press('查看敏感内容');
      await desk.because(`核对 ${(tries += 1)}`, '查看敏感内容', '');
    },
  },
  { at: `/visits/${one.doubted}`, what: 'explains a doubt', asks: ['POST', /findings\/.*\/answers$/], kinds: ['stale-view', 'not-applicable', 'settled-already'], act: async () => (await press('说明原因'), because('保存')) },
  {
    at: '/households', what: 'looks for a value', asks: ['POST', /records\/search$/], kinds: ['reason-needed', 'malformed'],
    act: async () => (await page.fill('input[name=value]', '13800000000'), await press('查找'), because('查找')),
  },
  { at: `/households/${one.household}`, what: 'gives all out', asks: ['GET', /holding\?/], kinds: ['not-found'], act: async () => (await press('导出全户资料'), because('导出')) },
  { at: `/households/${one.household}`, what: 'erases', asks: ['POST', /erasure$/], kinds: ['not-found', 'everywhere'], act: () => press('清除全户资料') },
  {
    at: `/tasks?household=${one.household}`, what: 'sets a task', asks: ['POST', /tasks$/], kinds: ['malformed', 'not-found', 'too-large'],
    act: async () => {
      await page.fill('input[name=task]', '补拍照片');
      await press('布置', page.locator('form'));
      await press('布置', dialog());
    },
  },
  { at: '/tasks', what: 'changes a task', asks: ['PUT', /tasks\//], kinds: ['stale-view', 'not-applicable'], act: async () => (await press('修改'), await press('保存', dialog())) },
  {
    at: '/deliveries?template=student_aid', what: 'prints many', asks: ['POST', /prints$/], kinds: ['not-found', 'unprintable'],
    own: { 'not-found': { words: '这里还没有签过的告知书' } },
    ready: () => press('批量印制'),
    act: async () => (await press('开始印制'), because('开始印制')),
  },
  {
    at: `/notices/${one.notice}`, what: 'reads a notification', asks: ['GET', /notices\/[^/]*\?reason/], kinds: ['reason-needed', 'not-found'],
    act: async () => {
      const why = page.locator('input[name=reason]');
      await expect(why.or(button('再试一次'))).toBeVisible();
      if (!(await why.isVisible())) return press('再试一次');
      await why.fill('核对');
      await press('查看');
    },
  },
  { at: '/conflicts', what: 'settles a conflict', asks: ['POST', /settle$/], kinds: ['stale-view', 'settled-already', 'not-applicable'], act: async () => (await press('维持现在的'), because('保存')) },
  { at: '/held', what: 'takes over what came', asks: ['POST', /settle$/], kinds: ['settled-already', 'not-applicable'], act: async () => (await press('采用'), because('保存')) },
  {
    at: '/held', what: 'corrects what came', asks: ['POST', /settle$/], kinds: ['not-applicable', 'malformed'],
    act: async () => {
      await press('改正后采用');
      await dialog().getByLabel('住址').fill('六组 9 号');
      await because('采用改正后的内容');
    },
  },
  {
    at: '/samples', what: 'draws a sample', asks: ['POST', /samples$/], kinds: ['malformed', 'not-found'],
    ready: async () => {
      await desk.choose(page.locator('form').getByRole('combobox', { name: '区域' }), '青溪镇');
      await page.fill('input[name=reason]', '核实走访');
    },
    act: () => press('抽取回访名单', page.locator('form')),
  },
  { at: `/samples/${one.sample}`, what: 'notes a call', asks: ['POST', /outcomes$/], kinds: ['not-found', 'malformed'], act: () => press('相符') },
  {
    at: '/rosters', what: 'compares a list', asks: ['POST', /rosters\/compare/], kinds: ['roster-invalid', 'too-large', 'malformed'],
    own: { 'roster-invalid': { problems: LINE } },
    ready: async () => {
      await page.fill('input[name=name]', '参保清单');
      await page.fill('input[name=department]', '医保局');
      await desk.choose(page.getByRole('combobox', { name: '区域' }), '529901100202');
      await page.fill('input[name=as-of]', '2026-11-20');
      await choose('roster', text('canbao.csv'));
    },
    act: () => press('先比对看看'),
  },
  { at: `/rosters/${one.roster}`, what: 'answers the department', asks: ['GET', /reply|\.csv/], kinds: ['not-found'], act: () => press('回复（CSV）') },
  { at: '/ledgers', what: 'takes a ledger away', asks: ['GET', /sheet\.xlsx/], kinds: ['malformed', 'not-found', 'range-not-satisfiable'], act: () => press('Excel') },
  {
    at: '/exports', what: 'takes answers away', asks: ['GET', /answers\.xlsx/], kinds: ['reason-needed', 'not-found', 'too-large'],
    ready: () => page.locator('input[name=reason]').first().fill('半月汇总'),
    act: () => press('Excel'),
  },
  {
    at: '/forms', what: 'uploads a form', asks: ['POST', /forms\/check$/], kinds: ['form-invalid', 'unsupported-media-type', 'too-large'],
    own: { 'form-invalid': { words: '有 1 处错误', problems: [{ severity: 'error', sheet: 'survey', cell: 'A2', message: '没有这个类型。', excerpt: null }] } },
    ready: () => press('上传调查表'),
    act: () => choose('form', text('one.md', 'text/markdown', '| survey |\n')),
  },
  {
    at: `/forms/${one.form}`, what: 'withdraws a form', asks: ['POST', /releases$/], kinds: ['form-untried', 'form-incomplete', 'everywhere'],
    ready: () => desk.choose(page.getByRole('combobox', { name: '发布到' }), '青溪镇'),
    act: async () => (await press('在该区域停用'), because('在该区域停用')),
  },
  { at: `/forms/${one.form}`, what: 'tries a form', asks: ['POST', /trials$/], kinds: ['malformed', 'not-found'], ready: () => press('预览与试填'), act: () => press('用这些数据试填') },
  {
    at: '/templates/student_aid', what: 'checks a template', asks: ['POST', /sample\.pdf/], kinds: ['template-invalid', 'unprintable'],
    own: { 'template-invalid': { words: '没有这个字段', problems: [{ path: 'paragraph 1 text zh-CN', paragraph: 1, words: '没有这个字段，请改正。' }] } },
    ready: () => press('修改'),
    act: () => press('检查并看样张'),
  },
  {
    at: '/library', what: 'installs a pack', asks: ['POST', /packs\?/], kinds: ['pack-invalid', 'too-large'],
    own: { 'pack-invalid': { words: '1 处', problems: [{ file: 'pack.toml', words: '没有名称。' }] } },
    ready: () => press('安装业务包'),
    act: () => choose('pack', text('wells.zip', 'application/zip')),
  },
  { at: '/library', what: 'goes back to a pack', asks: ['POST', /back$/], kinds: ['everywhere', 'not-found'], act: () => press('看看会变什么') },
  {
    at: '/rules/monitoring', what: 'tries rules', asks: ['POST', /rules\/trial$/], kinds: ['rules-invalid', 'malformed'],
    own: { 'rules-invalid': { words: '1 处', problems: [{ rule: 'nobody', words: '没有这个字段。' }] } },
    ready: () => press('修改'),
    act: () => press('在农户上试算'),
  },
  {
    at: '/people', what: 'adds a person', asks: ['POST', /people$/], kinds: ['login-taken', 'malformed', 'everywhere'],
    ready: async () => {
      await press('添加人员');
      const form = page.locator('form.card');
      await form.locator('input[name=new-login]').fill('xin');
      await form.locator('input[name=new-name]').fill('新干部');
      await desk.choose(form.getByRole('combobox', { name: '区域' }), '529901100201');
    },
    act: () => press('添加人员', page.locator('form.card')),
  },
  { at: '/people', what: 'makes a code', asks: ['POST', /enrolment-codes$/], kinds: ['not-found'], act: () => press('平板绑定码') },
  { at: '/people', what: 'stops a person', asks: ['POST', /disable$/], kinds: ['not-oneself', 'everywhere'], act: async () => (await press('停用'), await press('确定', dialog())) },
  {
    at: '/people', what: 'grants more', asks: ['POST', /grants$/], kinds: ['malformed', 'everywhere'],
    ready: async () => {
      await press('授予职责');
      await desk.choose(dialog().getByRole('combobox', { name: '区域' }), '529901100201');
    },
    act: () => press('授予职责', dialog()),
  },
  {
    at: '/areas', what: 'checks a table of areas', asks: ['POST', /areas\/import/], kinds: ['areas-invalid', 'everywhere', 'too-large'],
    own: { 'areas-invalid': { words: '1 处', problems: LINE } },
    ready: () => page.getByLabel('或粘贴在这里').fill('代码,名称\n529901102000,新设乡\n'),
    act: () => press('检查'),
  },
  { at: '/areas', what: 'closes an area', asks: ['POST', /close$/], kinds: ['area-in-use', 'everywhere'], act: async () => (await press(/^关闭 /, page.locator('table')), await press('关闭', dialog())) },
  {
    at: '/imports', what: 'looks at a table', asks: ['POST', /records\/import/], kinds: ['import-invalid', 'too-large'],
    own: { 'import-invalid': { problems: LINE } },
    ready: () => choose('table', text('nonghu.csv')),
    act: () => press('先检查'),
  },
  { at: '/devices', what: 'blocks a tablet', asks: ['POST', /block$/], kinds: ['not-found', 'device-revoked'], act: async () => (await press('停用'), await press('停用', dialog())) },
  { at: '/devices', what: 'reports a tablet', asks: ['POST', /revocations$/], kinds: ['malformed'], act: async () => (await press('报失'), because('报失')) },
  { at: '/devices', what: 'hands a file in', asks: ['POST', /hand-in$/], kinds: ['hand-in-refused', 'too-large', 'malformed'], act: () => choose('unsent', text('ruhu.jsonl')) },
  { at: '/policy', what: 'sets the policy', asks: ['PUT', /policy$/], kinds: ['malformed', 'everywhere'], act: async () => (await press('保存'), because('保存')) },
  { at: '/jobs', what: 'tries work again', asks: ['POST', /requeue$/], kinds: ['not-found'], act: () => press('重试') },
  { at: '/audit', what: 'checks the trail', asks: ['GET', /audit\/check$/], kinds: ['unavailable', 'method-not-allowed'], act: () => press('校验') },
  {
    at: '/privacy', what: 'sets a period', asks: ['PUT', /retention\//], kinds: ['malformed', 'everywhere'],
    ready: async () => void (await page.getByLabel('基础数据').selectOption('task')),
    act: async () => (await press('设定期限'), because('保存')),
  },
  {
    at: '/account', what: 'changes the password', asks: ['POST', /me\/password$/], kinds: ['sign-in-refused', 'malformed', 'password-common'],
    act: async () => {
      await page.getByLabel('原密码').fill('something');
      await page.getByLabel(/^新密码/).fill('something-else');
      await press('保存');
    },
  },
  { at: '/account', what: 'begins a code', asks: ['POST', /second-factor$/], kinds: ['not-applicable'], act: () => press('开启') },
  {
    at: '/account', what: 'confirms a code', asks: ['POST', /confirmation$/], kinds: ['code-refused'],
    ready: () => press('开启'),
    act: async () => (await page.fill('input[name=factor-code]', '000000'), await press('确认开启')),
  },
];

/** What waits for somebody, as tablets would bring it about. */
async function waiting(): Promise<void> {
  const side = (address: string) => ({ at: Date.now(), author_name: '村干部甲（虚构）', values: { 4: address } });
  const conflict = {
    id: one.household, collection: 'household', group: 4, label: '住址', title: '罗大山', policy: 'latest', record: one.household, scope: 'area:529901100201',
    state: 'open', updated_at: new Date().toISOString(), version: [1, 1], winner: side('三组 9 号'), loser: side('五组 2 号'), before: { 4: '一组 1 号' },
  };
  const held = {
    applicable: true, by: '村干部乙（虚构）', incarnation: one.visit, seq: 1, is_there: true, kind: 'parked', reason: 'scope', pushed_by: one.visit, record: one.household,
    op: { collection: 'household', change: { kind: 'patch', fields: { 4: '六组 1 号' } } }, received_at: new Date().toISOString(), village: '桃源村（虚构）',
  };
  const job = { id: one.visit, kind: 'photo', key: 'a'.repeat(64), attempts: 6, dead_at: new Date().toISOString(), error: 'Error: {"code":28}' };
  const json = (body: unknown) => (route: Route) => route.fulfill({ contentType: 'application/json', body: JSON.stringify(body) });
  await page.route(/\/api\/v1\/conflicts\?/, json({ items: [conflict] }));
  await page.route(/\/api\/v1\/conflicts\/[^/]*$/, json(conflict));
  await page.route(/\/api\/v1\/quarantine\?/, (route) => json(route.request().url().includes('after=') ? [] : [held])(route));
  await page.route(/\/api\/v1\/jobs\/dead/, json({ items: [job] }));
}

test('acting: whatever is refused is told where it was done', async () => {
  await desk.signIn('admin');
  await expect(page.locator('.look .stage img')).toBeVisible();
  await waiting();
  for (const { at, what, asks, kinds, ready, act, own = {}, isRetried } of ACTS()) {
    await test.step(`${at}: ${what}`, async () => {
      await leave();
      await go(at);
      await ready?.();
      const ways = kinds.map((kind): Way => {
        const { words = KINDS.get(kind)!.title, problems } = own[kind] ?? {};
        return { name: kind, words, by: answer(kind, problems ? { problems } : {}) };
      });
      for (const way of [...ways, ...(isRetried ? [] : [offline])]) {
        const isIt = (url: URL) => asks[1].test(url.pathname + url.search);
        const by = (route: Route) => (route.request().method() === asks[0] ? way.by(route) : route.fallback());
        await page.route(isIt, by);
        await unsay();
        await act().catch((error: unknown) => wrong.push(`${what}, ${way.name}: ${(error as Error).message.split('\n')[0]}`));
        await says(`${at}: ${what}, ${way.name}`, way.words);
        await page.unroute(isIt, by);
      }
      await page.evaluate(() => document.querySelectorAll<HTMLDialogElement>('dialog[open]').forEach((one) => one.close()));
    });
  }
});

/** What can come of signing in. */
const SIGNING = ['sign-in-refused', 'code-needed', 'code-wrong', 'too-many-requests', 'malformed', 'unavailable', 'database-unavailable', 'busy', 'internal'];

test('signing in: each refusal is told, and what was typed stays', async () => {
  await desk.open();
  const signIn = page.locator('form').getByRole('button', { name: '登录', exact: true });
  await page.fill('input[name=login]', 'admin');
  await page.fill('input[name=password]', 'not-the-password');
  for (const way of [...SIGNING.map(refused), offline, portal, proxy]) {
    const by = way.by;
    await page.route('**/api/v1/session', by);
    await signIn.click();
    // Who has a code is asked for it, and told nothing of a refusal.
    if (way.name === 'code-needed') await expect(page.locator('input[name=code]')).toBeFocused();
    else await says(`signing in: ${way.name}`, way.words);
    await page.unroute('**/api/v1/session', by);
    if (way.name === 'code-needed') await page.fill('input[name=code]', '000000');
    await expect(page.locator('input[name=login]')).toHaveValue('admin');
    await expect(page.locator('input[name=password]')).toHaveValue('not-the-password');
    if (await page.locator('input[name=code]').isVisible()) await page.fill('input[name=code]', '000000');
  }
});

test('a session that ends, or is held up, says so over what one does', async () => {
  await desk.signIn('admin');
  await expect(page.locator('.look .stage img')).toBeVisible();
  await go('/people');
  await expect(page.getByRole('row').nth(1)).toBeVisible();
  for (const kind of ['second-factor-needed', 'password-change-needed']) {
    await page.route('**/api/v1/people?*', answer(kind));
    await leave();
    await go('/people');
    await says(kind, KINDS.get(kind)!.title);
    await page.unroute('**/api/v1/people?*');
  }
  // A token that is refused is exchanged, and nobody notices.
  let isFirst = true;
  await page.route('**/api/v1/people?*', (route) => {
    const refuse = isFirst;
    isFirst = false;
    return refuse ? answer('token-expired')(route) : route.continue();
  });
  await press('再试一次');
  await expect(page.getByRole('row').nth(1)).toBeVisible();
  await page.unroute('**/api/v1/people?*');
  for (const kind of ['session-ended', 'unauthenticated']) {
    await page.route('**/api/v1/people?*', answer(kind));
    await page.route('**/api/v1/session/refresh', answer('session-ended'));
    await leave();
    await go('/people');
    await says(kind, '您刚才输入的内容还在这个页面上');
    await page.unroute('**/api/v1/people?*');
    await page.unroute('**/api/v1/session/refresh');
    await signInAgain();
  }
  await page.route(/\/disable$/, answer('confirmation-needed'));
  await press('停用');
  await press('确定', dialog());
  await expect(dialog()).toContainText('请再输一次密码');
  await press('取消', dialog());
  await says('confirmation-needed', KINDS.get('confirmation-needed')!.title);
});

/** Signs in over the page, as whoever was at work on it. */
async function signInAgain(): Promise<void> {
  await page.fill('input[name=password]', PASSWORD);
  await page.locator('dialog.over').getByRole('button', { name: '登录', exact: true }).click();
  await expect(page.locator('input[name=password]')).toHaveCount(0);
}

test('what was typed or decided as the session ended is there once one is signed in again', async () => {
  await desk.signIn('admin');
  await expect(page.locator('.look .stage img')).toBeVisible();

  await test.step('what is typed into the page, and into a dialog over it', async () => {
    await go('/households');
    await page.fill('input[name=value]', '13800000000');
    await press('查找');
    await dialog().locator('textarea').fill('核对号码');
    await page.route('**/api/v1/conflicts?*', answer('session-ended'));
    await page.route('**/api/v1/session/refresh', answer('session-ended'));
    // Something happens elsewhere, and the page looks.
    await admin.post('/api/v1/tasks', { batch: crypto.randomUUID(), title: '补拍照片', households: [one.household] });
    await expect(page.locator('input[name=password]')).toBeVisible();
    // It can't be put aside.
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await expect(page.locator('input[name=password]')).toBeVisible();
    await desk.shot('signed-out');
    await page.unroute('**/api/v1/conflicts?*');
    await page.unroute('**/api/v1/session/refresh');
    await signInAgain();
    await expect(dialog().locator('textarea')).toHaveValue('核对号码');
    await expect(page.locator('input[name=value]')).toHaveValue('13800000000');
    const found = page.waitForResponse(/records\/search$/);
    await press('查找', dialog());
    expect((await found).ok()).toBe(true);
  });

  await test.step('a decision with its reason', async () => {
    await go('/triage');
    await expect(page.locator('.look .stage img')).toBeVisible();
    await page.route(/visits\/.*\/decisions$/, answer('session-ended'));
    await page.route('**/api/v1/session/refresh', answer('session-ended'));
    await page.keyboard.press('f');
    await expect(dialog()).toBeVisible();
    await page.keyboard.press('5');
    await page.keyboard.press('Enter');
    await expect(page.locator('input[name=password]')).toBeVisible();
    await page.unroute(/visits\/.*\/decisions$/);
    await page.unroute('**/api/v1/session/refresh');
    const taken = page.waitForResponse((one) => /\/decisions$/.test(one.url()) && one.ok());
    await signInAgain();
    await taken;
    await expect(page.getByText(/个决定未送达/)).toHaveCount(0);
  });
});

test('every kind that a desk can be answered was provoked here', () => {
  expect([...KINDS.keys()].filter((kind) => !met.has(kind) && !TABLETS.includes(kind))).toEqual([]);
});
