/**
 * What is looked at next: claimed ahead so that nobody collides, fetched ahead so that the next photo
 * is there, and decided in the background so that nobody waits. A decision that was not taken by the
 * server is sent again, and nothing is forgotten meanwhile.
 */

import { computed, ref, shallowReactive, shallowRef } from 'vue';
import { Problem } from '../../api/problem';
import { api, got, type Schemas } from '../api';
import { changed } from '../live';
import { isKept } from '../session';
import { picture } from '../ui/pictures';
import { photosOf, type Version, type VisitFile } from '../visits/words';
import { why } from '../ui/why';
import { t } from '../words';

export type Place = Schemas['Place'];
export type Verdict = Schemas['Verdict'];
type Comment = Schemas['Comment'];

/** Visits that are claimed ahead, and of which the files and photos are fetched. */
const CLAIMED = 8;
const AHEAD = 3;
/** Claims are renewed well before they end. */
const RENEW_MS = 5 * 60_000;
const RETRY_MS = 3000;

export interface Decision {
  file: VisitFile;
  place: Place;
  verdict: Verdict;
  reason: string;
  comments: Comment[];
}

interface Sent extends Decision {
  state: 'waiting' | 'sending' | 'done' | 'refused';
  /** The visit's version after it. */
  version?: Version;
}

export class Queue {
  readonly places = shallowRef<Place[]>([]);
  readonly waiting = ref(0);
  readonly isLoading = ref(true);
  readonly failed = ref('');
  /** What was decided in this sitting, the newest last. */
  readonly decided = shallowReactive<Sent[]>([]);
  readonly unsent = computed(() => this.decided.filter((one) => one.state === 'waiting' || one.state === 'sending').length);
  readonly current = computed(() => this.places.value[0]);
  readonly file = shallowRef<VisitFile>();
  readonly done = ref(0);
  /** Whether some were gone past without a decision, and may be looked at again. */
  readonly hasSkipped = ref(false);
  onRefused: (decision: Decision, problem: Problem) => void = () => undefined;

  private readonly files = new Map<string, Promise<VisitFile>>();
  /** Looked at in this sitting: they do not come again by themselves. */
  private readonly passed = new Set<string>();
  private readonly timer: ReturnType<typeof setInterval>;
  private isClosed = false;
  private filling: Promise<void> | undefined;
  private sending: Promise<void> | undefined;
  private undoing: Promise<unknown> = Promise.resolve();
  private retry: ReturnType<typeof setTimeout> | undefined;
  /** Those of which it was told that they are looked at. */
  private readonly looked = new Set<string>();

  constructor(private readonly area: () => string) {
    void this.fill();
    this.timer = setInterval(() => void this.fill(true), RENEW_MS);
  }

  /** Claims more where few are left, or renews the claims. */
  fill(isRenewal = false): Promise<void> {
    if (!isRenewal && this.places.value.length > CLAIMED / 2) return Promise.resolve();
    this.filling ??= this.claim().finally(() => (this.filling = undefined));
    return this.filling;
  }

  private async claim(): Promise<void> {
    this.isLoading.value = true;
    try {
      const area = this.area();
      // What was skipped stays claimed by whoever skipped it until it is let go: ask for so many more.
      const count = Math.min(100, CLAIMED + this.passed.size);
      const told = await got(api.POST('/api/v1/review/claims', { body: { count, ...(area ? { area } : {}) } }));
      const known = new Map(this.places.value.map((place) => [place.visit, place]));
      const fresh = told.places.filter((place) => !known.has(place.visit) && !this.passed.has(place.visit));
      this.places.value = [...this.places.value, ...fresh];
      this.waiting.value = told.waiting;
      this.failed.value = '';
      await this.show();
    } catch (error) {
      this.failed.value = why(error);
    } finally {
      this.isLoading.value = false;
    }
  }

  /** Shows what is first, and fetches what comes after. */
  private async show(): Promise<void> {
    const place = this.current.value;
    for (const next of this.places.value.slice(0, AHEAD + 1)) this.prepare(next.visit);
    if (!place) {
      this.file.value = undefined;
      return;
    }
    if (this.file.value?.visit.id === place.visit) return;
    this.file.value = undefined;
    try {
      const file = await this.fetch(place.visit);
      this.failed.value = '';
      if (this.current.value !== place) return;
      this.file.value = file;
      this.look(place.visit);
    } catch (error) {
      if (this.current.value !== place) return;
      if (error instanceof Problem && error.status === 404) {
        // It was taken away meanwhile.
        this.drop(place);
        return this.show();
      }
      this.failed.value = why(error);
      // A line that was lost comes back: nobody has to notice.
      clearTimeout(this.retry);
      if (!this.isClosed) this.retry = setTimeout(() => void this.show(), RETRY_MS);
    }
  }

  /** Says that a visit is looked at: what was only fetched ahead was not. */
  private look(visit: string): void {
    if (this.looked.has(visit)) return;
    this.looked.add(visit);
    const told = api.POST('/api/v1/review/claims/{visit}/look', { params: { path: { visit } } });
    told.catch(() => this.looked.delete(visit));
  }

