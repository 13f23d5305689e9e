/** What the console costs: bytes, waiting, the size of what is shown. Prints the table of docs/benchmarks.md. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { expect, test } from '@playwright/test';
import { Desk } from '../stage/desk';
import { Server, type Caller } from '../stage/server';

const TRIAGED = Number(process.env['TRIAGED'] ?? 500);
const VISITS = Number(process.env['VISITS'] ?? 1_000_000);
const ALERTS = Number(process.env['ALERTS'] ?? 100_000);
/** Visits with two photos each. */
const PICTURED = Number(process.env['PICTURED'] ?? 5_000);
/** How far the gallery is scrolled, a frame at a time, in pixels. */
const [STEPS, STEP] = [2_000, 120];
/** Visits whose answers are taken away, and households of a table. */
const ANSWERED = Number(process.env['ANSWERED'] ?? 500);
const ROWS = Number(process.env['ROWS'] ?? 50_000);
const HOUSEHOLDS = Number(process.env['HOUSEHOLDS'] ?? 100_000);

const line = (what: string, figure: string) => console.log(`| ${what} | ${figure} |`);
const ms = (value: number) => `${Math.round(value)} ms`;
function spread(times: number[]): string {
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  return `${ms(at(0.5))} / ${ms(at(0.95))}`;
}

test('triage of many visits', async () => {
  const server = await Server.start(TRIAGED);
  const desk = await Desk.start(server.address);
  const { page } = desk;
  try {
    const cdp = await desk.context.newCDPSession(page);
    await cdp.send('Network.enable');
    let bytes = 0;
    cdp.on('Network.loadingFinished', (event) => (bytes += event.encodedDataLength));
    await desk.open();
    await page.waitForSelector('input[name=login]');
    line('the console up to signing in, as it comes over the wire (brotli)', `${Math.round(bytes / 1024)} KB`);
    await desk.signIn('supervisor');
    await expect(page.locator('.acts .primary')).toBeEnabled();
    // From the key to the frame that shows the next visit's photo, and to when it may be passed, too.
    const times = await page.evaluate(async (count) => {
      const frame = () => new Promise(requestAnimationFrame);
      const shown = () => {
        const image = document.querySelector<HTMLImageElement>('.look .stage img');
        return image?.complete ? image.src : undefined;
      };
      const [photo, passable]: [number[], number[]] = [[], []];
      for (let at = 0; at < count; at += 1) {
        const before = shown();
        const start = performance.now();
        dispatchEvent(new KeyboardEvent('keydown', { key: 'a', bubbles: true }));
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', bubbles: true }));
        while (shown() === before || !shown()) await frame();
        photo.push(performance.now() - start);
        while (document.querySelector<HTMLButtonElement>('.acts .primary')?.disabled) await frame();
        passable.push(performance.now() - start);
      }
      return { photo, passable };
    }, TRIAGED - 60);
    line(`key to the next photo, ${times.photo.length} visits one after the other, p50 / p95`, spread(times.photo));
    line('… and until that one may be passed', spread(times.passable));
  } finally {
    await desk.remove();
    await server.remove();
  }
});

test('a gallery of many photos', async () => {
  const server = await Server.start(PICTURED);
  const desk = await Desk.start(server.address);
  const { page } = desk;
  try {
    await desk.signIn('supervisor');
    await page.waitForSelector('nav.side');
    await page.goto(`${server.address}/console/visits?shape=gallery`);
    await expect(page.locator('.picture img').first()).toBeVisible();
    const before = secondsOf(server);
    const gallery = await page.evaluate(async ([steps, step]) => {
      const scroller = document.querySelector('.scroller')!;
      const frames: number[] = [];
      let [most, last] = [0, performance.now()];
      for (let at = 0; at < steps!; at += 1) {
        scroller.scrollTop += step!;
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        frames.push(now - last);
        last = now;
        most = Math.max(most, document.querySelectorAll('.picture img').length);
      }
      return { frames, most };
    }, [STEPS, STEP]);
    line(`gallery of ${(PICTURED * 2).toLocaleString('en')} photos, ${(STEPS * STEP).toLocaleString('en')} px of it scrolled through: images in the page at most`, String(gallery.most));
    line('… a frame, p50 / p95', spread(gallery.frames));
    line('… seconds of the processor that the server took for it', (secondsOf(server) - before).toFixed(1));
  } finally {
    await desk.remove();
    await server.remove();
  }
});

