/** A profile that is unlocked: its records, its machine, its sync. */

import { computed, reactive, ref, shallowReactive, shallowRef } from 'vue';
import type { Schemas } from '../api/types';
import { loadForms, type Definitions } from '../form/engine';
import { inWords, language } from '../i18n';
import { whyNot } from '../ui/whyNot';
import { enrolled, entropy, loadEngine, Machine } from './engine';
import { answered, askWithKey, unanswered } from './enrol/keys';
import { nothingSought, type Sought } from './households/search';
import { Book } from './store/book';
import type { Registers } from './store/lines';
import * as profiles from './store/profiles';
import type { Sealer } from './store/seal';
import { hasScraps, tidyScraps } from './store/scraps';
import { Shelves, type Write } from './store/shelves';
import type { FormBundle, Json, Register, Row } from './store/types';
import { Client, enrol, type Session as Tokens } from './sync/client';
import { fetchDefinition, fetchDefinitions, NOTHING_OFFERED, type Definition, type Offers } from './sync/definitions';
import { Driver, STILL, type Progress } from './sync/driver';

/** What a profile keeps of its session. */
interface KeptSession {
  device: string;
  user: string;
  refresh: string;
}

/** A person's own choices. */
export interface Preferences {
  wifiOnly: boolean;
  /** One question at a time instead of a page. */
  oneByOne: boolean;
  /** Minutes without a touch until the screen locks. */
  lockAfter: number;
}

const PREFERENCES: Preferences = { wifiOnly: false, oneByOne: false, lockAfter: 10 };
/** Until it syncs again after the disk was full, milliseconds. */
const STORE_AGAIN = 15_000;
/** From so many documents on, reading all of them is shown. */
const MANY = 100;
/** Between looks for new definitions, milliseconds. */
const DEFINITIONS_EVERY = 10 * 60_000;

export class Session {
  readonly registers: Registers = new Map();
  readonly offers = shallowRef<Offers>(NOTHING_OFFERED);
  readonly preferences = reactive<Preferences>({ ...PREFERENCES });
  /** Counts up with each change of what is stored. */
  readonly edition = ref(0);
  readonly fetching = shallowReactive({ done: 0, of: 0, failed: '' });
  /** How many documents of how many a form's lists were read from; `of` is 0 where it takes no time. */
  readonly reading = shallowReactive({ done: 0, of: 0 });
  readonly storeFailed = ref(false);
  /** The tablet is to be emptied, and waits for what is not finished. */
  readonly mustEmpty = ref(false);
  readonly progress = shallowReactive<Progress>({ ...STILL });
  /** What was looked for last. It is personal, so it is here only, and gone when the profile is closed. */
  readonly sought = reactive<Sought>(nothingSought());
  book!: Book;
  machine!: Machine;
  driver!: Driver;
  client!: Client;

  private kept: KeptSession | undefined;
  private signer: CryptoKey | undefined;
  private readonly held = new Set<Promise<void>>();
  private definitionsAt = 0;
  private readonly definitions = new Map<string, Definition>();
  private definitionsRead: Promise<Definitions> | undefined;

  private constructor(
    readonly profile: string,
    public name: string,
    private readonly shelves: Shelves,
  ) {}

  /** Opens a profile's store. `onTaken` is told when another window takes it over. */
  static async open(profile: string, name: string, sealer: Sealer, onTaken: () => void): Promise<Session> {
    await loadEngine();
    const shelves = await Shelves.open(profile, sealer, onTaken);
    const session = new Session(profile, name, shelves);
    await session.load();
    void tidyScraps(shelves).catch(() => {});
    return session;
  }

  /** Whether the profile belongs to a tablet that was enrolled. */
  get isEnrolled(): boolean {
    return this.kept !== undefined;
  }

  /** Whether a code may have been used for it, though no answer came. */
  async mayBeEnrolled(): Promise<boolean> {
    return this.isEnrolled || (await unanswered(this.shelves)).length > 0;
  }

  get user(): string {
    return this.kept?.user ?? '';
  }

