/** A desk: a browser with the console, as a supervisor or an admin has it. */

import { mkdirSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, expect, type Browser, type BrowserContext, type Locator, type Page } from '@playwright/test';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const SHOTS = 'e2e/shots';
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];
export const PASSWORD = 'ruhu-demo-2026';

export type Language = 'zh-CN' | 'en';

export class Desk {
  /** What the page complained of. */
  readonly complaints: string[] = [];

  private constructor(
    private readonly browser: Browser,
    readonly context: BrowserContext,
    readonly page: Page,
    readonly language: Language,
    private readonly origin: string,
    private readonly isMirrored: boolean,
  ) {
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? error.message));
    page.on('console', (message) => {
      const isExpected = /Failed to load resource|net::ERR/.test(message.text());
      if (message.type() === 'error' && !isExpected) this.complaints.push(message.text());
    });
  }

  static async start(origin: string, language: Language = 'zh-CN', isMirrored = false): Promise<Desk> {
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic'],
      env: { ...process.env, TZ: 'Asia/Shanghai' },
    });
    const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: language });
    context.setDefaultTimeout(20_000);
    if (isMirrored) await context.addInitScript(() => localStorage.setItem('ruhu.mirror', 'yes'));
    return new Desk(browser, context, await context.newPage(), language, origin, isMirrored);
  }

  async remove(): Promise<void> {
    await this.browser.close();
  }

  async open(path = '/console/'): Promise<void> {
    await this.page.goto(this.origin + path);
  }

  async signIn(login: string, password = PASSWORD): Promise<void> {
    await this.open();
    await this.page.fill('input[name=login]', login);
    await this.page.fill('input[name=password]', password);
    await this.button('登录', 'Sign in').click();
  }

  words(zh: string, en: string): string {
    return this.language === 'en' ? en : zh;
  }

  button(zh: string, en: string): Locator {
    return this.page.getByRole('button', { name: this.words(zh, en), exact: true });
  }

  /** Opens a section. */
  async section(zh: string, en: string): Promise<void> {
    // How many wait there may stand behind it.
    const name = new RegExp(`^${this.words(zh, en)} ?(\\d+\\+?)?$`);
    await this.page.locator('nav.side').getByRole('link', { name }).click();
    await expect(this.page.getByRole('heading', { level: 1, name: this.words(zh, en), exact: true })).toBeVisible();
  }

  /** Chooses one of many that are searched, with the keyboard alone. */
  async choose(field: Locator, text: string): Promise<void> {
    await field.focus();
    await this.page.keyboard.press('Enter');
    await expect(this.page.getByRole('listbox')).toBeVisible();
    await this.page.keyboard.type(text);
    const options = this.page.getByRole('listbox').getByRole('option');
    await expect(options).toHaveCount(1);
    await expect(field).toHaveAttribute('aria-activedescendant', (await options.getAttribute('id')) ?? '');
    await this.page.keyboard.press('Enter');
    await expect(field).toHaveAttribute('aria-expanded', 'false');
  }

  /** Answers the open dialog that asks for a reason. */
  async because(words: string, zh: string, en: string): Promise<void> {
    const dialog = this.page.locator('dialog[open]');
    await dialog.locator('textarea').fill(words);
    await dialog.getByRole('button', { name: this.words(zh, en) }).last().click();
    await expect(dialog).toHaveCount(0);
  }

  async shot(name: string): Promise<void> {
    const folder = `${SHOTS}/${this.isMirrored ? 'rtl' : this.language}`;
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: `${folder}/console-${name}.png` });
  }

  /** The screen as it is: a picture for people, and nothing that axe finds. */
  async seen(name: string): Promise<void> {
    await this.shot(name);
    const { violations } = await new AxeBuilder({ page: this.page }).withTags(RULES).analyze();
    expect(violations.map((one) => `${name}: ${one.id} ${one.nodes[0]?.html}`)).toEqual([]);
    const width = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(width, `${name} runs out of the screen`).toBeLessThanOrEqual(0);
  }
}
