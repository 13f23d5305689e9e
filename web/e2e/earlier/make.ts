/** Makes what later builds are to open: see `tests/fixtures/README.md`. */

import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { recordId } from '../../src/api/bytes';
import { about, publish, read } from '../stage/county';
import { Postgres } from '../stage/postgres';
import { RUHU, Server, until } from '../stage/server';
import { PIN, Tablet } from '../stage/tablet';
import { all, expectedOf, inTheBrowser, ORIGIN, picture, WELL, WELL_SAMPLE } from './kept';

const TABLETS = resolve(process.env['TABLETS'] ?? '../target/debug/tablets');
const FOLDER = resolve('../tests/fixtures', process.env['FIXTURE'] ?? new Date().toISOString().slice(0, 10));
const FAR_VILLAGE = 'area:529901101201';

/** Somebody's tablet whose requests are written by hand. */
class Hand {
  private seq = 1;
  private readonly incarnation = randomUUID();

  private constructor(
    private readonly address: string,
    private readonly enrolled: { device: string; user: string; tokens: { access_token: string } },
    private readonly definitions: Map<string, string>,
  ) {}

  static async enrol(server: Server, login: string): Promise<Hand> {
    const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
    const asked = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const body = JSON.stringify({ code: server.code(login), public_key: x, label: '旧平板' });
    const enrolled = await (await fetch(`${server.address}/api/v1/devices/enrol`, { ...asked, body })).json();
    const headers = { authorization: `Bearer ${enrolled.tokens.access_token}` };
    const bundles = (await (await fetch(`${server.address}/api/v1/bundles`, { headers })).json()) as { kind: string; name: string; hash: string }[];
    const registers = bundles.filter((one) => one.kind === 'register').map((one) => [one.name, one.hash] as const);
    return new Hand(server.address, enrolled, new Map(registers));
  }