test('many visits, and a large ledger', async () => {
  const server = await Server.start();
  grow(server.folder, HOUSEHOLDS, VISITS, ALERTS);
  const admin = await server.as('admin');
  const time = async (path: string) => {
    const times: number[] = [];
    for (let again = 0; again < 20; again += 1) {
      const start = performance.now();
      await admin.get(path);
      times.push(performance.now() - start);
    }
    return spread(times);
  };
  try {
    const first = '/api/v1/visits?limit=100';
    line(`${VISITS.toLocaleString('en')} visits: the first page of 100, p50 / p95`, await time(first));
    let after = '';
    for (let page = 1; page < 1000; page += 1) {
      const { next } = await admin.get<{ next: string }>(first + after);
      after = `&after=${next}`;
    }
    line('… page 1,000', await time(first + after));
    line('… the first page of those returned (a hundredth)', await time(`${first}&status=returned`));
    line('… of one village', await time(`${first}&area=529901100201`));
    line('… counts', await time('/api/v1/visits/counts'));
    const start = performance.now();
    await admin.get('/api/v1/ledgers/alert_half_month?from=2026-11-16&until=2026-11-30');
    line(`a ledger over ${ALERTS.toLocaleString('en')} records in 6 villages`, ms(performance.now() - start));
    const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toLocaleDateString('sv');
    const month = `from=${day(29)}&until=${day(0)}`;
    line(`the overview of ${HOUSEHOLDS.toLocaleString('en')} households and these visits, a month`, await time(`/api/v1/overview?${month}`));
    line('… the first 100 households not visited', await time(`/api/v1/overview/unvisited?${month}&limit=100`));
    line('… a task for 200 of them, all at once', await once(admin));
    const status = execFileSync('grep', ['VmHWM', `/proc/${processOf(server)}/status`]).toString();
    line('… memory of the server at most, all of the above', `${Math.round(Number(/\d+/.exec(status)![0]) / 1024)} MB`);
  } finally {
    await server.remove();
  }
});

test('tables in and out', async () => {
  const server = await Server.start(ANSWERED);
  const admin = await server.as('admin');
  const timed = async <T>(what: string, work: () => Promise<T>, told: (done: T) => string = () => ''): Promise<void> => {
    const start = performance.now();
    const done = await work();
    line(what, `${((performance.now() - start) / 1000).toFixed(1)} s${told(done)}`);
  };
  const size = (bytes: ArrayBuffer) => `, ${(bytes.byteLength / 1024 / 1024).toFixed(1)} MB`;
  const memory = (what: string) => {
    const status = execFileSync('grep', ['VmHWM', `/proc/${processOf(server)}/status`]).toString();
    line(what, `${Math.round(Number(/\d+/.exec(status)![0]) / 1024)} MB`);
  };
  try {
    const many = ROWS.toLocaleString('en');
    const villages = [0, 1].flatMap((town) => [1, 2, 3].map((village) => `52990110${town}20${village}`));
    const rows = Array.from({ length: ROWS }, (_, at) => `${villages[at % 6]},农户${at},5299011980${String(at).padStart(8, '0')},无,${1 + (at % 40)}组${at}号,30000`);
    const table = new Blob([['村,户主姓名,户主身份证号,证件类型,住址,家庭年收入', ...rows].join('\n')]);
    const path = '/api/v1/records/import?collection=household';
    await timed(`a table of ${many} households looked at`, () => admin.post(`${path}&dry_run=true`, table));
    await timed('… taken in', () => admin.post(path, table));
    memory('… memory of the server at most');
    await timed('… taken in again, all of them there', () => admin.post(path, table));
    const register = (ending: string) => () => admin.bytes(`/api/v1/records.${ending}?collection=household&wording=labels&reason=bench`);
    await timed('all of them taken away as CSV, with their numbers', register('csv'), size);
    memory('… memory of the server at most since it began');
    await timed('… as a workbook', register('xlsx'), size);
    memory('… memory of the server at most since it began');
    const { items } = await admin.get<{ items: { id: string; name: string }[] }>('/api/v1/forms');
    const form = items.find((one) => one.name === 'household_visit')!;
    const answers = (ending: string) => () => admin.bytes(`/api/v1/forms/${form.id}/answers.${ending}?wording=labels&reason=bench`);
    await timed(`the answers of ${ANSWERED.toLocaleString('en')} visits as CSV`, answers('zip'), size);
    await timed('… as a workbook', answers('xlsx'), size);
  } finally {
    await server.remove();
  }
});

