import { isOutage } from '@kith/event-delivery';
import type pg from 'pg';
import type { Replica } from './follow-replica.ts';
import { type Reads, readUntilCallerLeaves } from './read-until-caller-leaves.ts';

type Statement = Parameters<Reads['query']>[0];

export interface LateReads {
  readonly primary: pg.Pool;
  /** None: everything is read from the primary. */
  readonly replica: Replica | undefined;
  readonly callerGone: () => AbortSignal;
  /** Reads the caller's own rows, by which a replica is known to have what was acknowledged to the caller. */
  readonly own: Statement;
}

/**
 * Reads that may be late, and still include the caller's own writes (read-your-writes consistency): each statement goes
 * to the replica if that is fresh and has the caller's own rows exactly as the primary has them now, else to the
 * primary; as does what a replica that is away does not answer.
 */
export function readLate({ primary, replica, callerGone, own }: LateReads): Reads {
  const fromPrimary = readUntilCallerLeaves(primary, callerGone);
  if (!replica) return fromPrimary;
  let ownRows: Promise<string> | undefined;
  const asOnPrimary = () => {
    ownRows ??= fromPrimary.query(own).then(({ rows }) => JSON.stringify(rows));
    return ownRows;
  };
  const fromReplica = readUntilCallerLeaves(replica.pool, callerGone, async (client) => {
    const [wanted, caughtUp] = await Promise.all([asOnPrimary(), replica.hasCaughtUp(client)]);
    if (!caughtUp) throw new NotThereYet();
    if (JSON.stringify((await client.query(own)).rows) !== wanted) throw new NotThereYet();
  });
  return {
    async query<Row extends pg.QueryResultRow>(statement: Statement) {
      const answer = replica.isFresh()
        ? await unlessLost(replica, () => fromReplica.query<Row>(statement), callerGone)
        : undefined;
      return answer ?? fromPrimary.query<Row>(statement);
    },
  };
}

class NotThereYet extends Error {}

/** The statement took too long, or nobody waits for it: on the primary it would be as dear. */
const CANCELLED = '57014';

/** Undefined: the replica does not have it, or does not answer. */
async function unlessLost<Answer>(
  replica: Replica,
  read: () => Promise<Answer>,
  callerGone: () => AbortSignal,
): Promise<Answer | undefined> {
  let forget = (): void => undefined;
  const lost = new Promise<undefined>((resolve) => {
    forget = replica.onLost(() => resolve(undefined));
  });
  const reading = read().catch((error) => {
    const isAway = error instanceof NotThereYet || (isOutage(error) && error.code !== CANCELLED);
    if (callerGone().aborted || !isAway) throw error;
    return undefined;
  });
  try {
    return await Promise.race([reading, lost]);
  } finally {
    forget();
    // Where it was lost first, nobody hears what became of it.
    reading.catch(() => undefined);
  }
}
