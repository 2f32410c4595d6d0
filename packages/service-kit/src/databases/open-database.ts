import type pg from 'pg';
import type { Logger } from 'pino';
import { createPool, type PoolOptions, type PreparedStatements } from './create-pool.ts';
import { followReplica, type Replica } from './follow-replica.ts';

/** One service's connections to its database, by kind of work. */
export interface Database {
  /** Reads of clients. */
  readonly reads: pg.Pool;
  /** Writes of clients. */
  readonly commands: pg.Pool;
  /** Consumers of events, and an operator's work. */
  readonly background: pg.Pool;
  /** The relay, the janitor, and the checks of `/ready`. */
  readonly upkeep: pg.Pool;
  /** Where one is configured: as many connections as for `reads`. */
  readonly replica: Replica | undefined;
  end(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly name: string;
  readonly log: Logger;
  readonly connections: number;
  readonly preparedStatements?: PreparedStatements;
  /** A read replica's address, and how far behind it may be. */
  readonly replica?: { readonly url: string | undefined; readonly lagAtMostMs: number } | undefined;
}

/** Less than the 2.5 s that the gateway waits for a service: Postgres does no work for callers that have gone. */
const FOR_A_CLIENT = { lockWithinMs: 700, statementWithinMs: 2_000 };
/** An event that meets a locked row is redelivered; meanwhile another owner's events use the connection. */
const IN_THE_BACKGROUND = { lockWithinMs: 500, statementWithinMs: 60_000 };
/** The smallest number of connections that can be divided. */
const DIVIDED_FROM = 5;

/**
 * Bulkheads (M. Nygard, Release It!): divides the connections into compartments by kind of work, so that one kind that
 * waits, say for a locked row, leaves the others theirs. When there are too few to divide, all but upkeep share one
 * pool.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const { connections, name, preparedStatements = 'auto' } = options;
  const open = (what: string, max: number, bounds: Pick<PoolOptions, 'lockWithinMs' | 'statementWithinMs'>) =>
    createPool({ url: options.url, log: options.log, name: `${name}-${what}`, max, preparedStatements, ...bounds });
  const pools = divide(connections, open);
  const replica = followIfThere(options, pools);
  return {
    ...pools,
    replica,
    async end() {
      await replica?.stop();
      await Promise.all([...new Set(Object.values(pools))].map(end));
    },
  };
}

function followIfThere(options: DatabaseOptions, { reads, upkeep }: Pools): Replica | undefined {
  const { name, log, preparedStatements = 'auto', replica } = options;
  if (replica?.url === undefined) return undefined;
  return followReplica({
    ...{ url: replica.url, lagAtMostMs: replica.lagAtMostMs, primary: upkeep, log, name: `${name}-replica` },
    ...{ max: reads.options.max ?? 1, preparedStatements, ...FOR_A_CLIENT },
  });
}

type Pools = Omit<Database, 'end' | 'replica'>;

function divide(
  connections: number,
  open: (what: string, max: number, bounds: { lockWithinMs: number; statementWithinMs: number }) => pg.Pool,
): Pools {
  if (connections < DIVIDED_FROM) {
    const all = open('all', connections - 1, FOR_A_CLIENT);
    return { reads: all, commands: all, background: all, upkeep: open('upkeep', 1, IN_THE_BACKGROUND) };
  }
  const upkeep = connections < 8 ? 1 : 2;
  const background = Math.max(1, Math.floor(connections / 5));
  const reads = Math.floor((connections - upkeep - background) / 2);
  return {
    reads: open('reads', reads, FOR_A_CLIENT),
    commands: open('commands', connections - upkeep - background - reads, FOR_A_CLIENT),
    background: open('background', background, IN_THE_BACKGROUND),
    upkeep: open('upkeep', upkeep, IN_THE_BACKGROUND),
  };
}

function end(pool: pg.Pool): Promise<void> {
  return pool.end();
}
