import { expect, test } from 'vitest';
import { LeaseHolder } from './hold-lease.ts';
import { applyToLease, holds, type Lease, whoIsHere } from './lease.ts';
import type { LeaseAnswer, LeaseMessage } from './lease-messages.ts';
import { BEAT_MS, GRACE_MS, LEASE_MS, SWEEP_MS } from './presence-times.ts';

// Every fault at once, and what is true beside it: `PRESENCE_TRANSITIONS` steps, repeated by `SEED`.
const TRANSITIONS = Number(process.env.PRESENCE_TRANSITIONS ?? 20_000);
const SEED = Number(process.env.SEED ?? 7);

const PEOPLE = ['ann', 'bob', 'cem', 'dia', 'eve', 'fay'];
/** Longer than a message takes, a beat, and one more for what came in between. */
const CORRECTED_MS = 3_000;
const LATE_AT_MOST_MS = 20_000;

/** mulberry32: the same numbers for the same seed. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Gateway {
  readonly holder: LeaseHolder;
  readonly sockets: Map<string, number>;
  frozen: boolean;
  /** Its own clock begins anywhere. */
  readonly clockAheadMs: number;
  beatAtMs: number;
}

class World {
  readonly random: () => number;
  nowMs = 0;
  /** Of the store's clock, which jumps. */
  clockAheadMs = 1_000_000;
  jumpedBackMs = 0;
  /** When something last went wrong that may hide people. */
  faultMs = 0;
  lossy = false;
  readonly gateways: Gateway[] = [];
  leases = new Map<string, Lease>();
  /** What a replica has when it takes over: it is seconds behind. */
  copy = new Map<string, Lease>();
  sweepAtMs = 0;
  /** Who is truly here, since when; who was, until when. */
  readonly hereSinceMs = new Map<string, number>();
  readonly goneSinceMs = new Map<string, number>();
  inFlight: { dueMs: number; deliver(): void }[] = [];
  #names = 0;
  readonly seen = { here: 0, gone: 0, begun: 0, refused: 0 };

  constructor(seed: number) {
    this.random = numbersFrom(seed);
    for (let each = 0; each < 3; each += 1) this.gateways.push(this.#start());
  }

  #start(): Gateway {
    const newLease = () => {
      this.#names += 1;
      return `lease-${this.#names}`;
    };
    return {
      holder: new LeaseHolder({ holder: newLease(), newLease }),
      sockets: new Map(),
      frozen: false,
      clockAheadMs: Math.floor(this.random() * 1_000_000),
      beatAtMs: this.nowMs,
    };
  }

  get storeMs(): number {
    return this.nowMs + this.clockAheadMs;
  }

  pick<Each>(of: readonly Each[]): Each {
    return of[Math.floor(this.random() * of.length)] as Each;
  }

