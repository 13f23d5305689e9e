// Random forms and answers, the same for the same seed.

/** Numbers from 0 to below 1 (mulberry32). */
export function numbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const COLUMNS = [
  'type', 'name', 'label', 'relevant', 'calculation', 'constraint', 'required', 'read_only',
  'choice_filter', 'default', 'repeat_count',
];

const CHOICES = `| choices |
| | list_name | name | label | town |
| | town | t1 | East | |
| | town | t2 | West | |
| | town | t3 | North | |
| | village | v1 | Upper | t1 |
| | village | v2 | Lower | t1 |
| | village | v3 | Old | t2 |
| | village | v4 | New | t3 |
| | crop | rice | Rice | |
| | crop | tea | Tea | |
| | crop | maize | Maize | |`;

/** Lists that lie beside a form, by their names. */
export const FILES = {
  'shops.csv': 'name,label,town,rent\ns1,Corner,t1,10.50\ns2,Bridge,t2,007\ns3,"Gate, old",t1,10.5\n',
};

/**
 * A form as Markdown, and two sets of answers to give one after the other. Sums and comparisons of
 * decimals, and what hangs on how many instances there are, are left out unless they are asked for:
 * ODK's engine for browsers takes the ones bit by bit, and counts instances that are hidden.
 */
export function generate(seed, sums = false) {
  const next = numbers(seed);
  const below = (count) => Math.floor(next() * count);
  const pick = (all) => all[below(all.length)];
  const chance = (share) => next() < share;
  const rows = [];
  // Questions that can be referred to: those before, in an enclosing section or outside repeats.
  let count = 0;
  const add = (row) => rows.push(`| | ${COLUMNS.map((name) => row[name] ?? '').join(' | ')} |`);

  const condition = (known) => {
    const one = pick(known);
    const ref = `\${${one.name}}`;
    switch (one.type) {
      case 'decimal':
        return pick([`${ref} >= 3500.3`, `${ref} != ''`, ...(sums ? [`${ref} = 10.5`, `${ref} = '10.50'`, `${ref} + 0.2 = 0.3`] : [])]);
      case 'integer':
        return pick([`${ref} > 3`, `${ref} != ''`, `${ref} mod 2 = 0`, `${ref} <= 5 or ${ref} = 8`]);
      case 'text':
        return pick([`${ref} = 'a'`, `string-length(${ref}) > 1`, `${ref} != ''`,
          `contains(${ref}, 'b')`, `regex(${ref}, '^[a-c]+$')`, `not(${ref} = '')`]);
      case 'date':
        return pick([`${ref} > date('2020-01-01')`, `${ref} != ''`]);
      case 'select_multiple':
        return pick([`selected(${ref}, 'tea')`, `count-selected(${ref}) > 1`]);
      default:
        return pick([`${ref} = 't1'`, `selected(${ref}, 'v1')`, `${ref} != ''`]);
    }
  };
  const value = (known, repeats) => {
    const one = pick(known);
    const ref = `\${${one.name}}`;
    const all = [`if(${condition(known)}, 'yes', 'no')`, `concat('[', ${ref}, ']')`,
      `coalesce(${ref}, 'none')`, `string-length(${ref})`];
    if (one.type === 'integer') {
      all.push(`${ref} * 2 + 1`, `round(${ref} div 3, 2)`, `max(${ref}, 4)`, `if(${ref} > 2, ${ref}, 0)`);
    }
    if (one.type === 'decimal' && sums) {
      all.push(`${ref} * 1.1`, `${ref} + 0.1`, `round(${ref}, 1)`, `${ref} = ${ref} + 0`, `concat(${ref} * 100, ' fen')`);
    }
    const other = pick(known);
    if (other.type === one.type && (sums || one.type !== 'decimal')) all.push(`if(${ref} = \${${other.name}}, 'same', 'other')`);
    for (const repeat of repeats) {
      all.push(`count(\${${repeat.name}})`);
      for (const inner of repeat.numbers) all.push(`sum(\${${inner}})`, `max(\${${inner}})`);
      for (const inner of repeat.texts) all.push(`join(',', \${${inner}})`);
      if (!sums) continue;
      all.push(`if(count(\${${repeat.name}}) > 1, 'many', 'few')`);
      for (const inner of [...repeat.numbers, ...repeat.texts]) {
        all.push(`count-non-empty(\${${inner}})`, `count(\${${inner}})`, `indexed-repeat(\${${inner}}, \${${repeat.name}}, 2)`);
      }
      for (const inner of repeat.numbers) all.push(`min(\${${inner}})`);
    }
    return pick(all);
  };

  const section = (depth, known, inRepeat) => {
    const first = {};
    const second = {};
    const repeats = [];
    const length = 3 + below(6);
    for (let at = 0; at < length; at += 1) {
      count += 1;
      const name = `q${count}`;
      const relevant = sums && repeats.length > 0 && chance(0.2)
        ? `count(\${${pick(repeats).name}}) ${pick(['> 1', '= 0'])}`
        : known.length > 0 && chance(0.3) ? condition(known) : '';
      const kind = below(12);
      if (kind === 0 && depth < 3) {
        add({ type: 'begin group', name, label: `G${count}`, relevant });
        const inner = section(depth + 1, known, inRepeat);
        add({ type: 'end group' });
        first[name] = inner.first;
        second[name] = inner.second;
        repeats.push(...inner.repeats);
      } else if (kind === 1 && depth < 2 && !inRepeat) {
        const counted = known.find((one) => one.type === 'integer' && one.top);
        const repeat_count = counted && chance(0.3) ? `\${${counted.name}}` : '';
        add({ type: 'begin repeat', name, label: `R${count}`, relevant, repeat_count });
        const start = known.length;
        const inner = section(depth + 1, known, true);
        // What is in a repeat is only referred to from inside it, or as a set.
        const own = known.splice(start);
        add({ type: 'end repeat' });
        const of = (type) => own.filter((one) => one.type === type).map((one) => one.name);
        repeats.push({ name, numbers: of('integer'), texts: of('text') });
        const varied = () => Array.from({ length: 1 + below(3) }, () => inner.draw());
        first[name] = varied();
        second[name] = varied();
      } else if (kind <= 3 && known.length > 0) {
        const place = sums && inRepeat && chance(0.2);
        add({ type: 'calculate', name, calculation: place ? 'position(..)' : value(known, repeats) });
      } else {
        const type = pick(['integer', 'text', 'date', 'select_one town', 'select_one village',
          'select_multiple crop', 'integer', 'text', 'decimal', 'select_one_from_file shops.csv']);
        const short = type.split(' ')[0];
        const town = known.filter((one) => one.list === 'town');
        const row = {
          type, name, label: known.length > 0 && chance(0.2) ? `About \${${pick(known).name}}` : `Q${count}`,
          relevant,
          required: chance(0.3) ? (known.length > 0 && chance(0.5) ? condition(known) : 'yes') : '',
          read_only: chance(0.05) ? 'yes' : '',
        };
        if (type === 'select_one village' && town.length > 0) {
          row.choice_filter = `town = \${${pick(town).name}}`;
        }
        if (short === 'integer' && chance(0.4)) row.constraint = pick(['. > 1', '. < 7 and . >= 0', '. != 5']);
        if (short === 'text' && chance(0.3)) row.constraint = pick(["regex(., '^[a-z]+$')", 'string-length(.) < 3']);
        if (type.endsWith('.csv') && town.length > 0) row.choice_filter = `town = \${${pick(town).name}}`;
        if (short === 'integer' && chance(0.2)) row.default = pick([String(below(9)), `0${below(9)}`]);
        if (short === 'decimal' && chance(0.2)) row.default = pick(['10.50', '0.10', '3.0']);
        if (type === 'select_one town' && chance(0.2)) row.default = pick(['t1', 'T1', 'East']);
        if (type === 'select_multiple crop' && chance(0.2)) row.default = pick(['rice', 'rice wheat', 'wheat']);
        if (short === 'text' && known.length > 0 && !row.read_only && chance(0.1)) row.default = `concat('d', \${${pick(known).name}})`;
        add(row);
        known.push({ name, type: short, list: type.split(' ')[1], top: depth === 0 });
        first[name] = answer(type);
        second[name] = answer(type);
      }
    }
    // Another draw of the same questions, for the instances of a repeat.
    const draw = () => redraw(first);
    return { first, second, repeats, draw };
  };
  const answer = (type) => {
    if (chance(0.15)) return '';
    switch (type) {
      case 'integer': return pick([String(below(9)), String(below(9)), `00${below(9)}`]);
      case 'decimal': return pick(['10.50', '10.5', '10.0', '0.10', '3500.20', '.5', '7']);
      case 'select_one_from_file shops.csv': return pick(['s1', 's2', 's3']);
      case 'date': return pick(['2019-05-01', '2024-02-29', '2025-11-25']);
      case 'select_one town': return pick(['t1', 't2', 't3']);
      case 'select_one village': return pick(['v1', 'v2', 'v3', 'v4']);
      case 'select_multiple crop': return pick(['rice', 'rice tea', 'tea maize', 'rice tea maize']);
      default: return pick(['a', 'ab', 'abc', 'B', '9', 'a b']);
    }
  };
  const redraw = (answers) => Object.fromEntries(
    Object.entries(answers).map(([name, given]) => {
      if (Array.isArray(given)) return [name, given.map(redraw)];
      if (typeof given === 'object') return [name, redraw(given)];
      if (given === '') return [name, given];
      return [name, /^\d$/.test(given) ? String(below(9)) : given];
    }),
  );
  const known = [];
  const { first, second } = section(0, known, false);
  // Labels of choices that hold an answer, in some forms.
  const told = known.filter((one) => one.top && one.type !== 'select_multiple' && (sums || one.type !== 'decimal'));
  const choices = told.length > 0 && chance(0.3) ? CHOICES.replace('| East |', `| East of \${${pick(told).name}} |`) : CHOICES;
  const form = `| survey |\n| | ${COLUMNS.join(' | ')} |\n${rows.join('\n')}\n${choices}\n`;
  return { form, answers: [first, second] };
}
