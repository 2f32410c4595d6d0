import type { Log } from '@kith/event-delivery';
import { ViewUnavailable } from '../redis/connect-redis.ts';

/**
 * Retry queue, bounded: floors that Redis could not be told of: remembered here and tried again until they hold. Beyond
 * its bound the oldest is dropped, which makes nothing wrong here (see distrust-after-outages.ts), only later
 * elsewhere.
 */
export class FloorsToRaise {
  readonly #raise: (ownerId: string, revision: number) => Promise<unknown>;
  readonly #retryEveryMs: number;
  readonly #mostOwners: number;
  readonly #log: Log;
  readonly #pending = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #retrying = false;
  #dropped = false;

  constructor(options: {
    raise: (ownerId: string, revision: number) => Promise<unknown>;
    retryEveryMs: number;
    mostOwners: number;
    log: Log;
  }) {
    this.#raise = options.raise;
    this.#retryEveryMs = options.retryEveryMs;
    this.#mostOwners = options.mostOwners;
    this.#log = options.log;
  }

  /** Resolves when Redis has it or, if that fails, when it is remembered. Never rejects. */
  async raise(ownerId: string, revision: number): Promise<void> {
    // Remembered first: while Redis is being asked, a reader here already knows.
    this.#remember(ownerId, revision);
    if (!(await this.#attempt(ownerId))) this.#retryLater();
  }

  /** What a reader in this process must at least see of this list, as far as Redis may not know it; else 0. */
  of(ownerId: string): number {
    return this.#pending.get(ownerId) ?? 0;
  }

  retryNow(): void {
    void this.#retryAll();
  }

  forget(): void {
    this.#pending.clear();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #remember(ownerId: string, revision: number): void {
    this.#pending.set(ownerId, Math.max(revision, this.of(ownerId)));
    if (this.#pending.size <= this.#mostOwners) return;
    if (!this.#dropped) {
      this.#dropped = true;
      this.#log.warn(
        { lists: this.#mostOwners },
        'More lists changed without Redis than are remembered: dropping the oldest',
      );
    }
    for (const [oldest] of this.#pending) return void this.#pending.delete(oldest);
  }

  async #attempt(ownerId: string): Promise<boolean> {
    const revision = this.#pending.get(ownerId);
    if (revision === undefined) return true;
    try {
      await this.#raise(ownerId, revision);
    } catch (error) {
      if (!(error instanceof ViewUnavailable)) throw error;
      return false;
    }
    if (this.#pending.get(ownerId) === revision) this.#pending.delete(ownerId);
    return true;
  }

  #retryLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#retryAll();
    }, this.#retryEveryMs).unref();
  }

  async #retryAll(): Promise<void> {
    if (this.#retrying) return;
    this.#retrying = true;
    for (const ownerId of [...this.#pending.keys()]) {
      // One server of a cluster may be away, or one slot on its way to another: the others' floors do not wait for it.
      if (!(await this.#attempt(ownerId))) this.#retryLater();
    }
    this.#retrying = false;
    if (this.#pending.size === 0) this.#dropped = false;
  }
}
