import { expect, test } from 'vitest';
import type { Draft } from '../store/types';
import { visitEdits } from './edits';

const draft = (corrects: boolean) => ({ id: 'v1', household: 'h1', form: 'f', title: '走访', startedAt: 1, corrects }) as Draft;
const notesOf = (corrects: boolean) =>
  visitEdits({
    draft: draft(corrects),
    scope: 'area:1',
    visitor: '甲',
    fields: {},
    hashes: [],
    entities: [],
    untaken: ['没有处放的回答'],
    said: ['此前撤回，当面同意'],
    before: { files: [], remarks: [] },
  }).flatMap(({ change }) => (change['field'] === 'notes' ? [change['element']] : []));

test.each([false, true])('what is to be known of how it was filled in goes along; as a correction: %s', (corrects) => {
  expect(notesOf(corrects)).toEqual(['此前撤回，当面同意', '没有处放的回答']);
});
