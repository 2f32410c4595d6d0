import { type LeaseAnswer, type LeaseMessage, MOST_PEOPLE_AT_ONCE } from './lease-messages.ts';
import { GRACE_MS, LEASE_MS } from './presence-times.ts';

interface Person {
  sockets: number;
  /** When the last of them closed; they are here until the grace is over. */
  lastSeenMs: number | undefined;
}

/** A lease that the store has begun: what it knows of it, and its clock. */
interface Held {
  readonly lease: string;
  seq: number;
  /** The store's time as it was told last, and when that came. */
  at: number;
  atMs: number;
  /** Sockets of each person, as the store has acknowledged them. */
  readonly told: Map<string, number>;
}

/**
 * Lease, held for all people of a process at once: says changes and heartbeats in order, one message at a time
 * (stop-and-wait), and begins another lease, an epoch, when the store does not know the one it has. All `…Ms` are of a
 * monotonic clock of the process; the times in messages are the store's.
 */
export class LeaseHolder {
  readonly #holder: string;
  readonly #newLease: () => string;
  readonly #people = new Map<string, Person>();
  /** Those of whom the store has yet to be told something, with when they were last seen, if they are gone. */
  #changed = new Map<string, number | undefined>();
  readonly #leaving = new Set<string>();
  #held: Held | undefined;
  #said: { readonly message: LeaseMessage; readonly isFull: boolean } | undefined;

  constructor({ holder, newLease }: { holder: string; newLease: () => string }) {
    this.#holder = holder;
    this.#newLease = newLease;
  }

  /** How many people are here, as far as this process knows. */
  get people(): number {
    return this.#people.size;
  }

  /** A socket of this person is there. */
  opened(person: string): void {
    const known = this.#people.get(person);
    this.#leaving.delete(person);
    // Back within the grace: nothing has happened.
    const sockets = known?.lastSeenMs === undefined ? (known?.sockets ?? 0) + 1 : 1;
    this.#people.set(person, { sockets, lastSeenMs: undefined });
    this.#changed.set(person, undefined);
  }

  /** It is gone, since `lastSeenMs` at the latest. When it was their last, they stay for GRACE_MS, and may come back. */
  closed(person: string, lastSeenMs: number): void {
    const known = this.#people.get(person);
    if (!known || known.lastSeenMs !== undefined) return;
    if (known.sockets > 1) {
      known.sockets -= 1;
      this.#changed.set(person, undefined);
      return;
    }
    known.lastSeenMs = lastSeenMs;
    this.#leaving.add(person);
  }

  /** What is to be said now; to be asked every BEAT_MS. The same again while the store has not answered. */
  beat(nowMs: number): LeaseMessage {
    this.#letGo(nowMs);
    if (this.#isOver(nowMs)) return this.#begin();
    if (this.#said) return this.#said.message;
    return this.#held ? this.#sayNext(this.#held) : this.#begin();
  }

  /** Takes an answer; what does not have to wait for the next beat is returned, to be said at once. */
  answered(answer: LeaseAnswer, nowMs: number): LeaseMessage | undefined {
    if (!this.#said || answer.lease !== this.#said.message.lease) return undefined;
    if (answer.seq === null || this.#isOver(nowMs)) return this.#begin();
    const { message, isFull } = this.#said;
    if (answer.seq !== message.seq) return undefined;
    this.#said = undefined;
    if (this.#held) acknowledge(this.#held, message);
    const held = this.#held ?? this.#hold(message.lease);
    held.at = answer.at;
    held.atMs = nowMs;
    this.#letGo(nowMs);
    return isFull && this.#changed.size > 0 ? this.#sayNext(held) : undefined;
  }

  /** By this process's own clock; the store's may have been set back. */
  #isOver(nowMs: number): boolean {
    return this.#held !== undefined && nowMs - this.#held.atMs >= LEASE_MS;
  }

  #begin(): LeaseMessage {
    this.#held = undefined;
    const lease = this.#newLease();
    const message = { v: 1 as const, holder: this.#holder, lease, seq: 0, at: 0, here: {}, gone: {} };
    this.#said = { message, isFull: true };
    return message;
  }

  /** The store knows nobody in it: all are told anew, and who has left meanwhile need not be. */
  #hold(lease: string): Held {
    this.#held = { lease, seq: 0, at: 0, atMs: 0, told: new Map() };
    this.#changed = new Map([...this.#people.keys()].map((person) => [person, undefined]));
    return this.#held;
  }

  /** Whose grace is over is gone from now on. */
  #letGo(nowMs: number): void {
    for (const person of this.#leaving) {
      const { lastSeenMs = nowMs } = this.#people.get(person) ?? {};
      if (nowMs - lastSeenMs < GRACE_MS) continue;
      this.#leaving.delete(person);
      this.#people.delete(person);
      this.#changed.set(person, lastSeenMs);
    }
  }

  #sayNext(held: Held): LeaseMessage {
    const here: Record<string, number> = {};
    const gone: Record<string, number> = {};
    let room = MOST_PEOPLE_AT_ONCE;
    for (const [person, lastSeenMs = held.atMs] of this.#changed) {
      if (room === 0) break;
      this.#changed.delete(person);
      const sockets = this.#people.get(person)?.sockets;
      if (sockets === held.told.get(person)) continue;
      room -= 1;
      // In the grace they are here still, on the last socket.
      if (sockets !== undefined) here[person] = sockets;
      else gone[person] = Math.max(0, Math.round(held.at + lastSeenMs - held.atMs));
    }
    const { lease, seq, at } = held;
    const message = { v: 1 as const, holder: this.#holder, lease, seq: seq + 1, at, here, gone };
    this.#said = { message, isFull: room === 0 };
    return message;
  }
}

function acknowledge(held: Held, { here, gone, seq }: LeaseMessage): void {
  held.seq = seq;
  for (const [person, sockets] of Object.entries(here)) held.told.set(person, sockets);
  for (const person of Object.keys(gone)) held.told.delete(person);
}
