/**
 * Carries out what the state machine wants, in order: what is stored is on the disk before anything
 * is sent. Decides nothing itself.
 */

import { Problem } from '../../api/problem';
import type { Schemas } from '../../api/types';
import type { Machine } from '../engine';
import type { Alongside, Book } from '../store/book';
import { NotStored } from '../store/shelves';
import type { Edit, Effect } from '../store/types';
import type { Client } from './client';
import { listen } from './live';
import { upload } from './upload';
import { written } from './written';

/** Between looks for news while nothing else wakes it, milliseconds. */
const LOOK_EVERY = 3 * 60_000;
/** Between tries to listen for news: at first, and at most, milliseconds. */
const LISTEN_AGAIN = { first: 1_000, most: 60_000 };

/** Kinds of problems that the server did not tell. */
const UNANSWERED = new Set(['', 'offline', 'unreadable', 'device']);

/** What a person is told of the sync. */
export interface Progress {
  online: boolean;
  /** An exchange is under way. */
  busy: boolean;
  /** The file that goes up now, and how far it is. */
  sending: { hash: string; sent: number; size: number } | null;
  /** Files wait for a network that costs nothing. */
  waitsForWifi: boolean;
  /** The last problem's kind; empty while all is well. */
  problem: string;
  /** When it will be tried again, milliseconds since 1970 UTC. */
  nextTry: number | null;
  upgradeNeeded: boolean;
  /** Why the tablet has no village, where it has none. */
  standing: Standing;
}

/**
 * `blocked` or `wiping`: the tablet may not work; `disabled`: the person's account is switched off;
 * `stopped`: one of them, and the server does not say which.
 */
export type Standing = '' | 'blocked' | 'wiping' | 'disabled' | 'stopped';

/** Nothing is under way. */
export const STILL: Progress = {
  online: false,
  busy: false,
  sending: null,
  waitsForWifi: false,
  problem: '',
  nextTry: null,
  upgradeNeeded: false,
  standing: '',
};

export interface Hooks {
  /** Files may go up over the network there is. */
  mayUpload: () => boolean;
  onChange: () => void;
  onWipe: () => Promise<void>;
  /** What is stored could not be: the machine knows more than the disk. */
  onStoreFailed: () => void;
}

export class Driver {
  private turn: Promise<unknown> = Promise.resolve();
  private readonly stopped = new AbortController();
  private link = new AbortController();
  private isLinked = false;
  private alarm: ReturnType<typeof setTimeout> | undefined;
  private held: string | undefined;
  private readonly boot = crypto.randomUUID();

  constructor(
    private readonly machine: Machine,
    private readonly book: Book,
    private readonly client: Client,
    private readonly progress: Progress,
    private readonly hooks: Hooks,
  ) {}

  start(): void {
    const { signal } = this.stopped;
    addEventListener('online', () => void this.networkUp(), { signal });
    addEventListener('offline', () => void this.networkDown(), { signal });
    document.addEventListener(
      'visibilitychange',
      () => {
        if (document.visibilityState === 'visible') void this.look();
      },
      { signal },
    );
    const timer = setInterval(() => void this.look(), LOOK_EVERY);
    signal.addEventListener('abort', () => clearInterval(timer));
    if (navigator.onLine) void this.networkUp();
  }

  /** Stops everything; what is not handed over stays stored. */
  async stop(): Promise<void> {
    this.stopped.abort();
    this.link.abort();
    clearTimeout(this.alarm);
    await this.turn.catch(() => undefined);
  }

  /** Does what a person did. Comes back when it is on the disk. */
  async act(edits: Edit[], alongside: Alongside = {}): Promise<void> {
    const json = written(edits);
    await this.happen(() => this.machine.act(this.clock(), json), alongside);
  }

  /** The tablet has another name: its session had ended. */
  async enrolledAs(device: string): Promise<void> {
    await this.event({ event: 'enrolled', device });
  }

  async networkUp(): Promise<void> {
    this.progress.online = true;
    // Told twice, what is under way goes on: the machine waits for its end.
    if (!this.isLinked) {
      this.isLinked = true;
      this.link = new AbortController();
      void this.listen(this.link.signal);
    }
    await this.event({ event: 'network_up' });
  }

  async networkDown(): Promise<void> {
    this.link.abort();
    this.isLinked = false;
    this.progress.online = false;
    this.progress.busy = false;
    this.progress.sending = null;
    await this.event({ event: 'network_down' });
  }

  /** Looks for news now. */
  async look(): Promise<void> {
    if (!navigator.onLine) return;
    if (!this.isLinked) return this.networkUp();
    const { held } = this;
    if (held && this.hooks.mayUpload()) {
      this.held = undefined;
      this.progress.waitsForWifi = false;
      void this.send(held);
    }
    await this.event({ event: 'tick' });
  }

  /** What happens by itself: that it was not stored is told on the screen, and it happens again. */
  private event(event: object): Promise<void> {
    const json = JSON.stringify(event);
    return this.happen(() => this.machine.handle(this.clock(), json)).catch(unlessNotStored);
  }

  /** One event after the other: its changes are stored before the next is taken in. */
  private happen(take: () => string, alongside: Alongside = {}): Promise<void> {
    const mine = this.turn.then(async () => {
      // Another machine has the store, or will have it.
      if (this.stopped.signal.aborted) throw new NotStored('the store is being opened');
      const effects = JSON.parse(take()) as Effect[];
      const stored = effects.flatMap((effect) => ('store' in effect ? effect.store : []));
      try {
        await this.book.commit(stored, alongside);
      } catch (cause) {
        this.hooks.onStoreFailed();
        throw cause;
      }
      this.hooks.onChange();
      for (const effect of effects) {
        if (!('store' in effect)) void this.carryOut(effect);
      }
    });
    this.turn = mine.catch(() => undefined);
    return mine;
  }