  get device(): string {
    return this.kept?.device ?? '';
  }

  /** Begins to sync, as soon as it is known what the records are. */
  async start(): Promise<void> {
    addEventListener('online', this.onOnline);
    if (this.registers.size > 0) this.driver.start();
    await this.refreshDefinitions();
  }

  async stop(): Promise<void> {
    removeEventListener('online', this.onOnline);
    await this.driver?.stop();
    await this.settled();
    this.shelves.close();
  }

  /** Something that has to be on the disk before the store is closed. */
  hold(writing: Promise<void>): Promise<void> {
    this.held.add(writing);
    const done = () => this.held.delete(writing);
    writing.then(done, done);
    return writing;
  }

  /** What is on its way to the disk has arrived. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.held);
  }

  /** Enrols the tablet for this profile with a one-time code; again, where its session has ended. */
  async enrol(code: string, label: string): Promise<void> {
    const { given, key } = await askWithKey(this.shelves, (publicKey) => enrol(code, publicKey, label, language.value));
    const wrapped = await this.shelves.sealer.wrap('profile/key', key);
    const { device, user, tokens } = given;
    const before = this.kept;
    if (before && before.user !== user) throw new OtherPerson();
    this.kept = { device, user, refresh: tokens.refresh_token };
    const writes: Write[] = [
      await this.shelves.sealed('profile', 'session', this.kept),
      { shelf: 'profile', key: 'key', value: wrapped },
      answered,
    ];
    if (!before) {
      const identity = JSON.parse(enrolled(device, user, entropy())) as Json;
      writes.push(await this.shelves.sealed('profile', 'machine', { identity, cursors: {} }));
    }
    await this.shelves.write(writes);
    if (before) {
      await this.openSession(tokens.access_token);
      await this.reopen();
      await this.driver.enrolledAs(device);
      this.driver.start();
      void this.refreshDefinitions(true);
    } else {
      await this.load(tokens.access_token);
    }
  }

  /** What the person is called, for the list of who uses the tablet. */
  private async learnName(): Promise<void> {
    const me = await this.client.json<Schemas['Me']>('/api/v1/me');
    if (me.display_name === this.name) return;
    await profiles.rename(this.profile, me.display_name);
    this.name = me.display_name;
  }

  /** Signs bytes with the tablet's key. */
  async sign(bytes: BufferSource): Promise<Uint8Array> {
    if (!this.signer) throw new Error('the tablet is not enrolled');
    return new Uint8Array(await crypto.subtle.sign('Ed25519', this.signer, bytes));
  }