  private fetch(visit: string): Promise<VisitFile> {
    let found = this.files.get(visit);
    if (!found) {
      found = got(api.GET('/api/v1/visits/{id}', { params: { path: { id: visit } } }));
      found.catch(() => this.files.delete(visit));
      this.files.set(visit, found);
    }
    return found;
  }

  private prepare(visit: string): void {
    void this.fetch(visit).then(
      (file) => photosOf(file.visit).forEach((hash) => {
        void picture(hash, 320).catch(() => undefined);
        void picture(hash, 1600).catch(() => undefined);
      }),
      () => undefined,
    );
  }

  /** Fetches the visit that is shown anew. */
  async refresh(): Promise<void> {
    const place = this.current.value;
    if (!place) return;
    this.files.delete(place.visit);
    const file = await this.fetch(place.visit);
    if (this.current.value === place) this.file.value = file;
  }

  private drop(place: Place): void {
    this.places.value = this.places.value.filter((one) => one !== place);
    this.files.delete(place.visit);
    this.passed.add(place.visit);
  }

  /** Goes on without deciding. */
  skip(): void {
    const place = this.current.value;
    if (place) this.drop(place);
    this.hasSkipped.value = true;
    this.next();
  }

  /** Looks once more at what was gone past. */
  again(): void {
    const decided = new Set(this.decided.map((one) => one.file.visit.id));
    for (const visit of [...this.passed]) if (!decided.has(visit)) this.passed.delete(visit);
    this.hasSkipped.value = false;
    void this.fill(true);
  }

  private next(): void {
    void this.show();
    void this.fill();
  }

  /** Decides about the visit that is shown, and goes on at once. */
  decide(verdict: Verdict, reason: string, comments: Comment[] = []): void {
    const [place, file] = [this.current.value, this.file.value];
    if (!place || !file) return;
    this.drop(place);
    this.done.value += 1;
    this.decided.push(shallowReactive<Sent>({ file, place, verdict, reason, comments, state: 'waiting' }));
    this.next();
    this.send();
  }

  private send(): void {
    this.sending ??= this.sendAll().finally(() => (this.sending = undefined));
  }

  private async sendAll(): Promise<void> {
    for (;;) {
      const next = this.decided.find((one) => one.state === 'waiting');
      if (!next) return;
      next.state = 'sending';
      try {
        const { file, verdict, reason, comments } = next;
        const told = await got(
          api.POST('/api/v1/visits/{id}/decisions', {
            params: { path: { id: file.visit.id } },
            body: { version: file.visit.version, verdict, reason, comments },
          }),
        );
        next.version = told.version;
        next.state = 'done';
        this.waiting.value = Math.max(0, this.waiting.value - 1);
        changed();
      } catch (error) {
        const problem = error instanceof Problem ? error : new Problem(0, '', String(error));
        if ((problem.isOffline || problem.status >= 500) && !this.isClosed) {
          next.state = 'waiting';
          await new Promise((done) => setTimeout(done, RETRY_MS));
          continue;
        }
        next.state = 'refused';
        this.done.value -= 1;
        this.onRefused(next, problem);
      }
    }
  }

  /** Takes the last decision back, and shows the visit again; asked twice, the one before it, too. */
  undo(): Promise<boolean> {
    const mine = this.undoing.then(() => this.takeBack());
    this.undoing = mine.catch(() => undefined);
    return mine;
  }

  private async takeBack(): Promise<boolean> {
    const last = this.decided.findLast((one) => one.state !== 'refused');
    if (!last) return false;
    if (last.state === 'sending') {
      await this.sending;
      // It was refused meanwhile, or is done.
      return this.takeBack();
    }
    const id = last.file.visit.id;
    if (last.state === 'done') {
      await api.POST('/api/v1/visits/{id}/decisions', {
        params: { path: { id } },
        body: { version: last.version!, verdict: 'undone', reason: t('triage.undoReason'), comments: [] },
      });
      await api.PUT('/api/v1/review/claims/{visit}', { params: { path: { visit: id } } });
      this.waiting.value += 1;
      changed();
    }
    this.decided.splice(this.decided.indexOf(last), 1);
    this.done.value -= 1;
    this.files.delete(id);
    this.passed.delete(id);
    this.places.value = [last.place, ...this.places.value.filter((one) => one.visit !== id)];
    this.file.value = undefined;
    await this.show();
    return true;
  }

  /** Lets others look at what is claimed, though the page goes away at once. */
  abandon(authorization: string): void {
    void fetch('/api/v1/review/claims', { method: 'DELETE', keepalive: true, headers: { authorization } }).catch(() => undefined);
  }

  /** Lets others look at what was not decided about. */
  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
    clearTimeout(this.retry);
    // Who comes back claims anew: what is let go by then is no longer only this queue's.
    if (isKept.value) return;
    void (this.sending ?? Promise.resolve()).then(() => api.DELETE('/api/v1/review/claims')).catch(() => undefined);
  }
}
