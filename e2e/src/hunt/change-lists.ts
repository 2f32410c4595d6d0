import { askUntilAnswered, Refused } from '../people/ask-gateway.ts';
import type { Person } from '../people/person.ts';
import type { Random } from '../people/seeded-random.ts';
import type { Changer, HuntedKind } from './hunted-kind.ts';
import { makeChangesOnTime } from './make-changes-on-time.ts';

/** Refusals that a change may meet because somebody else changed the same things a moment before. */
const OVERTAKEN = new Set(['NOT_FRIENDS', 'REQUEST_NOT_FOUND', 'RATE_LIMITED', 'NOT_A_MEMBER']);

/** Two faults at once on a busy machine may take minutes; who is not answered by then has found something. */
const ANSWERED_WITHIN_MS = 300_000;

export interface ChangeCounts {
  /** Mutations that were due and sent; a friend request that is taken back is two. */
  sent: number;
  /** Of those, not answered yet. */
  inHand: number;
  /** Due and not sent yet, because too much is in hand or the time after a fault is short. */
  readonly late: number;
  overtaken: number;
  retried: number;
  /** Why, by what was said: how often. */
  readonly retriedFor: Record<string, number>;
  /** The longest that one had to be tried until it was answered. */
  longestMs: number;
}

export interface ChangeListsOptions {
  readonly kinds: readonly HuntedKind[];
  readonly gatewayUrls: readonly string[];
  readonly random: Random;
  /** Mutations of each list, of which a kind may make a share; what other lists' owners do comes on top. */
  readonly perSecond: number;
}

/** Changes lists of all kinds until it is told to stop, each at a rate of its own whether answers come or not. */
export function changeLists(options: ChangeListsOptions) {
  const lateOf = new Map<Changer, number>();
  const counts: ChangeCounts = {
    sent: 0,
    inHand: 0,
    get late() {
      return [...lateOf.values()].reduce((sum, late) => sum + late, 0);
    },
    overtaken: 0,
    retried: 0,
    retriedFor: {},
    longestMs: 0,
  };
  let stopping = false;
  const changers = options.kinds.flatMap((kind) =>
    kind.changers((person, query, input) => send(options.gatewayUrls, counts, person, { query, input })),
  );

  function takesOvertaken(error: unknown): boolean {
    const isOvertaken = error instanceof Refused && OVERTAKEN.has(error.code ?? '');
    if (isOvertaken) counts.overtaken += 1;
    return isOvertaken;
  }

  function change(changer: Changer): Promise<void> {
    const everyMs = 1_000 / (options.perSecond * changer.share);
    const own = options.random.branch();
    return makeChangesOnTime({
      everyMs,
      // Not all lists at the same moments.
      firstAfterMs: own.next() * everyMs,
      nextChange: (round) => changer.nextChange(round, own),
      isStopping: () => stopping,
      takesFailure: takesOvertaken,
      onLate: (mutations) => lateOf.set(changer, mutations),
    });
  }

  const loops = Promise.all(changers.map(change));
  // A loop that fails is reported when they are stopped.
  loops.catch(() => undefined);
  return {
    counts,
    /** Resolves when what is in hand was answered; throws when a change was refused that should not be. */
    async stop() {
      stopping = true;
      await loops;
    },
  };
}

async function send(
  gatewayUrls: readonly string[],
  counts: ChangeCounts,
  { token }: Person,
  { query, input }: { query: string; input: object },
) {
  const sentAt = performance.now();
  counts.sent += 1;
  counts.inHand += 1;
  try {
    const onRetry = (error: unknown) => {
      counts.retried += 1;
      const { message, cause } = error as Error;
      const why = cause instanceof Error ? `${message}: ${cause.message}` : message;
      counts.retriedFor[why] = (counts.retriedFor[why] ?? 0) + 1;
    };
    return await askUntilAnswered(gatewayUrls, { query, variables: { input }, token }, onRetry, ANSWERED_WITHIN_MS);
  } finally {
    counts.inHand -= 1;
    counts.longestMs = Math.max(counts.longestMs, performance.now() - sentAt);
  }
}