  async refreshDefinitions(force = false): Promise<void> {
    if (!navigator.onLine || (!force && Date.now() - this.definitionsAt < DEFINITIONS_EVERY)) return;
    this.definitionsAt = Date.now();
    this.refreshing ??= this.fetchDefinitions().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  private refreshing: Promise<void> | undefined;

  private async fetchDefinitions(): Promise<void> {
    try {
      await this.learnName();
      const isNews = await fetchDefinitions(this.client, this.shelves, (done, of) => {
        this.fetching.done = done;
        this.fetching.of = of;
      });
      this.fetching.failed = '';
      this.fetching.of = 0;
      const isFirst = this.registers.size === 0;
      if (isNews) await this.loadDefinitions();
      if (isFirst) this.driver.start();
    } catch (cause) {
      this.definitionsAt = 0;
      this.fetching.of = 0;
      this.fetching.failed = whyNot(cause);
    }
  }

  /** Looks for all there is to look for, now: a person asks. */
  async lookForNews(): Promise<void> {
    await Promise.all([this.driver.look(), this.refreshDefinitions(true)]);
  }

  /** The newest version of the forms that are filled in in a village. */
  formsIn(scope: string): Schemas['OfferedForm'][] {
    return this.offers.value.forms.filter((form) => form.scopes.includes(scope));
  }

  /** A form's bundle, with its files' bytes by name. */
  async form(hash: string): Promise<{ bundle: FormBundle; files: Map<string, ArrayBuffer> } | undefined> {
    const definition = this.definitions.get(hash);
    if (!definition) return undefined;
    const bundle = JSON.parse(definition.text) as FormBundle;
    const files = new Map<string, ArrayBuffer>();
    for (const file of bundle.files) {
      const bytes = await this.shelves.readPlain<ArrayBuffer>('files', file.hash);
      if (bytes) files.set(file.name, bytes);
    }
    return { bundle, files };
  }

  /** What a definition is called, whatever its version. */
  nameOf(hash: string): string | undefined {
    return this.definitions.get(hash)?.name;
  }

  /** Brings a version of a form that the tablet does not have: one that is filled in no longer. */
  async bringForm(hash: string): Promise<void> {
    const files = new Set(await this.shelves.keys('files'));
    this.definitions.set(hash, await fetchDefinition(this.client, this.shelves, { hash, kind: 'form', name: '', version: 0 }, files));
  }

  /** What reads rules and notifications, with every definition there is. */
  rulebook(): Promise<Definitions> {
    this.definitionsRead ??= loadForms().then((engine) => {
      const all = new engine.Definitions();
      for (const { kind, text } of this.definitions.values()) all.define(kind, text);
      return all;
    });
    return this.definitionsRead;
  }

  /** The name of an area by a scope. */
  areaName(scope: string): string {
    const code = scope.replace(/^area:/, '');
    return this.offers.value.areas.find((area) => area.code === code)?.name ?? '';
  }

  /** A field's value in words. */
  words(collection: string, field: string, value: Json): string {
    return this.machine.words(collection, field, JSON.stringify(value), language.value);
  }

  /** A choice of a field in words, where it allows one or several. */
  choice(collection: string, field: string, name: string): string {
    const choices = this.registers.get(collection)?.field.find((one) => one.name === field)?.choices;
    return inWords(choices?.find((one) => one.name === name)?.labels) || name;
  }

  label(collection: string, field: string): string {
    return this.machine.label(collection, field, language.value);
  }

  /** The rows of all records of a register that the tablet holds. */
  async rowsOf(collection: string): Promise<Row[]> {
    const rows: Row[] = [];
    const lines = [...this.book.lines.values()];
    this.reading.of = lines.length < MANY ? 0 : lines.length;
    try {
      for (const [done, line] of lines.entries()) {
        this.reading.done = done;
        const own = await this.book.rows(line.id);
        rows.push(...own.filter((row) => row.collection === collection));
      }
    } finally {
      this.reading.of = 0;
    }
    return rows;
  }

  async keepPreferences(): Promise<void> {
    await this.shelves.write([await this.shelves.sealed('profile', 'preferences', this.preferences)]);
  }

  /** How much is not with the server yet. */
  readonly unsent = computed(() => {
    void this.edition.value;
    const queued = [...(this.book?.outbox.values() ?? [])].filter((op) => op.outcome === null);
    const files = [...(this.book?.files.values() ?? [])].filter((file) => file.verified === null);
    return {
      operations: queued.length,
      documents: new Set(queued.map((op) => op.document)).size,
      files: files.length,
      bytes: files.reduce((sum, file) => sum + file.size, 0),
    };
  });

  private readonly onOnline = () => void this.refreshDefinitions();

  private async load(access = ''): Promise<void> {
    this.kept = await this.shelves.read<KeptSession>('profile', 'session');
    Object.assign(this.preferences, await this.shelves.read<Preferences>('profile', 'preferences'));
    await this.readDefinitions();
    if (!this.kept) return;
    await this.openSession(access);
    await this.reopen();
    // An enrolment that was cut off after the session was kept: the machine hears of it now.
    await this.driver.enrolledAs(this.kept.device);
  }

  private async openSession(access: string): Promise<void> {
    const kept = this.kept!;
    const wrapped = await this.shelves.readPlain<Uint8Array>('profile', 'key');
    if (!wrapped) throw new Error('the tablet has lost its key');
    const key = await this.shelves.sealer.unwrap('profile/key', wrapped);
    this.signer = key;
    const keep = async (tokens: Tokens): Promise<void> => {
      this.kept = { ...this.kept!, refresh: tokens.refresh };
      await this.shelves.write([await this.shelves.sealed('profile', 'session', this.kept)]);
    };
    this.client = new Client({ access, refresh: kept.refresh, key }, keep, () => language.value);
  }

  /** Opens the machine on what is stored, whatever it knew before. */
  private async reopen(): Promise<void> {
    await this.driver?.stop();
    const before = this.machine as Machine | undefined;
    const book = await Book.read(this.shelves, this.registers);
    let machine = this.openMachine(book);
    if (await this.shelves.mustReindex()) {
      // The index says what is held, so the machine is opened on what it says now.
      await book.reindex();
      machine.free();
      machine = this.openMachine(book);
    }
    // Screens look at one or the other, and never at one that is gone.
    this.book = book;
    this.machine = machine;
    before?.free();
    this.driver = new Driver(this.machine, this.book, this.client, this.progress, {
      mayUpload: () => this.mayUpload(),
      onChange: () => {
        this.storeFailed.value = false;
        this.edition.value += 1;
      },
      onWipe: () => this.wipe(),
      onStoreFailed: () => void this.recover(),
    });
    this.edition.value += 1;
  }

  private recovering: Promise<void> | undefined;

  /**
   * The disk could not take what the machine knows: the machine is opened again on what the disk
   * has. Syncing waits a little, since it would fail at the same place.
   */
  private recover(): Promise<void> {
    this.storeFailed.value = true;
    this.recovering ??= this.reopen().finally(() => {
      this.recovering = undefined;
      const { driver } = this;
      setTimeout(() => {
        if (driver === this.driver) driver.start();
      }, STORE_AGAIN);
    });
    return this.recovering;
  }

  private openMachine(book: Book): Machine {
    const machine = Machine.open(book.kept(), entropy());
    for (const { kind, text } of this.definitions.values()) {
      if (kind === 'register') machine.define(text);
    }
    book.attach(machine);
    return machine;
  }

  private async readDefinitions(): Promise<void> {
    const stored = await this.shelves.readAllPlain<Definition>('definitions');
    const inOrder = [...stored].sort(([, a], [, b]) => a.version - b.version);
    for (const [hash, definition] of inOrder) this.definitions.set(hash, definition);
    for (const { kind, text } of this.definitions.values()) {
      if (kind !== 'register') continue;
      const register = JSON.parse(text) as Register;
      const known = this.registers.get(register.name);
      if (!known || known.version <= register.version) this.registers.set(register.name, register);
    }
    this.offers.value = (await this.shelves.read<Offers>('profile', 'offers')) ?? NOTHING_OFFERED;
  }

  private async loadDefinitions(): Promise<void> {
    const known = new Set(this.definitions.keys());
    await this.readDefinitions();
    this.definitionsRead = undefined;
    for (const [hash, { kind, text }] of this.definitions) {
      if (kind === 'register' && !known.has(hash)) this.machine.define(text);
    }
    // What came before its register was known by ids only.
    await this.book.reindex();
    this.edition.value += 1;
  }

  private mayUpload(): boolean {
    if (!this.preferences.wifiOnly) return true;
    const connection = (navigator as { connection?: { type?: string; saveData?: boolean } }).connection;
    return connection?.type !== 'cellular' && connection?.saveData !== true;
  }

  /** What is not finished can't be handed over by itself: a person says what becomes of it. */
  private async wipe(): Promise<void> {
    await this.settled();
    this.mustEmpty.value = this.book.drafts.size > 0 || (await hasScraps(this.shelves));
    if (!this.mustEmpty.value) await this.empty();
  }

  /** Removes all that this person has on the tablet, as the server wants it. */
  async empty(): Promise<void> {
    await this.stop();
    await profiles.remove(this.profile);
    location.replace('/tablet/?emptied=1');
  }
}

/** The code was another person's, and the profile has work that is not theirs. */
export class OtherPerson extends Error {}
