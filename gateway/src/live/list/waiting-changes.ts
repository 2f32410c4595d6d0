import type { ListChange } from './list-change.ts';

export interface WaitingLimits {
  readonly changes: number;
  readonly bytes: number;
}

export const WAITING_LIMITS: WaitingLimits = { changes: 256, bytes: 256 * 1024 };
/**
 * A reader who has taken nothing for so long has stalled: what waits for them is better kept in the store alone, or a
 * crowd of them would fill the memory before the first has 256 changes waiting.
 */
const MAX_WAITING_MS = 5_000;

/**
 * A bounded buffer, for backpressure: announced changes that wait for their reader, by revision, each once, never more
 * than 256 of them or 256 KiB (unless its kind says otherwise), and no longer than 5 s.
 */
export class WaitingChanges<Change extends ListChange> {
  readonly #limits: WaitingLimits;
  readonly #now: () => number;
  #waiting: { change: Change; bytes: number }[] = [];
  #bytes = 0;
  /** When the reader last took something, or had nothing to take. */
  #takenAt = 0;

  /** `now` in ms, from any start. */
  constructor(now: () => number = () => performance.now(), limits: WaitingLimits = WAITING_LIMITS) {
    this.#now = now;
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.length;
  }

  get first(): Change | undefined {
    return this.#waiting[0]?.change;
  }

  /** False when there is no room, or nobody takes what waits. */
  add(change: Change, bytes: number): boolean {
    if (this.#waiting.length === 0) this.#takenAt = this.#now();
    else if (this.#now() - this.#takenAt > MAX_WAITING_MS) return false;
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1]?.change.revision ?? 0) > change.revision) at -= 1;
    if (this.#waiting[at - 1]?.change.revision === change.revision) return true;
    const { changes, bytes: maxBytes } = this.#limits;
    if (this.#waiting.length >= changes || this.#bytes + bytes > maxBytes) return false;
    this.#waiting.splice(at, 0, { change, bytes });
    this.#bytes += bytes;
    return true;
  }

  shift(): Change | undefined {
    this.#takenAt = this.#now();
    const first = this.#waiting.shift();
    this.#bytes -= first?.bytes ?? 0;
    return first?.change;
  }

  dropUpTo(revision: number): void {
    while ((this.first?.revision ?? Number.POSITIVE_INFINITY) <= revision) this.shift();
  }

  clear(): void {
    this.#waiting = [];
    this.#bytes = 0;
  }
}
