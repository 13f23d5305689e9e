/** What is shown of a form, as the engine tells it (`Session::outline`). */

export interface Invalid {
  path: string;
  reason: 'required' | 'constraint' | 'type';
  message: string;
  label: string;
}

export interface Choice {
  value: string;
  label: string;
}

interface Shown {
  path: string;
  label?: string;
  hint?: string;
  appearance?: string;
  /** Names of files that go with the label. */
  image?: string;
  audio?: string;
  video?: string;
}

export interface Group extends Shown {
  type: 'group';
  children: Item[];
}

export interface Repeat extends Shown {
  type: 'repeat';
  parent: string;
  name: string;
  /** The form says how many there are. */
  counted: boolean;
  instances: { path: string; children: Item[] }[];
}

export interface Question extends Shown {
  type: string;
  value?: string;
  required?: boolean;
  readonly?: boolean;
  guidance?: string;
  accept?: string;
  start?: string;
  end?: string;
  step?: string;
  choices?: Choice[];
  choice_count?: number;
  chosen?: string[];
  invalid?: Invalid;
}

export type Item = Group | Repeat | Question;

export const isGroup = (item: Item): item is Group => item.type === 'group' && 'children' in item;
export const isRepeat = (item: Item): item is Repeat => item.type === 'repeat' && 'instances' in item;

/** The questions in items, in order. */
export function questionsIn(items: Item[]): Question[] {
  return items.flatMap((item) => {
    if (isGroup(item)) return questionsIn(item.children);
    if (isRepeat(item)) return item.instances.flatMap((one) => questionsIn(one.children));
    return [item];
  });
}

/** What was answered to questions that can be answered, by group and repeat, as `fill` takes it. */
export function entered(items: Item[], base: string): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  const put = (path: string, value: unknown) => {
    const names = path.slice(base.length + 1).split('/');
    const last = names.pop()!;
    let at = tree;
    for (const name of names) at = (at[name] ??= {}) as Record<string, unknown>;
    at[last] = value;
  };
  const walk = (all: Item[]) => {
    for (const item of all) {
      if (isGroup(item)) walk(item.children);
      else if (isRepeat(item)) put(`${item.parent}/${item.name}`, item.instances.map((one) => entered(one.children, one.path)));
      else if (item.value && !item.readonly && item.type !== 'note') put(item.path, item.value);
    }
  };
  walk(items);
  return tree;
}

/** A page: what is shown at once. */
export interface Page {
  /** The place of its first item, for the list of pages. */
  title: string;
  items: Item[];
}

/** Loose questions that share a page. */
const LOOSE = 6;

/** Pages: a group or a repeat each, and loose questions a few at a time; or one question each. */
export function pagesOf(items: Item[], oneByOne: boolean): Page[] {
  const pages: Page[] = [];
  let loose: Item[] = [];
  const flush = () => {
    if (loose.length > 0) pages.push({ title: loose[0]!.label ?? '', items: loose });
    loose = [];
  };
  for (const item of items) {
    if (isGroup(item)) {
      flush();
      if (item.children.length === 0) continue;
      const whole = item.appearance?.includes('field-list') ?? false;
      if (oneByOne && !whole) pages.push(...pagesOf(item.children, true));
      else pages.push({ title: item.label ?? item.children[0]?.label ?? '', items: [item] });
    } else if (isRepeat(item)) {
      flush();
      pages.push({ title: item.label ?? '', items: [item] });
    } else {
      loose.push(item);
      if (oneByOne || loose.length === LOOSE) flush();
    }
  }
  flush();
  return pages;
}
