import DataLoader from 'dataloader';

/** The revisions of these lists in Postgres, all in one query; 0 for a list that has none yet. */
export type LoadRevisions = (ownerIds: readonly string[]) => Promise<ReadonlyMap<string, number>>;

/**
 * Which views may be believed.
 *
 * A view that Redis answers with can be older than a change that its author has been promised, whenever this process
 * and Redis have been apart:
 * - *Redis was restarted*, from a snapshot or an append-only file that lacks the last changes, or a replica that lacked
 *   them took over. The view is whole, its floor is as old as itself, and the consumer that applied the lost changes
 *   has long acknowledged them: left alone, the view stays wrong until the list's next change.
 * - *The network was cut, or Redis hung*, and lost nothing. Changes made meanwhile are in Postgres and on their way to
 *   the view, but their floors are not raised yet; if the process that remembered to raise them has died, they never
 *   will be.
 * - *Redis came back empty*, or was flushed. Nothing to distrust: no view, no lease, and so no loader who began before
 *   may store.
 *
 * One rule covers all three: whenever the connection is lost or a call fails, and at the start, no view is believed
 * until its revision has been compared once with Postgres (one primary key, many owners in one query). A view that is
 * behind gets its floor raised, and goes the way of every view below its floor.
 *
 * What remains is a process that could reach Redis all the time while ANOTHER, cut off, answers a mutation: it may
 * show the list without the change until the event arrives, milliseconds later. Should that event be lost too, the
 * comparison is repeated in the background while a list is being read (`compareEveryMs`): wrong for that long, at most.
 */
export class Distrust {
  readonly #loader: DataLoader<string, number>;
  readonly #compareEveryMs: number;
  readonly #mostOwners: number;
  /** When each list was last compared, oldest first. Forgetting one costs one more comparison. */
  readonly #comparedAt = new Map<string, number>();
  #outages = 0;

  constructor(options: { loadRevisions: LoadRevisions; compareEveryMs: number; mostOwners: number }) {
    this.#compareEveryMs = options.compareEveryMs;
    this.#mostOwners = options.mostOwners;
    this.#loader = new DataLoader(
      async (ownerIds) => {
        const revisions = await options.loadRevisions(ownerIds);
        return ownerIds.map((ownerId) => revisions.get(ownerId) ?? 0);
      },
      // It gathers what is asked at one moment, and remembers nothing. The bound is what one query should carry.
      { cache: false, maxBatchSize: 1_000 },
    );
  }

  outage(): void {
    this.#outages++;
    this.#comparedAt.clear();
  }

  /** Say it again after a wait, to know whether an outage came in between. */
  get outages(): number {
    return this.#outages;
  }

  believes(ownerId: string): boolean {
    return this.#comparedAt.has(ownerId);
  }

  /** This view is known to hold what Postgres held at some moment since `outages` was read; void if one came since. */
  believe(ownerId: string, outages: number): void {
    if (outages !== this.#outages) return;
    this.#comparedAt.delete(ownerId);
    this.#comparedAt.set(ownerId, performance.now());
    if (this.#comparedAt.size > this.#mostOwners) {
      for (const [oldest] of this.#comparedAt) return void this.#comparedAt.delete(oldest);
    }
  }

  /** Something speaks against this view: it is compared before it is believed again. */
  doubt(ownerId: string): void {
    this.#comparedAt.delete(ownerId);
  }

  /** The list's revision in Postgres, now. */
  currentRevision(ownerId: string): Promise<number> {
    return this.#loader.load(ownerId);
  }

  /** True once per list and `compareEveryMs`: then the caller compares. */
  isDue(ownerId: string): boolean {
    const comparedAt = this.#comparedAt.get(ownerId);
    if (comparedAt === undefined || performance.now() - comparedAt < this.#compareEveryMs) return false;
    this.believe(ownerId, this.#outages);
    return true;
  }
}
