/**
 * Whatever people do with the app in whatever order, no operation of theirs is ever rejected. The
 * edits are made by the app's own code, the operations by its own machine, and what becomes of them
 * is the real server's word; only screens and the store are left out, so that thousands can be
 * tried. The actions follow from a seed: `SEED=…` plays the same again, `ROUNDS=12` more of it.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@playwright/test';
import { Definitions, initSync as initForm } from '../../engine/pkg/form.js';
import { enrolled, initSync as initTablet, Tablet as Machine } from '../../engine/pkg/tablet.js';
import { correction } from '../../src/tablet/households/correction';
import { isTyped, keeperOf, typed } from '../../src/tablet/households/typed';
import type { Draft, Edit, Effect, Json, Register, RegisterField, Row, Seen, StoreChange } from '../../src/tablet/store/types';
import { written } from '../../src/tablet/sync/written';
import { visitEdits } from '../../src/tablet/visit/edits';
import { Server } from '../stage/server';

const SEED = Number(process.env['SEED'] ?? 26);
const ROUNDS = Number(process.env['ROUNDS'] ?? 4);
const ACTIONS = 40;

const wasm = (name: string) => readFileSync(fileURLToPath(new URL(`../../engine/pkg/${name}_bg.wasm`, import.meta.url)));
initForm({ module: wasm('form') });
initTablet({ module: wasm('tablet') });

/** The same numbers for the same seed (mulberry32). */
class Chance {
  constructor(private state: number) {}
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  below = (n: number) => Math.floor(this.next() * n);
  of = <T>(all: readonly T[]): T => all[this.below(all.length)]!;
  is = (share: number) => this.next() < share;
  hex = (length: number) => Array.from({ length }, () => '0123456789abcdef'[this.below(16)]).join('');
  id = () => `0199${this.hex(4)}-${this.hex(4)}-7${this.hex(3)}-8${this.hex(3)}-${this.hex(12)}`;
}

/** What people type, scan and paste. */
const TYPED = (chance: Chance): string =>
  chance.of([
    '三组 9 号', '', '   ', '0', '-5', '12.50', '13800000000', '１２３', '1e3', '9'.repeat(30), '1,234.5', 'NaN', '2026-11-29', '2026-02-30',
    '👩‍👩‍👧 一家', '长'.repeat(1 + chance.below(5000)), 'a\u0000b', '<b>&amp;</b>', '\u202e倒', '52990119490307002X', 'null', '[object Object]', '\ud800',
  ]);

interface Kept {
  rows: Map<string, { scope: string; row: Row }>;
  pending: Set<string>;
  states: Map<number, StoreChange>;
}

/** A tablet as the app has it, without a screen. */
class Cadre {
  readonly kept: Kept = { rows: new Map(), pending: new Set(), states: new Map() };
  private readonly made: string[] = [];
  /** Visits that were made here and stored. */
  private readonly visits = new Set<string>();
  refused = 0;

  private constructor(
    private readonly server: Server,
    private readonly machine: Machine,
    readonly definitions: Definitions,
    readonly registers: Map<string, Register>,
    private readonly token: string,
    private readonly chance: Chance,
  ) {}

