/**
 * A definition that people change here: its versions and what each changed, a draft that outlives a
 * reload, and what somebody else published while it was written.
 */

import { computed, ref, shallowRef, watch, type Ref } from 'vue';
import { Problem } from '../../api/problem';
import { api, got } from '../api';
import { isAdmin } from '../session';
import { useLoaded } from '../ui/load';
import { attempt, say } from '../ui/toast';
import { why } from '../ui/why';
import { t } from '../words';
import { changes, type Change } from './changes';

export interface Means<T> {
  kind: 'notice' | 'rules';
  name: string;
  /** A published version. */
  read: (hash: string) => Promise<T>;
  /** What a new one begins with. */
  blank: () => T;
  /** As it is sent, with the version it is to be. */
  publish: (draft: T, version: number, reason: string) => Promise<{ hash: string }>;
}

/** What is written, and the version that it was written upon. */
interface Draft<T> {
  base: number;
  whole: T;
}

const without = (path: string) => (one: Change) => one.path !== path;

export function useDefinition<T>({ kind, name, read, blank, publish: send }: Means<T>) {
  const KEPT = `ruhu.console.${kind}.${name}`;
  const draft = ref() as Ref<T | undefined>;
  const base = ref(0);
  const chosen = ref('');
  const meanwhile = shallowRef<Change[]>();

  const versions = useLoaded(async () => {
    const listed = await got(api.GET('/api/v1/definitions', { params: { query: { kind } } }));
    const found = listed.find((one) => one.name === name)?.versions ?? [];
    chosen.value ||= found[0]?.hash ?? '';
    const kept = localStorage.getItem(KEPT);
    if (kept && isAdmin.value && !draft.value) {
      const { base: upon, whole } = JSON.parse(kept) as Draft<T>;
      [base.value, draft.value] = [upon, whole];
    } else if (!found.length && isAdmin.value && !draft.value) {
      [base.value, draft.value] = [0, blank()];
    }
    return found;
  });
  const newest = computed(() => versions.value.value?.[0]);
  /** The version that is looked at, where it is not the newest. */
  const older = computed(() => versions.value.value?.find((one) => one.hash === chosen.value && one !== newest.value));

  /** The version that is looked at, and the one before it. */
  const looked = useLoaded(
    async () => {
      const all = versions.value.value;
      const at = all?.findIndex((one) => one.hash === chosen.value) ?? -1;
      const [now, old] = [all?.[at], all?.[at + 1]];
      if (at < 0 || !now) return undefined;
      return { shown: await read(now.hash), before: old && { version: old.version, whole: await read(old.hash) } };
    },
    () => [chosen.value, versions.value.value],
  );
  const before = computed(() => looked.value.value?.before);
  const difference = computed(() => (before.value ? changes(before.value.whole, looked.value.value?.shown).filter(without('version')) : []));

  watch(
    draft,
    (now) => {
      if (now) localStorage.setItem(KEPT, JSON.stringify({ base: base.value, whole: now } satisfies Draft<T>));
    },
    { deep: true },
  );

  /** Edits what was published last, or takes an older version back: it becomes a further one. */
  async function edit(from = newest.value): Promise<void> {
    const found = from ? await attempt(() => read(from.hash)) : blank();
    if (!found) return;
    [base.value, meanwhile.value, draft.value] = [newest.value?.version ?? 0, undefined, found];
  }

  function discard(): void {
    localStorage.removeItem(KEPT);
    [draft.value, meanwhile.value] = [undefined, undefined];
  }

  /** Publishes what is written, and says whether it is. */
  async function publish(reason: string): Promise<boolean> {
    if (!draft.value) return false;
    const version = base.value + 1;
    try {
      const done = await send(draft.value, version, reason);
      discard();
      await versions.load();
      chosen.value = done.hash;
      say({ words: t('template.published', { n: version }) });
      return true;
    } catch (error) {
      if (error instanceof Problem && error.kind === 'stale-view') await stale();
      else say({ words: why(error), isError: true });
      return false;
    }
  }

  /** Somebody published a version while this one was written: what they changed is shown first. */
  async function stale(): Promise<void> {
    const old = versions.value.value?.find((one) => one.version === base.value);
    await versions.load();
    const latest = newest.value;
    if (!latest) return;
    const [was, is] = await Promise.all([old ? read(old.hash) : blank(), read(latest.hash)]);
    meanwhile.value = changes(was, is).filter(without('version'));
  }

  /** Goes on with what is written, upon what they published. */
  function goOn(): void {
    [base.value, meanwhile.value] = [newest.value?.version ?? 0, undefined];
  }

  return { versions, newest, older, chosen, looked, before, difference, draft, base, meanwhile, edit, discard, publish, goOn };
}
