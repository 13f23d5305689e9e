/** What differs between two versions of a definition. */

export interface Change {
  /** Names of members, ids of what has one, and places, counted from 1. */
  path: string;
  before: string;
  after: string;
}

const isTree = (one: unknown): one is object => typeof one === 'object' && one !== null;

/** The members of a tree by name; of a list by their ids, or by their places where they have none. */
function members(one: unknown): [string, unknown][] {
  if (!Array.isArray(one)) return isTree(one) ? Object.entries(one) : [];
  const ids = one.map((item: unknown) => (isTree(item) && 'id' in item ? String(item.id) : ''));
  const haveIds = ids.every(Boolean) && new Set(ids).size === ids.length;
  return one.map((item: unknown, at) => [haveIds ? ids[at]! : String(at + 1), item]);
}

/** Where two differ, leaf by leaf. */
export function changes(before: unknown, after: unknown, path = ''): Change[] {
  if (!isTree(before) && !isTree(after)) {
    return before === after ? [] : [{ path, before: before === undefined ? '' : String(before), after: after === undefined ? '' : String(after) }];
  }
  const [old, now] = [new Map(members(before)), new Map(members(after))];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => changes(old.get(name), now.get(name), path ? `${path} ${name}` : name));
}
