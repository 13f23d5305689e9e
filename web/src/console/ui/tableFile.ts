/** A table that a person chooses, and that the server reads: what came of it, or what is wrong. */

import { shallowRef, ref, type Ref, type ShallowRef } from 'vue';
import { Problem } from '../../api/problem';
import type { Schemas } from '../api';
import { textOf } from './textFile';
import { useWork, type Work } from './work';
import { why } from './why';

export interface TableFile {
  file: ShallowRef<Blob | undefined>;
  /** What is wrong with its lines. */
  problems: ShallowRef<Schemas['LineProblem'][]>;
  failed: Ref<string>;
  work: Work;
  choose: (event: Event) => Promise<void>;
  /** Sends it; nothing comes back where it was refused or stopped. */
  put: <T>(path: string) => Promise<T | undefined>;
}

export function useTableFile(): TableFile {
  const file = shallowRef<Blob>();
  const problems = shallowRef<Schemas['LineProblem'][]>([]);
  const failed = ref('');
  const work = useWork();

  async function choose(event: Event): Promise<void> {
    const chosen = (event.target as HTMLInputElement).files?.[0];
    // The server takes workbooks as they are, and text in UTF-8.
    file.value = chosen && (/\.xlsx?$/i.test(chosen.name) ? chosen : new Blob([await textOf(chosen)]));
  }

  async function put<T>(path: string): Promise<T | undefined> {
    if (!file.value) return undefined;
    [failed.value, problems.value] = ['', []];
    try {
      return await work.run<T>(path, file.value, 'application/octet-stream');
    } catch (error) {
      if (error instanceof Problem && error.problems) problems.value = error.problems as Schemas['LineProblem'][];
      failed.value = why(error);
      return undefined;
    }
  }

  return { file, problems, failed, work, choose, put };
}