  async push(collection: string, record: string, scope: string, change: object, base?: unknown): Promise<string> {
    const { device, user, tokens } = this.enrolled;
    const at = [Date.now(), 0, 7];
    const op = { collection, record, scope, change, at, definition: this.definitions.get(collection), author: user, ...(base ? { base } : {}) };
    const clock = { wall: Date.now(), monotonic: 1, boot: 'b' };
    const request = { protocol: 1, request: randomUUID(), device, incarnation: this.incarnation, first_seq: this.seq, ops: [op], cursors: {}, budget: 4096, clock };
    this.seq += 1;
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${tokens.access_token}` };
    const answer = await (await fetch(`${this.address}/sync/v1/sync`, { method: 'POST', headers, body: JSON.stringify(request) })).json();
    return answer.outcomes[0].outcome;
  }
}

/** A county with a day's work in it, an import, a visit that went back, and something that waits for a decision. */
async function work(server: Server): Promise<void> {
  execFileSync(TABLETS, ['day', '--server', server.address, '--visits', '2', '--drop-after', '0'], { stdio: 'inherit' });
  const admin = await server.as('admin');
  const supervisor = await server.as('supervisor');
  const households = '村,户主姓名,户主身份证号,证件类型,住址\n529901100201,王山（虚构）,52990119700101123X,居民身份证,一组\n529901100201,李水（虚构）,,无,二组\n';
  await admin.post('/api/v1/records/import?collection=household', new Blob([households]));
  const visit = (await all(supervisor, 'visit')).find((one) => one.status === 'submitted' && one.fields['10'] === '月度走访');
  const { version } = await read(supervisor, visit!.id);
  const comments = [{ place: '/data/income', words: '请核实收入' }];
  await supervisor.post(`/api/v1/visits/${visit!.id}/decisions`, { version, verdict: 'returned', reason: '照片看不清', comments });
  // A household in a village that is none of theirs.
  const hand = await Hand.enrol(server, 'cadre');
  const strange = { kind: 'create', fields: { 1: '孙远（虚构）', 3: 'none', 4: '一组 9 号' } };
  expect(await hand.push('household', recordId(), FAR_VILLAGE, strange)).toBe('parked');
}

/** Starts a server of this build on a new demo county. */
async function county(further: string[] = []): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'ruhu-fixture-'));
  execFileSync(RUHU, ['demo', 'load', '--data', folder, '--visits', '2', ...further], { stdio: 'ignore' });
  return Server.on(folder, further);
}

function pack(name: string, folder: string, what: string[]): void {
  execFileSync('tar', ['-I', 'zstd -19 --long', '-cf', join(FOLDER, `${name}.tar.zst`), '--sort=name', '--owner=0', '--group=0', '-C', folder, ...what]);
}

/** What a person did with the tablet before the network was gone, and after. */
async function tabletOf(server: Server): Promise<object> {
  const tablet = await Tablet.start(ORIGIN, 'zh-CN', inTheBrowser(server.port));
  const { page } = tablet;
  const begin = async (well: string, seed: number, nth: number) => {
    await tablet.tab('农户', 'Households');
    await page.locator('ul.list a').nth(nth).click();
    await page.getByRole('button', { name: '水井' }).click();
    await tablet.question('/data/well').getByRole('textbox').fill(well);
    const photo = tablet.question('/data/picture');
    await photo.locator('input[type=file]').setInputFiles({ name: 'b.jpg', mimeType: 'image/jpeg', buffer: await picture(page, seed) });
    await expect(photo.getByRole('img')).toBeVisible();
    await expect(page.getByText('✓ 已存本机')).toBeVisible();
  };
  const finish = async () => {
    await tablet.button('下一页', 'Next').click();
    await tablet.button('提交', 'Hand in').click();
    await expect(page.getByText('已存本机，有网络时自动上传')).toBeVisible();
    return new URL(page.url()).pathname.split('/').pop()!;
  };
  await tablet.enrol(server.code('cadre'));
  await page.evaluate(() => navigator.serviceWorker.ready);
  await expect(page.getByRole('link', { name: /去走访/ })).toBeVisible();
  const supervisor = await server.as('supervisor');
  await begin('东井', 1, 0);
  const sent = await finish();
  await until(async () => (await about(supervisor, 'visit', sent)).some((one) => one.fields['10'] === '水井'));
  await expect(page.getByText('全部上传完成').or(page.getByText('已存本机，有网络时自动上传'))).toBeVisible();
  const [returned] = (await about(supervisor, 'visit', sent)).filter((one) => one.fields['10'] === '水井');
  await supervisor.post(`/api/v1/visits/${returned!.id}/decisions`, { version: returned!.version, verdict: 'returned', reason: '请重拍水井', comments: [] });
  await tablet.tab('同步', 'Sync');
  await tablet.button('立即同步', 'Sync now').click();
  await expect(page.getByText('全部上传完成，照片已逐张核对。')).toBeVisible();
  await tablet.tab('今日', 'Today');
  await expect(page.getByRole('link', { name: /水井.*待更正/ })).toBeVisible();

  await tablet.network(false);
  await begin('西井', 2, 1);
  const unsent = await finish();
  await begin('南井', 3, 2);
  await page.getByRole('button', { name: '返回' }).click();
  await tablet.tab('农户', 'Households');
  await page.locator('ul.list a').nth(3).click();
  await page.getByRole('button', { name: '修改住址' }).click();
  await page.getByRole('textbox', { name: '住址' }).fill('三组 9 号');
  await tablet.button('保存', 'Save').click();
  await expect(page.locator('dialog[open]')).toHaveCount(0);
  const moved = new URL(page.url()).pathname.split('/').pop()!;
  // A colleague writes another address meanwhile.
  const hand = await Hand.enrol(server, 'cadre2');
  const { version } = await read(supervisor, moved);
  const scope = (await read(supervisor, moved) as unknown as { scope: string }).scope;
  expect(['applied', 'merged']).toContain(await hand.push('household', moved, scope, { kind: 'patch', fields: { 4: '五组 2 号' } }, version));
  await tablet.tab('任务', 'Tasks');
  const row = page.locator('ul.list a').first();
  const told = (await row.getAttribute('href'))!.split('/').pop()!;
  await row.click();
  await tablet.link('告知签字', 'Notify and sign').click();
  await tablet.sign();
  await page.locator('footer button').click();
  await expect(page.getByRole('heading', { name: '基本情况' })).toBeVisible();
  expect(tablet.complaints).toEqual([]);
  await tablet.close();
  const parts = ['IndexedDB', 'Local Storage', 'Service Worker', 'WebStorage', 'File System', 'Storage'];
  pack('tablet', tablet.folder, parts.map((part) => join('Default', part)).filter((part) => existsSync(join(tablet.folder, part))));
  await tablet.remove();
  return { origin: ORIGIN, pin: PIN, returned: returned!.id, unsent: { household: unsent, well: '西井' }, draft: { well: '南井' }, address: { household: moved, words: '三组 9 号' }, told };
}

async function keep(name: string, server: Server, further: string[], parts: string[]): Promise<object> {
  const expected = await expectedOf(await server.as('supervisor'));
  execFileSync(RUHU, ['backup', join(server.folder, 'backups'), '--data', server.folder, ...further], { stdio: 'inherit' });
  await server.stop();
  rmSync(join(server.folder, 'media/thumbnails'), { recursive: true, force: true });
  const there = readdirSync(server.folder).filter((one) => parts.some((part) => one.startsWith(part)));
  pack(name, server.folder, there);
  return expected;
}

test('what later builds are to open', async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const sqlite = await county();
  await publish(sqlite, WELL, WELL_SAMPLE);
  await work(sqlite);
  const tablet = await tabletOf(sqlite);
  const onSqlite = await keep('sqlite', sqlite, [], ['ruhu.sqlite', 'media', 'sealing-keys.json', 'backups']);
  await sqlite.remove();

  const database = await Postgres.start();
  const further = ['--database-url', database.url()];
  const postgres = await county(further);
  await work(postgres);
  execFileSync('pg_dump', ['--no-owner', '--file', join(postgres.folder, 'dump.sql'), database.url()]);
  const onPostgres = await keep('postgres', postgres, further, ['dump.sql', 'media', 'sealing-keys.json', 'backups']);
  await postgres.remove();
  await database.stop();

  const made = execFileSync(RUHU, ['--version']).toString().trim();
  writeFileSync(join(FOLDER, 'expected.json'), `${JSON.stringify({ made, sqlite: onSqlite, postgres: onPostgres, tablet }, null, 1)}\n`);
});
