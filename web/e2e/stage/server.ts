/** A server with the demo county, in a folder of its own. */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const RUHU = resolve(process.env['RUHU'] ?? '../target/debug/ruhu');
/** Demo counties that were loaded once, by how many visits there are, to be copied. */
const templates = new Map<number, string>();

function template(visits: number): string {
  let folder = templates.get(visits);
  if (!folder) {
    folder = join(tmpdir(), `ruhu-e2e-template-${process.pid}-${visits}`);
    execFileSync(RUHU, ['demo', 'load', '--data', folder, '--visits', String(visits)], { stdio: 'ignore' });
    const made = folder;
    process.on('exit', () => rmSync(made, { recursive: true, force: true }));
    templates.set(visits, folder);
  }
  return folder;
}

export class Server {
  private process: ChildProcess | undefined;

  private constructor(
    readonly folder: string,
    readonly port: number,
    /** Where it hands out its own authority, if it speaks TLS by one. */
    readonly help: number | null,
    private readonly further: string[],
    /** Where its database is, if not in the folder: for every command. */
    private readonly store: string[] = [],
  ) {}

  /** With further flags of the command, where there are any. */
  static async start(visits = 10, tls = false, further: string[] = []): Promise<Server> {
    const folder = mkdtempSync(join(tmpdir(), 'ruhu-e2e-'));
    cpSync(template(visits), folder, { recursive: true });
    const server = new Server(folder, await freePort(), tls ? await freePort() : null, further);
    await server.up();
    return server;
  }

  /** On a folder that is there already. */
  static async on(folder: string, store: string[] = []): Promise<Server> {
    const server = new Server(folder, await freePort(), null, [], store);
    await server.up();
    return server;
  }

  get address(): string {
    return `${this.help === null ? 'http' : 'https'}://127.0.0.1:${this.port}`;
  }

  /** The page that hands out the authority. */
  get helpPage(): string {
    return `http://127.0.0.1:${this.help}/`;
  }

  async up(): Promise<void> {
    const listen = `127.0.0.1:${this.port}`;
    const tls = this.help === null ? [] : ['--tls-names', '127.0.0.1', '--tls-help', `127.0.0.1:${this.help}`];
    this.process = spawn(RUHU, ['serve', '--data', this.folder, '--listen', listen, ...tls, ...this.store, ...this.further], { stdio: 'ignore' });
    // Node does not trust the authority; its page is there once the server is.
    const sign = this.help === null ? `${this.address}/readyz` : this.helpPage;
    await until(async () => (await fetch(sign)).ok);
  }

  /** As a power cut does it. */
  async kill(): Promise<void> {
    const { process: running } = this;
    this.process = undefined;
    if (!running || running.exitCode !== null) return;
    const gone = new Promise((done) => running.once('exit', done));
    running.kill('SIGKILL');
    await gone;
  }

  /** As it is told to stop. */
  async stop(): Promise<void> {
    const { process: running } = this;
    this.process = undefined;
    const gone = new Promise((done) => running?.once('exit', done));
    running?.kill('SIGTERM');
    await gone;
  }

  /** Photos can't be put in their places any more, though their pieces still arrive; or they can again. */
  mayStore(may: boolean): void {
    const [blobs, aside] = ['blobs', 'aside'].map((name) => join(this.folder, 'media', name)) as [string, string];
    if (may) {
      rmSync(blobs);
      renameSync(aside, blobs);
    } else {
      mkdirSync(blobs, { recursive: true });
      renameSync(blobs, aside);
      writeFileSync(blobs, 'no folder');
    }
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Changes its database behind its back, as time or an accident would. */
  sql(statement: string): void {
    const change = 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=30); c.execute(sys.argv[2]); c.commit()';
    execFileSync('python3', ['-c', change, join(this.folder, 'ruhu.sqlite'), statement]);
  }

  /** A one-time code to enrol a tablet for a person. */
  code(login: string): string {
    const told = execFileSync(RUHU, ['device', 'enrol', login, '--data', this.folder, ...this.store]).toString();
    return told.match(/[A-Z2-7]{26}/)![0];
  }

  /** A cadre of another county, which comes to be on this server. */
  async stranger(): Promise<Caller> {
    const table = join(this.folder, 'areas.csv');
    writeFileSync(table, 'code,name\n529902000000,邻县（虚构）\n529902100000,邻镇（虚构）\n529902100201,邻村（虚构）\n');
    execFileSync(RUHU, ['area', 'import', table, '--data', this.folder]);
    const person = ['--name', '邻县村干部（虚构）', '--role', 'cadre', '--area', '529902100201'];
    const once = 'told by telephone, once';
    execFileSync(RUHU, ['user', 'add', 'stranger', ...person, '--data', this.folder], { env: { ...process.env, RUHU_PASSWORD: once } });
    const stranger = await this.as('stranger', once);
    // Nothing else is open to them before.
    await stranger.post('/api/v1/me/password', { old: once, new: 'pines behind our house' });
    return stranger;
  }

  /** Calls the API as a person of the demo. */
  async as(login: string, password = 'ruhu-demo-2026'): Promise<Caller> {
    const response = await fetch(`${this.address}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login, password }),
    });
    const { access_token: token } = (await response.json()) as { access_token: string };
    return new Caller(this.address, token);
  }
}

/** A request that was made. */
export interface Made {
  method: string;
  path: string;
  body: Buffer | null;
  type: string | undefined;
}

export class Caller {
  constructor(
    private readonly address: string,
    private readonly token: string,
  ) {}

  async get<T>(path: string): Promise<T> {
    return this.call('GET', path);
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    if (body instanceof FormData) return this.call('POST', path, body);
    if (body instanceof Blob) return this.call('POST', path, body, { 'content-type': 'application/octet-stream' });
    return this.call('POST', path, JSON.stringify(body), { 'content-type': 'application/json' });
  }

  async delete(path: string): Promise<void> {
    await this.call('DELETE', path);
  }

  /** How a request is answered that somebody else made. */
  async replay({ method, path, body, type }: Made): Promise<number> {
    const headers = { authorization: `Bearer ${this.token}`, ...(type ? { 'content-type': type } : {}) };
    const response = await fetch(this.address + path, { method, headers, ...(body ? { body: new Uint8Array(body) } : {}) });
    await response.arrayBuffer();
    return response.status;
  }

  async bytes(path: string): Promise<ArrayBuffer> {
    const response = await fetch(this.address + path, { headers: { authorization: `Bearer ${this.token}` } });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.arrayBuffer();
  }

  private async call<T>(method: string, path: string, body?: BodyInit, headers: Record<string, string> = {}): Promise<T> {
    const response = await fetch(this.address + path, {
      method,
      headers: { ...headers, authorization: `Bearer ${this.token}` },
      ...(body ? { body } : {}),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : null) as T;
  }
}

/** Waits until something is so; what throws is not so yet. */
export async function until(isSo: () => Promise<boolean>, patience = 60_000): Promise<void> {
  const end = Date.now() + patience;
  for (;;) {
    if (await isSo().catch(() => false)) return;
    if (Date.now() > end) throw new Error(`not in time: ${isSo}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

export function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const probe = createServer().once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => found(port));
    });
  });
}
