import type { ConsumerDefinition } from '@kith/event-delivery';
import type { EnvelopeOf, EventContract, StreamName } from '@kith/event-delivery/envelope';
import { assertHolds, type ListHistory, type OnBroken } from '../catch-up/live-list.ts';
import type { Timeline } from '../timeline/follow-timeline.ts';

/** What became of a change in a read model: `hole`, when the changes between are to be applied first. */
export type Applied =
  | { readonly outcome: 'applied' | 'duplicate' | 'no-view' }
  | { readonly outcome: 'hole'; readonly viewRevision: number };

export interface AnnounceChangesOptions<Contract extends EventContract> {
  readonly stream: StreamName;
  /** The consumer's name on the broker: its position survives the process. */
  readonly durable: string;
  readonly contracts: readonly Contract[];
  /** As it is now. */
  readonly timeline: Pick<Timeline, 'current' | 'holds'>;
  /** The list's history, for what the read model has not had. */
  readonly events: ListHistory<EnvelopeOf<Contract>, unknown>['events'];
  /** Tells the gateways, at once and without an answer. */
  readonly announce: (event: EnvelopeOf<Contract>) => void;
  /**
   * Brings the read model, from which lists are read, up to a change; idempotent by revision. Left out where lists are
   * read from the database that the change was committed in: there it can be read before it is published.
   */
  readonly apply?: (event: EnvelopeOf<Contract>) => Promise<Applied>;
  readonly onBroken?: OnBroken | undefined;
}

/** A hole longer than this is cheaper to load than to walk: the view is left behind, and a reader loads it anew. */
const LONGEST_HOLE = 500;
/** While the read model is away: how long at most a change waits to be announced when the view is behind. */
const MOST_MS_BETWEEN_TRIES = 1_000;
/** Changes that are announced though the view does not have them; what is beyond that is found by the gateway's poll. */
const ANNOUNCED_AHEAD = 100;
const OWNERS_AT_ONCE = 64;

/**
 * Projection into the read model, idempotent by revision: brings the view up to each change, then announces it. In this
 * order, so that whoever hears of a change and reads the list finds it there. The announcement goes out even when the
 * read model does not answer; the event is then tried again until the view has it, and announcing twice is harmless,
 * since every listener compares revisions.
 */
export function announceChanges<Contract extends EventContract>(
  options: AnnounceChangesOptions<Contract>,
): ConsumerDefinition<Contract> {
  type Event = EnvelopeOf<Contract>;
  const { timeline, announce, onBroken } = options;

  async function apply(event: Event): Promise<void> {
    const { ownerId, revision } = event;
    const outcome = await options.apply?.(event);
    if (outcome?.outcome !== 'hole') return;
    const missing = revision - outcome.viewRevision;
    assertHolds(
      missing > 1,
      'a view with a hole before a change lies below it (S15)',
      () => ({ ownerId, revision, outcome }),
      onBroken,
    );
    if (missing > LONGEST_HOLE) return;
    for (const earlier of await options.events(ownerId, outcome.viewRevision, missing)) {
      await options.apply?.(assertSameList(earlier, event));
    }
  }

  function assertSameList(read: Event, event: Event): Event {
    assertHolds(
      read.ownerId === event.ownerId,
      'what is applied and announced for a list is of its owner (S16)',
      () => ({ read: read.ownerId, event: event.ownerId }),
      onBroken,
    );
    return read;
  }

  return {
    stream: options.stream,
    durable: options.durable,
    contracts: options.contracts,
    concurrency: OWNERS_AT_ONCE,
    retry: { firstMs: 50, mostMs: MOST_MS_BETWEEN_TRIES },
    async handle(event) {
      // Of a time that was lost: the list has another change at this revision, or none.
      if (!(await timeline.holds(event))) return;
      try {
        await apply(event);
      } catch (error) {
        announce(event);
        // This event is tried again until the view has it, and those behind it on its list wait. Who listens need not.
        const behind = await options.events(event.ownerId, event.revision, ANNOUNCED_AHEAD).catch(() => []);
        for (const later of behind) announce(assertSameList(later, event));
        throw error;
      }
      announce(event);
    },
  };
}
