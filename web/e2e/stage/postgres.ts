/** A PostgreSQL server of one's own on a socket in a private folder; it goes with this process. */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** It stops, and its folder goes, when standard input closes: however this process ends. */
const GUARD = `
set -e
cd "$1"
"$2/initdb" --no-sync --no-locale --encoding=UTF8 --auth=trust --username=ruhu -D data >log 2>&1
"$2/postgres" -D data -k "$1" -c listen_addresses= -c fsync=off >>log 2>&1 &
server=$!
while ! "$2/pg_isready" -q -h "$1" -U ruhu; do kill -0 $server; sleep 0.05; done
echo ready
cat >/dev/null || true
kill -INT $server
wait $server || true
cd /
rm -rf "$1"
`;

export class Postgres {
  private constructor(
    private readonly folder: string,
    private readonly guard: ChildProcess,
  ) {}

  static async start(): Promise<Postgres> {
    const folder = mkdtempSync(join(tmpdir(), 'ruhu-pg-'));
    const versions = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(a) - Number(b));
    const binaries = `/usr/lib/postgresql/${versions.at(-1)}/bin`;
    const shell = ['sh', '-c', GUARD, 'postgres-for-tests', folder, binaries];
    // PostgreSQL refuses to run as root.
    if (userInfo().uid === 0) {
      execFileSync('chown', ['postgres', folder]);
      chmodSync(folder, 0o755);
      shell.unshift('runuser', '-u', 'postgres', '--');
    }
    const [program, ...options] = shell;
    const guard = spawn(program!, options, { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/' });
    await new Promise<void>((ready, failed) => {
      guard.stdout!.once('data', () => ready());
      guard.once('exit', () => failed(new Error('PostgreSQL did not start')));
    });
    const server = new Postgres(folder, guard);
    execFileSync('psql', ['--quiet', '--command', 'CREATE DATABASE county', server.url('postgres')]);
    return server;
  }

  /** As libpq takes it. */
  url(database = 'county'): string {
    return `postgres://ruhu@${this.folder.replaceAll('/', '%2F')}/${database}`;
  }

  async stop(): Promise<void> {
    const gone = new Promise((done) => this.guard.once('exit', done));
    this.guard.stdin!.end();
    await gone;
  }
}
