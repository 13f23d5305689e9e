import { expect, test } from 'vitest';
import { entered, pagesOf, questionsIn, type Item } from './types';

const question = (path: string): Item => ({ type: 'text', path, label: path });
const group = (path: string, children: Item[], appearance?: string): Item => ({ type: 'group', path, label: path, children, ...(appearance ? { appearance } : {}) });

test('groups and repeats are pages, loose questions share some', () => {
  const loose = ['/d/1', '/d/2', '/d/3', '/d/4', '/d/5', '/d/6', '/d/7'].map(question);
  const items = [...loose, group('/d/g', [question('/d/g/a')]), question('/d/8')];
  expect(pagesOf(items, false).map((page) => page.items.length)).toEqual([6, 1, 1, 1]);
});

test('one by one, a list of fields stays whole', () => {
  const items = [group('/d/g', [question('/d/g/a'), question('/d/g/b')]), group('/d/l', [question('/d/l/a'), question('/d/l/b')], 'field-list')];
  expect(pagesOf(items, true).map((page) => questionsIn(page.items).map((one) => one.path))).toEqual([['/d/g/a'], ['/d/g/b'], ['/d/l/a', '/d/l/b']]);
});

test('a group with nothing in it is no page', () => {
  expect(pagesOf([group('/d/g', [])], false)).toEqual([]);
});

test('what was entered stands by group and repeat, without what nobody answers', () => {
  const answered = (path: string, value: string, more = {}): Item => ({ type: 'text', path, value, ...more });
  const instance = (at: number) => ({ path: `/d/g/r[${at}]`, children: [answered(`/d/g/r[${at}]/name`, `n${at}`)] });
  const repeat: Item = { type: 'repeat', path: '/d/g/r', parent: '/d/g', name: 'r', counted: false, instances: [instance(1), instance(2)] };
  const items = [answered('/d/a', 'x'), answered('/d/sum', '3', { readonly: true }), group('/d/g', [answered('/d/g/b', 'y'), question('/d/g/c'), repeat])];
  expect(entered(items, '/d')).toEqual({ a: 'x', g: { b: 'y', r: [{ name: 'n1' }, { name: 'n2' }] } });
});
