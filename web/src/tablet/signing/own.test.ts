import { expect, test } from 'vitest';
import { nextTick, ref, shallowRef } from 'vue';
import { useOwn } from './own';

test('what is filled in stays with its own while one looks at the others', async () => {
  const chosen = shallowRef<string>();
  const filled = ref<string[]>([]);
  const { held, all, fill } = useOwn(chosen, () => filled.value, (own) => (filled.value = own ?? []));
  const choose = async (next: string | undefined) => {
    chosen.value = next;
    await nextTick();
    return filled.value;
  };
  expect(await choose('one')).toEqual([]);
  filled.value = ['a photo'];
  // The list of all of them is no other, and what is half done is still known there.
  expect(await choose(undefined)).toEqual(['a photo']);
  expect(held.value).toBe('one');
  expect(await choose('two')).toEqual([]);
  filled.value = ['words'];
  expect(await choose('one')).toEqual(['a photo']);
  expect(await choose('two')).toEqual(['words']);
  // All of it is known, to be kept; and what was kept before is shown when one comes to it.
  expect([...all()]).toEqual([['one', ['a photo']], ['two', ['words']]]);
  fill('three', ['of yesterday']);
  expect(await choose('three')).toEqual(['of yesterday']);
});
