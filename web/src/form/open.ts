/** A form while it is filled in, for Vue: the engine's session and what is shown of it. */

import { computed, shallowRef, triggerRef, type ComputedRef, type ShallowRef } from 'vue';
import { loadForms, type FormSession } from './engine';
import { pagesOf, questionsIn, type Choice, type Invalid, type Item, type Page } from './types';

export interface Start {
  xform: string;
  /** Bytes by the names that the form calls its files. */
  files: Map<string, ArrayBuffer>;
  /** Rows by the ids of lists that are registers. */
  lists?: Map<string, Record<string, string>[]>;
  language: string;
  properties: Record<string, string>;
  location?: string;
  /** 64 hexadecimal digits of chance. */
  seed: string;
  /** XML of a draft, or answers of a record as JSON; neither for a new one. */
  draft?: string;
  answers?: string;
  oneByOne: () => boolean;
}

export class OpenForm {
  readonly items: ShallowRef<Item[]> = shallowRef([]);
  readonly pages: ComputedRef<Page[]>;
  /** Words that a reviewer left at questions, by their paths. */
  readonly remarks: ShallowRef<Map<string, string>> = shallowRef(new Map());
  /** Answers that were taken over from elsewhere, by path, and the words that say so. */
  readonly copied: ShallowRef<{ words: string; values: Record<string, string> } | undefined> = shallowRef();
  /** Questions whose gaps are told, since somebody tried to go on. */
  readonly tried = shallowRef(new Set<string>());

  private constructor(
    private readonly session: FormSession,
    oneByOne: () => boolean,
  ) {
    this.pages = computed(() => pagesOf(this.items.value, oneByOne()));
    this.look();
  }

  static async start(start: Start): Promise<OpenForm> {
    const engine = await loadForms();
    const files = new engine.FormFiles();
    const named = /<instance\s+id="([^"]+)"\s+src="jr:\/\/[^"]*?\/([^"/]+)"/g;
    for (const [, id, name] of start.xform.matchAll(named)) {
      const bytes = start.files.get(name!);
      const rows = start.lists?.get(id!);
      if (bytes) files.add(id!, name!, new Uint8Array(bytes));
      else if (rows) files.add_rows(id!, JSON.stringify(rows));
    }
    const world = JSON.stringify({
      now: Date.now(),
      offset: -new Date().getTimezoneOffset(),
      language: start.language,
      properties: start.properties,
      location: start.location,
      seed: start.seed,
    });
    const { xform, draft, answers } = start;
    const session = draft
      ? engine.FormSession.resume(xform, files, world, draft)
      : answers
        ? engine.FormSession.reopen(xform, files, world, answers)
        : engine.FormSession.begin(xform, files, world);
    files.free();
    return new OpenForm(session, start.oneByOne);
  }

  set(path: string, value: string): void {
    this.session.set(path, value);
    this.look();
  }

  addInstance(parent: string, name: string): string | undefined {
    const added = this.session.add_instance(parent, name);
    this.look();
    return added;
  }

  removeInstance(path: string): void {
    this.session.remove_instance(path);
    this.look();
  }

  choices(path: string): Choice[] {
    return JSON.parse(this.session.choices(path)) as Choice[];
  }

  readIn(language: string): void {
    this.session.read_in(language);
    this.look();
  }

  openOn(list: string, id: string, held: Record<string, string>): boolean {
    const opened = this.session.open_on(list, id, JSON.stringify(held));
    this.look();
    return opened;
  }

  /** What is wrong on a page that keeps from going on; it is told at the questions from now on. */
  problemsOn(page: Page): Invalid[] {
    const questions = questionsIn(page.items);
    this.tried.value = new Set([...this.tried.value, ...questions.map((one) => one.path)]);
    return questions.flatMap((one) => one.invalid ?? []);
  }

  /** Everything that is wrong. */
  problems(): Invalid[] {
    return JSON.parse(this.session.validate(`/${this.root}`)) as Invalid[];
  }

  /** The page that a question is on. */
  pageOf(path: string): number {
    return this.pages.value.findIndex((page) =>
      questionsIn(page.items).some((one) => one.path === path),
    );
  }

  get draft(): string {
    return this.session.draft();
  }

  get answers(): Record<string, unknown> {
    return JSON.parse(this.session.answers()) as Record<string, unknown>;
  }

  get entities(): unknown[] {
    return JSON.parse(this.session.entities()) as unknown[];
  }

  /** The names of the files that belong to the answers. */
  get attachments(): string[] {
    return JSON.parse(this.session.attachments()) as string[];
  }

  finish(): void {
    this.session.finish(Date.now());
  }

  close(): void {
    this.session.free();
  }

  private get root(): string {
    return this.items.value.find((item) => item.path)?.path.split('/')[1] ?? 'data';
  }

  private look(): void {
    this.items.value = JSON.parse(this.session.outline()) as Item[];
    triggerRef(this.items);
  }
}