const processOf = (server: Server) => execFileSync('pgrep', ['-f', `serve --data ${server.folder}`]).toString().trim().split('\n')[0]!;

/** Seconds of the processor that a server has taken, by the 10 ms that Linux counts in. */
function secondsOf(server: Server): number {
  const [, , ...fields] = readFileSync(`/proc/${processOf(server)}/stat`, 'utf8').replace(/\(.*\)/, '()').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Sets a task for as many households as go at once. */
async function once(admin: Caller): Promise<string> {
  const { items } = await admin.get<{ items: { id: string }[] }>('/api/v1/records?collection=household&limit=200');
  const start = performance.now();
  await admin.post('/api/v1/tasks', { batch: crypto.randomUUID(), title: '走访', households: items.map((one) => one.id) });
  return ms(performance.now() - start);
}

/** Households, visits and alerts put into the database as the server would have put them. */
function grow(folder: string, households: number, visits: number, alerts: number): void {
  const script = `
import json, os, random, sqlite3, sys, time
db = sqlite3.connect(os.path.join(sys.argv[1], 'ruhu.sqlite'), timeout=60)
households, visits, alerts = map(int, sys.argv[2:5])
random.seed(1)
villages = [f'area:52990110{t}20{v}' for t in (0, 1) for v in (1, 2, 3)]
(definition,) = db.execute("SELECT definition FROM records WHERE collection = 'visit' LIMIT 1").fetchone()
columns = [row[1] for row in db.execute("PRAGMA table_info('records')")]
base = dict(zip(columns, db.execute("SELECT * FROM records WHERE collection = 'visit' LIMIT 1").fetchone()))
homes = [row[0] for row in db.execute("SELECT id FROM records WHERE collection = 'household'")]
start = int(time.time() * 1000) - 90 * 86_400_000
home = dict(zip(columns, db.execute("SELECT * FROM records WHERE collection = 'household' LIMIT 1").fetchone()))
def more_homes(count):
    for at in range(count):
        stamp = (start + at) << 80 | 7 << 76 | random.getrandbits(76) & ~(3 << 62) | 2 << 62
        homes.append(stamp.to_bytes(16, 'big'))
        row = dict(home, id=homes[-1], scope=random.choice(villages), seq=20_000_000 + at, fields=json.dumps({'1': f'农户 {at}'}), title=f'农户 {at}')
        yield tuple(row[name] for name in columns)
insert = 'INSERT INTO records (' + ','.join(columns) + ') VALUES (' + ','.join('?' * len(columns)) + ')'
db.executemany(insert, more_homes(households))
def rows(collection, count):
    for at in range(count):
        stamp = (start + at * (89 * 86_400_000 // count)) << 80 | 7 << 76 | random.getrandbits(76) & ~(3 << 62) | 2 << 62
        village = random.choice(villages)
        status = random.choices(['submitted', 'approved', 'returned'], [4, 95, 1])[0]
        fields = {'9': status, '10': '月度走访'} if collection == 'visit' else {'2': 'i', '4': random.choice(['self_report', 'cadre_visit', 'department']), '5': random.choice(['confirmed', 'risk_removed'])}
        row = dict(base, id=stamp.to_bytes(16, 'big'), collection=collection, scope=village, seq=10_000_000 + at + (0 if collection == 'visit' else 5_000_000), fields=json.dumps(fields), marks=base['marks'], title='月度走访', subject=random.choice(homes), status=status if collection == 'visit' else fields['5'])
        yield tuple(row[name] for name in columns)
for collection, count in (('visit', visits), ('alert', alerts)):
    db.executemany(insert, rows(collection, count))
    db.commit()
db.execute('ANALYZE')
db.commit()
`;
  execFileSync('python3', ['-c', script, folder, String(households), String(visits), String(alerts)], { stdio: 'inherit' });
}
