/** A tablet: a browser of its own with its own store, that can be killed and started again. */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, expect, type Browser, type BrowserContext, type Locator, type Page } from '@playwright/test';
import { until } from './server';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const SHOTS = 'e2e/shots';
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];
export const PIN = '246810';

export type Language = 'zh-CN' | 'en';

export class Tablet {
  page!: Page;
  private process: ChildProcess | undefined;
  private browser: Browser | undefined;
  context!: BrowserContext;
  /** The browser's profile. */
  readonly folder = mkdtempSync(join(tmpdir(), 'ruhu-tablet-'));
  /** The person's own folder, where the system keeps the authorities that were installed. */
  private readonly home = join(this.folder, 'home');
  /** What the page complained of. */
  readonly complaints: string[] = [];

  private constructor(
    private readonly origin: string,
    readonly language: Language,
    private readonly options: string[],
  ) {}

  /** With what a browser kept in its profile (a tar), if this is not a new one. */
  static async start(origin: string, language: Language = 'zh-CN', options: string[] = [], profile?: string): Promise<Tablet> {
    const tablet = new Tablet(origin, language, options);
    if (profile) execFileSync('tar', ['--zstd', '-xf', profile, '-C', tablet.folder]);
    await tablet.up();
    return tablet;
  }

  async up(): Promise<void> {
    rmSync(join(this.folder, 'DevToolsActivePort'), { force: true });
    this.process = spawn(
      CHROMIUM,
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--remote-debugging-port=0',
        '--use-fake-device-for-media-stream',
        `--lang=${this.language}`,
        `--accept-lang=${this.language}`,
        `--user-data-dir=${this.folder}`,
        ...this.options,
        'about:blank',
      ],
      { stdio: 'ignore', detached: true, env: { ...process.env, HOME: this.home, TZ: 'Asia/Shanghai', LANGUAGE: this.language } },
    );
    const port = join(this.folder, 'DevToolsActivePort');
    await until(async () => readFileSync(port, 'utf8').includes('\n'));
    const [number] = readFileSync(port, 'utf8').split('\n');
    this.browser = await chromium.connectOverCDP(`http://127.0.0.1:${number}`);
    this.context = this.browser.contexts()[0]!;
    await this.context.grantPermissions(['camera', 'geolocation', 'microphone'], { origin: this.origin });
    await this.context.setGeolocation({ latitude: 26.2345678, longitude: 107.2345678, accuracy: 8 });
    this.context.setDefaultTimeout(20_000);
    // As a browser in this language says it; a person may choose another.
    await this.context.addInitScript((language) => {
      const isPage = location.protocol.startsWith('http');
      if (isPage && !localStorage.getItem('ruhu.language')) localStorage.setItem('ruhu.language', language);
    }, this.language);
    this.page = this.context.pages()[0] ?? (await this.context.newPage());
    await this.page.setViewportSize({ width: 1280, height: 800 });
    this.page.on('pageerror', (error) => this.complaints.push(error.stack ?? error.message));
    this.page.on('console', (message) => {
      const isExpected = /Failed to load resource|net::ERR|Password forms/.test(message.text());
      if (message.type() === 'error' && !isExpected) this.complaints.push(message.text());
    });
  }

  /** Bytes of memory that the app's pages and workers hold, their share of what is shared (Pss, proc(5)). */
  resident(): number {
    const told = execFileSync('ps', ['-o', 'pid=,args=', '-g', String(this.process!.pid)]).toString();
    const pages = told.split('\n').filter((line) => line.includes('--type=renderer'));
    const share = (line: string) => readFileSync(`/proc/${line.trim().split(' ')[0]}/smaps_rollup`, 'utf8').match(/^Pss: +(\d+) kB/m)![1];
    return pages.reduce((sum, line) => sum + Number(share(line)) * 1024, 0);
  }

  /** Lets go of the browser, which keeps for who watches what pages load; its pages go on. `title` asks for the page's. */
  async unwatched(meanwhile: (title: () => Promise<string>) => Promise<void>): Promise<void> {
    const [port] = readFileSync(join(this.folder, 'DevToolsActivePort'), 'utf8').split('\n');
    await this.browser!.close();
    await meanwhile(async () => {
      const pages = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { type: string; title: string }[];
      return pages.find((one) => one.type === 'page')!.title;
    });
  }

  /** As the system does it when it needs the memory. */
  async kill(): Promise<void> {
    const { process: running } = this;
    if (!running) return;
    this.process = undefined;
    const gone = new Promise((done) => running.once('exit', done));
    // All of its processes at once: they are a group of their own.
    if (running.pid) process.kill(-running.pid, 'SIGKILL');
    await gone;
    await this.browser?.close().catch(() => undefined);
  }

  /** As a person closes the app: what the browser holds back is written. */
  async close(): Promise<void> {
    const gone = new Promise((done) => this.process?.once('exit', done));
    await (await this.browser!.newBrowserCDPSession()).send('Browser.close');
    await gone;
    this.process = undefined;
  }

  /** All that the browser has on the disk, by file. */
  disk(): { file: string; bytes: Buffer }[] {
    const files = readdirSync(this.folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    return files.map(({ parentPath, name }) => ({ file: join(parentPath, name), bytes: readFileSync(join(parentPath, name)) }));
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  async open(path = '/tablet/'): Promise<void> {
    await this.page.goto(this.origin + path);
  }

  /** As the settings of Android do it with a file that was downloaded. */
  trust(authority: string): void {
    const database = join(this.home, '.pki/nssdb');
    mkdirSync(database, { recursive: true });
    const certutil = (...options: string[]) => execFileSync('certutil', ['-d', `sql:${database}`, ...options]);
    certutil('-N', '--empty-password');
    certutil('-A', '-n', 'ruhu', '-t', 'C,,', '-i', authority);
  }

  async enrol(code: string): Promise<void> {
    await this.open();
    await this.page.fill('input[name=code]', code);
    await this.setPin();
  }

  async setPin(): Promise<void> {
    await this.page.fill('input[name=pin]', PIN);
    await this.page.fill('input[name=again]', PIN);
    await this.button('绑定', 'Enrol').click();
    await this.page.waitForSelector('nav.tabs');
  }

  async unlock(pin = PIN): Promise<void> {
    await this.page.fill('input[name=pin]', pin);
    await this.button('打开', 'Open').click();
  }

  /** The app is all on the tablet, and the records are. */
  async isReady(households: number): Promise<void> {
    await this.page.evaluate(() => navigator.serviceWorker.ready);
    const words = this.words(`去走访（${households} 户）`, `Go visiting (${households} households)`);
    await expect(this.page.getByRole('link', { name: words })).toBeVisible();
  }

  words(zh: string, en: string): string {
    return this.language === 'en' ? en : zh;
  }

  button(zh: string, en: string): Locator {
    return this.page.getByRole('button', { name: this.words(zh, en), exact: true });
  }

  link(zh: string, en: string): Locator {
    return this.page.getByRole('link', { name: this.words(zh, en), exact: true });
  }

  async tab(zh: string, en: string): Promise<void> {
    await this.page.locator('nav.tabs').getByRole('link', { name: this.words(zh, en) }).click();
  }

  question(path: string): Locator {
    return this.page.locator(`[data-path="${path}"]`);
  }

  /** Opens a household's dossier by what is typed into the search. */
  async find(words: string): Promise<void> {
    await this.tab('农户', 'Households');
    await this.page.getByRole('searchbox').fill(words);
    await this.page.locator('ul.list a').first().click();
    await expect(this.page.getByRole('heading', { name: this.words('基本情况', 'The household') })).toBeVisible();
  }

  async network(isThere: boolean): Promise<void> {
    await this.context.setOffline(!isThere);
  }

  async shot(name: string): Promise<void> {
    const { isMirrored } = await this.page.evaluate(() => ({ isMirrored: document.documentElement.dir === 'rtl' }));
    const folder = `${SHOTS}/${isMirrored ? 'rtl' : this.language}`;
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: `${folder}/${name}.png` });
  }

  /** Takes a picture of a screen, and holds it to WCAG 2.1 AA and to what is good practice. */
  async seen(what: string): Promise<void> {
    await this.shot(what);
    const { violations } = await new AxeBuilder({ page: this.page }).withTags(RULES).analyze();
    expect(violations.map((one) => `${what}: ${one.id} ${one.nodes[0]?.html}`)).toEqual([]);
  }

  /** Draws a line across the place to sign. */
  async sign(at = 0): Promise<void> {
    const canvas = this.page.locator('.pad canvas').nth(at);
    await canvas.scrollIntoViewIfNeeded();
    const box = (await canvas.boundingBox())!;
    await this.page.mouse.move(box.x + 60, box.y + 80);
    await this.page.mouse.down();
    for (let step = 0; step < 20; step += 1) {
      await this.page.mouse.move(box.x + 60 + step * 12, box.y + 80 + Math.sin(step / 2) * 30);
    }
    await this.page.mouse.up();
  }
}