  static async enrol(server: Server, login: string, chance: Chance): Promise<Cadre> {
    const key = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair;
    const raw = new Uint8Array(await crypto.subtle.exportKey('raw', key.publicKey));
    const body = JSON.stringify({ code: server.code(login), public_key: Buffer.from(raw).toString('base64url'), label: 'chance' });
    const answer = await fetch(`${server.address}/api/v1/devices/enrol`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    const { device, user, tokens } = (await answer.json()) as { device: string; user: string; tokens: { access_token: string } };
    const bearer = { authorization: `Bearer ${tokens.access_token}` };
    const identity = JSON.parse(enrolled(device, user, BigInt(chance.below(2 ** 31)))) as Json;
    const machine = Machine.open(JSON.stringify({ identity, ops: [], cursors: {} }), BigInt(chance.below(2 ** 31)));
    const definitions = new Definitions();
    const registers = new Map<string, Register>();
    const bundles = (await (await fetch(`${server.address}/api/v1/bundles`, { headers: bearer })).json()) as { kind: string; version: number; hash: string }[];
    for (const { kind, hash } of bundles.sort((a, b) => a.version - b.version)) {
      if (kind !== 'register') continue;
      const text = await (await fetch(`${server.address}/sync/v1/bundles/${hash}`, { headers: bearer })).text();
      machine.define(text);
      definitions.define(kind, text);
      const register = JSON.parse(text) as Register;
      registers.set(register.name, register);
    }
    const cadre = new Cadre(server, machine, definitions, registers, tokens.access_token, chance);
    await cadre.happen(machine.handle(cadre.clock(), '{"event":"network_up"}'));
    return cadre;
  }

  private clock = () => JSON.stringify({ wall: Date.now(), monotonic: Math.round(performance.now()), boot: 'chance' });

  /** Carries out what the machine wants, as the driver does. */
  private async happen(effects: string): Promise<void> {
    for (const effect of JSON.parse(effects) as Effect[]) {
      if ('store' in effect) effect.store.forEach((change) => this.keep(change));
      else if ('send' in effect) await this.exchange();
      // Photos go their own way.
      else if ('ask' in effect) await this.happen(this.machine.handle(this.clock(), JSON.stringify({ event: 'missing', asked: effect.ask, missing: [] })));
    }
  }

  private keep(change: StoreChange): void {
    if ('row' in change) this.kept.rows.set(change.row.id, change);
    else if ('drop_row' in change) this.kept.rows.delete(change.drop_row);
    else if ('seq' in change) {
      this.kept.pending.add(change.record);
      this.kept.states.set(change.seq, change);
    }
  }

  private async exchange(): Promise<void> {
    const response = await fetch(`${this.server.address}/sync/v1/sync`, {
      method: 'POST',
      body: this.machine.request() as Uint8Array<ArrayBuffer>,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/cbor', accept: 'application/cbor' },
    });
    expect(response.status, 'the exchange goes through').toBe(200);
    const answer = new Uint8Array(await response.arrayBuffer());
    await this.happen(this.machine.answered(this.clock(), answer, JSON.stringify({ sent: 1, received: answer.length, elapsed: 1 })));
  }

  async sync(): Promise<void> {
    await this.happen(this.machine.handle(this.clock(), '{"event":"tick"}'));
  }

  /** Does what a person does; what can't be stored is told them there and then. */
  async act(edits: Edit[]): Promise<void> {
    this.made.push(JSON.stringify(edits).slice(0, 400));
    let effects: string;
    try {
      effects = this.machine.act(this.clock(), written(edits));
    } catch (cause) {
      expect(String(cause), 'only what somebody typed is refused, and in words').toMatch(/^unfit: (long|type|large) /);
      this.refused += 1;
      return;
    }
    // What is not sent yet goes with the next exchange.
    await this.happen(effects);
  }

  seen(collection?: string): Seen[] {
    const ids = new Set([...this.kept.rows.keys(), ...this.kept.pending]);
    const known = [...ids].map((id) => ({ id, ...(this.kept.rows.has(id) ? { row: this.kept.rows.get(id)!.row } : {}) }));
    const all = JSON.parse(this.machine.view(JSON.stringify(known))) as (Seen | null)[];
    return all.filter((one) => one !== null && (!collection || one.collection === collection)) as Seen[];
  }

  states(): Record<string, number> {
    const count: Record<string, number> = {};
    for (const change of this.kept.states.values()) {
      if ('state' in change) count[change.state] = (count[change.state] ?? 0) + 1;
    }
    return count;
  }

  private rows(): Row[] {
    return JSON.parse(this.machine.rows(JSON.stringify([...this.kept.rows.values()].map(({ row }) => ({ id: row.id, row }))))) as Row[];
  }

  /** What a form says of records: of any register, field and status, whether they make sense or not. */
  private entities(household: string): { edits: Edit[]; untaken: string[] } {
    const { chance } = this;
    const lists = [...this.registers.values(), { name: 'nowhere', field: [] as RegisterField[] }];
    const entities = Array.from({ length: chance.below(4) }, () => {
      const { name, field } = chance.of(lists);
      const known = this.seen(name);
      const updates = chance.is(0.6);
      const id = updates && known.length ? chance.of(known).id : chance.of([chance.id(), 'uuid:' + chance.id(), 'card 7']);
      const value = (one: RegisterField) => (one.choices && chance.is(0.8) ? chance.of(one.choices).name : TYPED(chance));
      const properties = Object.fromEntries(field.filter(() => chance.is(0.4)).map((one) => [one.name, value(one)]));
      return { list: name, id, creates: !updates || chance.is(0.2), updates, label: chance.is(0.5) ? TYPED(chance) : null, properties };
    });
    const filled = { entities, about: { collection: 'household', record: household }, files: {}, rows: this.rows() };
    return JSON.parse(this.definitions.write(written(filled))) as { edits: Edit[]; untaken: string[] };
  }

  private async visit(): Promise<void> {
    const { chance } = this;
    const household = chance.of(this.seen('household'));
    const corrected = chance.is(0.3) ? this.seen('visit')[0] : undefined;
    const scope = household.scope ?? '';
    const draft: Draft = {
      id: corrected?.id ?? chance.id(),
      document: household.id,
      household: household.id,
      form: chance.hex(64),
      title: chance.of(['月度走访', '长'.repeat(900), '']),
      answers: '',
      files: {},
      page: 0,
      startedAt: Date.now() - 60_000,
      changedAt: Date.now(),
      seed: chance.hex(64),
      corrects: corrected !== undefined,
      ...(chance.is(0.2) ? { setAside: [{ path: '/data/old', value: TYPED(chance) }] } : {}),
    };
    const hashes = Array.from({ length: chance.is(0.05) ? 450 : chance.below(3) }, () => chance.hex(64));
    const answers = Object.fromEntries(Array.from({ length: 1 + chance.below(8) }, (_, at) => [`q${at}`, TYPED(chance)]));
    const { edits: entities, untaken } = this.entities(household.id);
    const remarks = this.seen('finding').filter(() => chance.is(0.1)).map(({ id }) => id);
    const fields = { answers, ended_at: Date.now() * 1000, ...(chance.is(0.5) ? { consent: 'given' } : {}), ...(chance.is(0.5) ? { place: { lat: 265_000_000, lon: 1_067_000_000, accuracy: 5 } } : {}) };
    const { refused } = this;
    await this.act(visitEdits({ draft, scope, visitor: '村干部（虚构）', fields, hashes, entities, untaken, said: chance.is(0.3) ? [TYPED(chance)] : [], before: { files: [], remarks } }));
    if (!corrected && this.refused === refused) this.visits.add(draft.id);
  }

  private async correct(): Promise<void> {
    const { chance } = this;
    const record = chance.of(this.seen(chance.of(['household', 'member', 'alert', 'measure', 'aid_award', 'chronic_card', 'consent', 'household'])).concat(this.seen('household')));
    const register = this.registers.get(record.collection);
    const fields = register?.field.filter((field) => isTyped(field) && !keeperOf(register, field)) ?? [];
    if (fields.length === 0) return;
    const field = chance.of(fields);
    const words = field.choices && chance.is(0.7) ? chance.of(field.choices).name : TYPED(chance);
    const value = typed(field, words);
    // The dialog asks again where a count or a note is empty.
    if (value === undefined || (value === null && ['count', 'notes'].includes(field.type))) return;
    const edits = correction(this.definitions, this.rows(), record, field, value, record.id);
    if (edits?.length) await this.act(edits);
  }

  private async settle(): Promise<void> {
    const { chance } = this;
    const conflict = this.seen('conflict')[0];
    if (!conflict) return;
    const choice = chance.of(['keep', 'swap']);
    await this.act([{ collection: 'conflict', record: conflict.id, change: { kind: 'resolve', choice, reason: TYPED(chance) } }]);
  }

  private async others(): Promise<void> {
    const { chance } = this;
    const household = chance.of(this.seen('household'));
    const scope = household.scope ?? '';
    const status = (collection: string, from: string, to: string, also: Json = null): Promise<void> => {
      const one = this.seen(collection)[chance.below(5)];
      if (!one) return Promise.resolve();
      const where = { collection, record: one.id };
      const more = also ? [{ ...where, change: { kind: 'patch', fields: also } }] : [];
      return this.act([...more, { ...where, change: { kind: 'transition', field: 'status', from, to } }]);
    };
    await chance.of([
      () => status('task', 'open', 'done'),
      () => status('finding', 'open', 'explained', { explanation: TYPED(chance) }),
      () => status('consent', 'given', 'withdrawn', { withdrawn_on: '2026-11-29' }),
      () =>
        this.act([
          { collection: 'consent', record: chance.id(), scope, change: { kind: 'create', fields: { household: household.id, purpose: TYPED(chance).trim(), scope: ['visit'], given_on: '2026-11-29', status: chance.of(['given', 'declined']) } } },
        ]),
      () =>
        this.act([
          { collection: 'notice_copy', record: chance.id(), scope, change: { kind: 'create', fields: { notice: chance.id(), household: household.id, given_on: '2026-11-29', how: 'paper' } } },
        ]),
    ])();
  }

  step(): Promise<void> {
    return this.chance.of([() => this.visit(), () => this.visit(), () => this.correct(), () => this.correct(), () => this.others(), () => this.settle()])();
  }

  /** What became of each visit that was made: its first operation makes it. */
  visited(): string[] {
    const made = new Map<string, string>();
    for (const [, change] of [...this.kept.states].sort(([a], [b]) => a - b)) {
      if ('state' in change && this.visits.has(change.record) && !made.has(change.record)) made.set(change.record, change.state);
    }
    return [...made.values()];
  }

  /** What was rejected, and what was done before. */
  rejected(): string[] {
    const bad = [...this.kept.states.values()].filter((change) => 'state' in change && change.state === 'rejected');
    return bad.map((change) => JSON.stringify(change).slice(0, 600));
  }
}

test('no sequence of what people do leaves an operation rejected', async () => {
  test.setTimeout(75_000 * ROUNDS);
  const server = await Server.start();
  try {
    const chance = new Chance(SEED);
    const cadres = [await Cadre.enrol(server, 'cadre', chance), await Cadre.enrol(server, 'cadre2', chance)];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (let action = 0; action < ACTIONS; action += 1) await chance.of(cadres).step();
      for (const cadre of cadres) {
        await cadre.sync();
        expect(cadre.rejected(), `seed ${SEED}, round ${round}`).toEqual([]);
      }
    }
    const states = cadres.map((cadre) => cadre.states());
    const of = (name: string) => states.reduce((sum, one) => sum + (one[name] ?? 0), 0);
    console.log(`      seed ${SEED}: ${JSON.stringify(states)}, told at once: ${cadres.map((cadre) => cadre.refused).join(', ')}`);
    // It was no walk in the park: there were conflicts, things that wait, and visits beside them.
    expect(of('applied')).toBeGreaterThan(25 * ROUNDS);
    expect(of('conflict')).toBeGreaterThan(0);
    expect(of('parked')).toBeGreaterThan(0);
    // No visit was kept back by anything else.
    for (const cadre of cadres) {
      const visited = cadre.visited();
      expect(visited.length).toBeGreaterThan(2 * ROUNDS);
      expect(new Set(visited)).toEqual(new Set(['applied']));
    }
  } finally {
    await server.remove();
  }
});
