/**
 * One task for many households: who they are is fetched first, so that one knows how many, and then
 * they are set in portions, each of which may be sent again; all of it can be taken back.
 */

import { computed, shallowRef } from 'vue';
import { Problem } from '../../api/problem';
import { api, got, type Schemas } from '../api';
import { changed } from '../live';
import { dayText } from '../ui/period';

/** As many as the server takes at once. */
const PORTION = 200;
const PAGE = 500;
const KEPT = 'ruhu.console.task.batch';

/** Whom a task is for. */
export type Who = { of: 'all' } | { of: 'unvisited'; since: string } | { of: 'one'; household: string };

export interface Task {
  title: string;
  due?: string;
}

export class Batch {
  /** How far it is; `of` is told once it is known. */
  readonly progress = shallowRef<{ done: number; of?: number }>();
  readonly isBusy = computed(() => this.progress.value !== undefined);
  private isStopped = false;
  /** A batch that was stopped or refused in between: tried again, after a reload too, it sets nothing twice. */
  private get unfinished(): { of: string; batch: string } | undefined {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? 'null') ?? undefined;
  }

  private set unfinished(next: { of: string; batch: string } | undefined) {
    if (next) sessionStorage.setItem(KEPT, JSON.stringify(next));
    else sessionStorage.removeItem(KEPT);
  }

  stop(): void {
    this.isStopped = true;
  }

  /** The households; nothing where it was stopped. */
  async find(who: Who, area: string): Promise<string[] | undefined> {
    if (who.of === 'one') return [who.household];
    const found: string[] = [];
    let after: string | undefined;
    return this.while(async () => {
      do {
        const page = { limit: PAGE, ...(area ? { area } : {}), ...(after ? { after } : {}) };
        const told = who.of === 'all' ? await this.all(page) : await this.unvisited(page, who.since);
        found.push(...told.ids);
        after = told.next;
        this.progress.value = { done: found.length };
      } while (after && !this.isStopped);
      return found;
    });
  }

  private async all(page: { limit: number }) {
    const told = await got(api.GET('/api/v1/records', { params: { query: { ...page, collection: 'household' } } }));
    return { ids: told.items.map((one) => one.id), next: told.next ?? undefined };
  }

  private async unvisited(page: { limit: number }, since: string) {
    const until = dayText(new Date());
    const told = await got(api.GET('/api/v1/overview/unvisited', { params: { query: { ...page, from: since, until } } }));
    return { ids: told.items.map((one) => one.household), next: told.next ?? undefined };
  }

  /** Sets it for each; `set` has what was set, also where it was stopped or refused in between. */
  async set(task: Task, households: string[], set: Schemas['TaskSet'][]): Promise<void> {
    const of = JSON.stringify(task);
    const batch = this.unfinished?.of === of ? this.unfinished.batch : crypto.randomUUID();
    this.unfinished = { of, batch };
    await this.while(async () => {
      for (let at = 0; at < households.length && !this.isStopped; at += PORTION) {
        this.progress.value = { done: at, of: households.length };
        const body = { batch, ...task, households: households.slice(at, at + PORTION) };
        set.push(...(await got(api.POST('/api/v1/tasks', { body }))).tasks);
      }
      if (!this.isStopped) this.unfinished = undefined;
    });
    changed();
  }

  /** Drops what was set, but for what somebody has done or changed meanwhile; gives how many. */
  async undo(task: Task, set: Schemas['TaskSet'][], words: string): Promise<number> {
    let [done, at] = [0, 0];
    this.unfinished = undefined;
    await this.while(async () => {
      for (const { id, version } of set) {
        if (this.isStopped) break;
        this.progress.value = { done: at++, of: set.length };
        try {
          await got(api.PUT('/api/v1/tasks/{id}', { params: { path: { id } }, body: { version, ...task, status: 'dropped', words } }));
          done += 1;
        } catch (error) {
          if (!(error instanceof Problem && error.status === 409)) throw error;
        }
      }
    });
    changed();
    return done;
  }

  private async while<T>(work: () => Promise<T>): Promise<T | undefined> {
    this.isStopped = false;
    this.progress.value = { done: 0 };
    try {
      const done = await work();
      return this.isStopped ? undefined : done;
    } finally {
      this.progress.value = undefined;
    }
  }
}
