/**
 * One decision about many visits: each is decided by itself, as in triage, so that what one of them is
 * refused for keeps none of the others; all of it can be taken back.
 */

import { computed, shallowReactive, shallowRef } from 'vue';
import { api, got, type Schemas } from '../api';
import { changed } from '../live';
import type { Line } from './columns';
import { why } from '../ui/why';
import { looked } from '../ui/pictures';
import { t } from '../words';
import { photosOf, type Version } from './words';

export type Verdict = Extract<Schemas['Verdict'], 'approved' | 'returned'>;

interface Done {
  line: Line;
  version: Version;
}

const OPEN = ['submitted', 'resubmitted', 'in_review'];
/** Decisions that are on their way at once. */
const AT_ONCE = 4;

const isLooked = (line: Line) => photosOf(line.visit).every((hash) => looked.has(hash));
/** What is kept with a visit that is passed in bulk: how its photos were seen, and why. */
const passNote = (line: Line, why: string) => t(isLooked(line) ? 'bulk.noteLooked' : 'bulk.noteUnopened', { why });

export class Bulk {
  readonly selected = shallowReactive(new Map<string, Line>());
  /** Photos of which a small copy was on the screen: nobody passes what they have not seen. */
  readonly seen = shallowReactive(new Set<string>());
  readonly progress = shallowRef<{ done: number; of: number }>();
  readonly refused = shallowRef<{ line: Line; why: string }[]>([]);
  readonly isBusy = computed(() => this.progress.value !== undefined);
  readonly count = computed(() => this.selected.size);
  private isCancelled = false;

  toggle(line: Line): void {
    if (!this.selected.delete(line.visit.id)) this.selected.set(line.visit.id, line);
  }

  /** Of what is chosen, only what is listed now stays chosen, as it is now. */
  keep(lines: Line[]): void {
    for (const id of [...this.selected.keys()]) {
      const now = lines.find((line) => line.visit.id === id);
      if (now) this.selected.set(id, now);
      else this.selected.delete(id);
    }
  }

  clear(): void {
    this.selected.clear();
  }

  cancel(): void {
    this.isCancelled = true;
  }

  /** Those that can be decided so: that wait for a reviewer and, to be passed, whose photos were seen and that nothing is doubtful about. */
  able(verdict: Verdict): Line[] {
    const isOpen = (line: Line) => OPEN.includes(line.visit.status ?? '');
    const isSeen = (line: Line) => line.open.length === 0 && photosOf(line.visit).every((hash) => this.seen.has(hash) || looked.has(hash));
    return [...this.selected.values()].filter((line) => isOpen(line) && (verdict !== 'approved' || isSeen(line)));
  }

  /** Of those that can be passed, the ones with photos that were not opened: a small copy is no look. */
  unopened(): Line[] {
    return this.able('approved').filter((line) => !isLooked(line));
  }

  /** Decides; gives what was done, to be taken back. */
  async decide(verdict: Verdict, reason: string): Promise<Done[]> {
    return this.each(this.able(verdict), (line) => line, async (line) => {
      const params = { path: { id: line.visit.id } };
      const body = { version: line.visit.version, verdict, reason: verdict === 'approved' ? passNote(line, reason) : reason, comments: [] };
      const told = await got(api.POST('/api/v1/visits/{id}/decisions', { params, body }));
      this.selected.delete(line.visit.id);
      return { line, version: told.version };
    });
  }

  /** Takes it back. */
  async undo(done: Done[]): Promise<number> {
    const back = await this.each(done, ({ line }) => line, async ({ line, version }) => {
      const params = { path: { id: line.visit.id } };
      await got(api.POST('/api/v1/visits/{id}/decisions', { params, body: { version, verdict: 'undone', reason: t('triage.undoReason'), comments: [] } }));
      return line;
    });
    return back.length;
  }

  private async each<T, U>(all: T[], lineOf: (one: T) => Line, act: (one: T) => Promise<U>): Promise<U[]> {
    const left = [...all];
    const done: U[] = [];
    const refused: { line: Line; why: string }[] = [];
    this.isCancelled = false;
    this.progress.value = { done: 0, of: all.length };
    const work = async () => {
      for (let one = left.shift(); one !== undefined && !this.isCancelled; one = left.shift()) {
        try {
          done.push(await act(one));
        } catch (error) {
          refused.push({ line: lineOf(one), why: why(error) });
        }
        this.progress.value = { done: done.length + refused.length, of: all.length };
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    this.progress.value = undefined;
    this.refused.value = refused;
    changed();
    return done;
  }
}