  private async carryOut(effect: Exclude<Effect, { store: unknown }>): Promise<void> {
    if (this.stopped.signal.aborted) return;
    if ('send' in effect) return this.exchange(effect.send);
    if ('ask' in effect) return this.ask(effect.ask);
    if ('upload' in effect) return this.send(effect.upload);
    if ('alarm' in effect) {
      clearTimeout(this.alarm);
      this.progress.nextTry = Date.now() + effect.alarm;
      this.alarm = setTimeout(() => void this.event({ event: 'tick' }), effect.alarm);
      return;
    }
    if ('wipe' in effect) return this.hooks.onWipe();
    this.progress.upgradeNeeded = true;
  }

  private async exchange(request: string): Promise<void> {
    this.progress.busy = true;
    this.progress.nextTry = null;
    try {
      const { answer, traffic } = await this.client.exchange(
        new Uint8Array(this.machine.request()),
      );
      this.progress.problem = '';
      await this.happen(() => this.machine.answered(this.clock(), answer, traffic)).catch(
        unlessNotStored,
      );
      await this.stand();
    } catch (cause) {
      const problem = this.note(cause);
      await this.event({
        event: 'failed',
        request,
        retry_after: problem.retryAfter,
        // What is no answer of our server's is none.
        problem: UNANSWERED.has(problem.kind) ? null : problem.kind,
        traffic: { sent: 0, received: 0, elapsed: 0 },
      });
    } finally {
      this.progress.busy = false;
    }
  }

  /** Asks why there is no village, where there is none any more. */
  private async stand(): Promise<void> {
    if (Object.keys(this.book.cursors).length > 0) {
      this.progress.standing = '';
      return;
    }
    try {
      const { tablet, is_disabled: isDisabled } = await this.client.json<Schemas['Standing']>('/sync/v1/standing');
      this.progress.standing = tablet !== 'active' ? tablet : isDisabled ? 'disabled' : '';
    } catch (cause) {
      // Only a refusal of our server's says that the tablet may not work; it is asked again after the next exchange.
      if (cause instanceof Problem && cause.kind && [401, 403].includes(cause.status)) this.progress.standing = 'stopped';
    }
  }

  private async ask(asked: string[]): Promise<void> {
    try {
      const { hashes } = await this.client.json<Schemas['Hashes']>('/sync/v1/blobs/missing', {
        method: 'POST',
        body: JSON.stringify({ hashes: asked }),
        headers: { 'content-type': 'application/json' },
      });
      await this.event({ event: 'missing', asked, missing: hashes });
    } catch (cause) {
      const problem = this.note(cause);
      await this.event({ event: 'blob_failed', retry_after: problem.retryAfter });
    }
  }

  private async send(hash: string, isSecondTry = false): Promise<void> {
    if (!this.hooks.mayUpload()) {
      this.held = hash;
      this.progress.waitsForWifi = true;
      return;
    }
    const { signal } = this.link;
    const file = this.book.files.get(hash);
    try {
      const bytes = await this.book.shelves.readBytes(hash);
      if (!bytes || !file) throw new Problem(1, 'file-missing', hash);
      this.progress.sending = { hash, sent: 0, size: bytes.byteLength };
      if (!this.client.access) await this.client.refresh();
      await upload({
        hash,
        bytes: new Blob([bytes], { type: file.type }),
        known: file.upload,
        token: () => this.client.access,
        onAddress: (address) => this.book.noteUpload(hash, address),
        onProgress: (sent) => {
          this.progress.sending = { hash, sent, size: bytes.byteLength };
        },
        signal,
      });
      this.progress.sending = null;
      this.progress.problem = '';
      // That it went up is no word of the server's that it is there: the machine asks for that.
      await this.event({ event: 'sent', hash });
    } catch (cause) {
      const problem = this.note(cause);
      this.progress.sending = null;
      if (problem.kind === 'token-expired' && !isSecondTry) {
        const refreshed = await this.client.refresh().then(
          () => true,
          (failed: unknown) => (this.note(failed), false),
        );
        if (refreshed) return this.send(hash, true);
      }
      if (problem.kind === 'hash-mismatch' || problem.status === 410 || problem.status === 404) {
        await this.book.noteUpload(hash, undefined);
      }
      if (!signal.aborted) await this.event({ event: 'blob_failed', retry_after: problem.retryAfter });
    }
  }

  /** Listens for news while there is a network; a lost event costs nothing. */
  private async listen(signal: AbortSignal): Promise<void> {
    let pause = LISTEN_AGAIN.first;
    let isFirst = true;
    while (!signal.aborted) {
      const begun = Date.now();
      try {
        // What happened while nobody listened is looked for.
        if (!isFirst) void this.look();
        isFirst = false;
        await listen(this.client, () => void this.look(), signal);
      } catch {
        // The exchanges tell what is wrong.
      }
      if (signal.aborted) return;
      pause = Date.now() - begun > LISTEN_AGAIN.most ? LISTEN_AGAIN.first : Math.min(2 * pause, LISTEN_AGAIN.most);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  private note(cause: unknown): Problem {
    const problem = cause instanceof Problem ? cause : new Problem(1, 'device', String(cause));
    this.progress.problem = problem.kind || `http-${problem.status}`;
    return problem;
  }

  private clock(): string {
    const wall = Date.now();
    return JSON.stringify({ wall, monotonic: Math.round(performance.now()), boot: this.boot });
  }
}

function unlessNotStored(cause: unknown): void {
  if (!(cause instanceof NotStored)) throw cause;
}
