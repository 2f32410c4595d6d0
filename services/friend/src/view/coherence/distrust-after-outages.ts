import DataLoader from 'dataloader';

/** The revisions of these lists in Postgres, all in one query; 0 for a list that has none yet. */
export type LoadRevisions = (ownerIds: readonly string[]) => Promise<ReadonlyMap<string, number>>;

/** A token: what was compared under one is believed as long as it is the same. */
export type Trust = object;

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
 * - *Another server of a cluster serves the list now*: a replica that was promoted, or one that its slot moved to.
 * - *Redis came back empty*, or was flushed. Nothing to distrust: no view, no lease, and so no loader who began before
 *   may store.
 *
 * One rule covers all of them: a view is believed at the place where it was compared once with Postgres (one primary
 * key, many owners in one query), and nowhere else. A place is one server, until the connection to it is lost, a call to
 * it fails, or it was a replica meanwhile. A view that is behind gets its floor raised, and goes the way of every view
 * below its floor. In a cluster one server's failure takes no trust from the views of the others.
 *
 * What remains is a process that could reach Redis all the time while ANOTHER, cut off, answers a mutation: it may
 * show the list without the change until the event arrives, milliseconds later. Should that event be lost too, the
 * comparison is repeated in the background while a list is being read (`compareEveryMs`): wrong for that long, at most.
 */
export class Distrust {
  readonly #loader: DataLoader<string, number>;
  readonly #compareEveryMs: number;
  readonly #mostOwners: number;
  readonly #placeOf: (ownerId: string) => object | undefined;
  /** When and where each list was last compared, oldest first. Forgetting one costs one more comparison. */
  readonly #compared = new Map<string, { at: number; where: Trust }>();
  /** What is believed of a place, until a call to it fails. */
  #trusts = new WeakMap<object, Trust>();

  constructor(options: {
    loadRevisions: LoadRevisions;
    compareEveryMs: number;
    mostOwners: number;
    /** Where a list's view is kept: the same as long as nothing breaks there. */
    placeOf: (ownerId: string) => object | undefined;
  }) {
    this.#placeOf = options.placeOf;
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

  /** Nothing that is known of any view holds any longer. */
  outage(): void {
    this.#trusts = new WeakMap();
    this.#compared.clear();
  }

  /** Nor of any view where this list's is. */
  failedFor(ownerId: string): void {
    const place = this.#placeOf(ownerId);
    if (place) this.#trusts.delete(place);
  }

  /** Say it again after a wait, to know whether an outage came in between, or the view is kept elsewhere. */
  trustIn(ownerId: string): Trust {
    const place = this.#placeOf(ownerId);
    if (!place) return {};
    const known = this.#trusts.get(place);
    if (known) return known;
    const trust = {};
    this.#trusts.set(place, trust);
    return trust;
  }

  believes(ownerId: string): boolean {
    return this.#compared.get(ownerId)?.where === this.trustIn(ownerId);
  }

  /** This view is known to hold what Postgres held at some moment since `trust` was read; void if an outage came since. */
  believe(ownerId: string, trust: Trust): void {
    if (trust !== this.trustIn(ownerId)) return;
    this.#compared.delete(ownerId);
    this.#compared.set(ownerId, { at: performance.now(), where: trust });
    if (this.#compared.size > this.#mostOwners) {
      for (const [oldest] of this.#compared) return void this.#compared.delete(oldest);
    }
  }

  /** Something speaks against this view: it is compared before it is believed again. */
  doubt(ownerId: string): void {
    this.#compared.delete(ownerId);
  }

  /** The list's revision in Postgres, now. */
  currentRevision(ownerId: string): Promise<number> {
    return this.#loader.load(ownerId);
  }

  /** True once per list and `compareEveryMs`: then the caller compares. */
  isDue(ownerId: string): boolean {
    const compared = this.#compared.get(ownerId);
    if (compared === undefined || performance.now() - compared.at < this.#compareEveryMs) return false;
    this.believe(ownerId, compared.where);
    return true;
  }
}
