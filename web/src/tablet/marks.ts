/** What waits for a person, over all documents. */

import { computed, type ComputedRef } from 'vue';
import { useSession } from './app';
import { localDay } from './store/lines';
import type { Line, Mark } from './store/types';

export interface Marked {
  line: Line;
  mark: Mark;
}

export interface Marks {
  returned: Marked[];
  conflicts: Marked[];
  findings: Marked[];
  /** By the day they are due, those without one last. */
  tasks: Marked[];
  overdue: number;
}

export function useMarks(): ComputedRef<Marks> {
  const session = useSession();
  return computed(() => {
    void session.edition.value;
    const marks: Marks = { returned: [], conflicts: [], findings: [], tasks: [], overdue: 0 };
    const places = { returned: marks.returned, conflict: marks.conflicts, finding: marks.findings, task: marks.tasks };
    for (const line of session.book.lines.values()) {
      for (const mark of line.marks) places[mark.kind].push({ line, mark });
    }
    marks.tasks.sort((a, b) => (a.mark.due ?? '9').localeCompare(b.mark.due ?? '9'));
    const today = localDay(new Date());
    marks.overdue = marks.tasks.filter(({ mark }) => mark.due && mark.due < today).length;
    return marks;
  });
}