  /** Lost, doubled, late: what is in flight is subject to all of it while the network is bad. */
  #send(deliver: () => void): void {
    const lateMs = () => (this.lossy ? this.random() ** 4 * LATE_AT_MOST_MS : this.random() * 50);
    if (this.lossy && this.random() < 0.4) return;
    this.inFlight.push({ dueMs: this.nowMs + lateMs(), deliver });
    if (this.lossy && this.random() < 0.3) this.inFlight.push({ dueMs: this.nowMs + lateMs(), deliver });
  }

  say(gateway: Gateway, message: LeaseMessage): void {
    this.#send(() => {
      const { lease, answer } = applyToLease(this.leases.get(message.lease), message, this.storeMs);
      if (answer.seq === null) this.seen.refused += 1;
      if (message.seq === 0 && lease) this.seen.begun += 1;
      if (lease) this.leases.set(message.lease, lease);
      this.#send(() => this.#hear(gateway, answer));
    });
  }

  #hear(gateway: Gateway, answer: LeaseAnswer): void {
    if (gateway.frozen) this.inFlight.push({ dueMs: this.nowMs + 100, deliver: () => this.#hear(gateway, answer) });
    else if (this.gateways.includes(gateway)) {
      const more = gateway.holder.answered(answer, this.nowMs + gateway.clockAheadMs);
      if (more) this.say(gateway, more);
    }
  }

  /** What is true of this person after a change of sockets. */
  #settle(person: string): void {
    const isHere = this.gateways.some((each) => !each.frozen && each.sockets.has(person));
    if (isHere && !this.hereSinceMs.has(person)) this.hereSinceMs.set(person, this.nowMs);
    if (isHere) this.goneSinceMs.delete(person);
    else if (!this.goneSinceMs.has(person)) this.goneSinceMs.set(person, this.nowMs);
    if (!isHere) this.hereSinceMs.delete(person);
  }

  open(gateway: Gateway, person: string): void {
    if (gateway.frozen) return;
    gateway.sockets.set(person, (gateway.sockets.get(person) ?? 0) + 1);
    gateway.holder.opened(person);
    this.#settle(person);
  }

  close(gateway: Gateway, person: string): void {
    const open = gateway.sockets.get(person) ?? 0;
    if (gateway.frozen || open === 0) return;
    if (open === 1) gateway.sockets.delete(person);
    else gateway.sockets.set(person, open - 1);
    gateway.holder.closed(person, this.nowMs + gateway.clockAheadMs);
    this.#settle(person);
  }

  kill(at: number): void {
    this.gateways[at] = this.#start();
    for (const person of PEOPLE) this.#settle(person);
  }

  freeze(gateway: Gateway, frozen: boolean): void {
    gateway.frozen = frozen;
    this.faultMs = this.nowMs;
    for (const person of PEOPLE) this.#settle(person);
  }

  step(): void {
    const chance = this.random();
    const gateway = this.pick(this.gateways);
    if (chance < 0.3) this.open(gateway, this.pick(PEOPLE));
    else if (chance < 0.6) this.close(gateway, this.pick(PEOPLE));
    else if (chance < 0.605) this.kill(this.gateways.indexOf(gateway));
    else if (chance < 0.62) this.freeze(gateway, !gateway.frozen);
    else if (chance < 0.625) this.leases = new Map();
    else if (chance < 0.63) this.#jump();
    else if (chance < 0.635) this.leases = new Map(this.copy);
    else if (chance < 0.65) this.#turnNetwork(this.random() < 0.3);
    if (this.lossy || (chance >= 0.62 && chance < 0.635)) this.faultMs = this.nowMs;
    this.#pass(this.random() < 0.02 ? 20_000 : this.random() * 500);
  }

  #turnNetwork(lossy: boolean): void {
    const isNearJump = this.nowMs - this.jumpedBackMs < LATE_AT_MOST_MS;
    this.lossy = lossy && !isNearJump;
  }

  /** Back only while messages are in time: one that is late would bring a time that has not come, and is due later. */
  #jump(): void {
    const byMs = Math.floor((this.random() - 0.5) * 40_000);
    const isSomethingLate = this.inFlight.some(({ dueMs }) => dueMs > this.nowMs + 200);
    if (byMs < 0 && (this.lossy || isSomethingLate)) return;
    this.clockAheadMs += byMs;
    if (byMs > 0) return;
    this.jumpedBackMs = this.nowMs;
  }

  #pass(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      this.nowMs = Math.min(endMs, this.nowMs + 100);
      this.#deliver();
      for (const gateway of this.gateways) {
        if (gateway.frozen || gateway.beatAtMs > this.nowMs) continue;
        gateway.beatAtMs = this.nowMs + BEAT_MS;
        this.say(gateway, gateway.holder.beat(this.nowMs + gateway.clockAheadMs));
      }
      if (this.lossy) this.faultMs = this.nowMs;
      if (this.sweepAtMs <= this.nowMs) this.#sweep();
    }
  }

  #deliver(): void {
    const due = this.inFlight.filter(({ dueMs }) => dueMs <= this.nowMs);
    if (due.length === 0) return;
    this.inFlight = this.inFlight.filter(({ dueMs }) => dueMs > this.nowMs);
    for (const { deliver } of due) deliver();
  }

  /** What holds no longer is forgotten, as the store does. */
  #sweep(): void {
    this.sweepAtMs = this.nowMs + SWEEP_MS;
    for (const [name, lease] of this.leases) if (!holds(lease, this.storeMs)) this.leases.delete(name);
    this.copy = new Map(this.leases);
  }

  judge(): void {
    const here = whoIsHere(this.leases.values(), this.storeMs);
    for (const person of PEOPLE) {
      const goneMs = this.goneSinceMs.get(person);
      // A clock that is set back may give one lease its time again, until it is swept.
      const shownFromMs = Math.max((goneMs ?? 0) + GRACE_MS, this.jumpedBackMs + SWEEP_MS);
      if (goneMs !== undefined && this.nowMs - shownFromMs > LEASE_MS) {
        this.seen.gone += 1;
        expect(here.has(person), `${person} left at ${goneMs}, and is shown at ${this.nowMs}`).toBe(false);
      }
      const sinceMs = this.hereSinceMs.get(person);
      if (sinceMs !== undefined && this.nowMs - Math.max(sinceMs, this.faultMs) > CORRECTED_MS) {
        this.seen.here += 1;
        expect(here.has(person), `${person} is here since ${sinceMs}, and is hidden at ${this.nowMs}`).toBe(true);
      }
    }
  }
}

test('whatever is lost, late or doubled, whoever dies or freezes, whichever clock jumps: nobody is shown or hidden for longer than the bound', () => {
  const world = new World(SEED);
  for (let step = 0; step < TRANSITIONS; step += 1) {
    world.step();
    world.judge();
  }
  // Both were judged, and faults did happen.
  for (const count of Object.values(world.seen)) expect(count).toBeGreaterThan(TRANSITIONS / 1_000);
}, 600_000);
