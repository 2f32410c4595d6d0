import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from 'pino';
import { compareWithPrimary, type Known, type Place } from './compare-with-primary.ts';
import { createPool, type PoolOptions } from './create-pool.ts';

/** https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-RECOVERY-CONTROL */
const PLACE = {
  name: 'place-in-the-log',
  text: `SELECT (SELECT system_identifier::text FROM pg_control_system()) AS "systemId",
    pg_is_in_recovery() AS "isStandby",
    CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())
      ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS "walTimeline",
    (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0')::text AS position`,
};

export interface ReplicaOptions extends Omit<PoolOptions, 'log'> {
  /** Connections to the primary, which is asked where it stands. */
  readonly primary: pg.Pool;
  /** Bounded staleness: a read may miss what was committed so shortly before it began, and nothing else. */
  readonly lagAtMostMs: number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export interface Replica {
  readonly pool: pg.Pool;
  /** Whether it answers, and had a moment ago all that the primary had. */
  isFresh(): boolean;
  /**
   * Whether the server of this connection has all that the primary had `lagAtMostMs` ago; one address may lead to several.
   */
  hasCaughtUp(client: pg.PoolClient): Promise<boolean>;
  /** Called when it no longer answers, until the returned function is. */
  onLost(handler: () => void): () => void;
  stop(): Promise<void>;
}

/**
 * Read replica with bounded staleness: a streaming standby is asked again and again how much of the write-ahead log it
 * has replayed, and the primary how much there is. When a replica has replayed what the primary had at a moment, it was
 * fresh at that moment, by this process's clock alone; so one that is paused, cut off or slow is known by its silence.
 */
export function followReplica(options: ReplicaOptions): Replica {
  const { primary, lagAtMostMs } = options;
  const pool = createPool(options);
  const clients = new Map<pg.PoolClient, Known>();
  pool.on('connect', (client) => clients.set(client, {}));
  pool.on('remove', (client) => clients.delete(client));
  const compare = compareWithPrimary();
  const lost = new Set<() => void>();
  let freshAt = Number.NEGATIVE_INFINITY;

  const isInTime = (at: number | undefined) => at !== undefined && performance.now() - at <= lagAtMostMs;
  const isFresh = () => isInTime(freshAt);

  async function hasCaughtUp(client: pg.PoolClient): Promise<boolean> {
    const known = clients.get(client) ?? {};
    if (isInTime(known.freshAt)) return true;
    const at = compare.freshWhen(await placeOf(client), known);
    if (at === undefined) return false;
    known.freshAt = at;
    freshAt = Math.max(freshAt, at);
    return isInTime(at);
  }

  async function askReplica(): Promise<void> {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      const known = clients.get(client);
      if (known) known.freshAt = undefined;
      await hasCaughtUp(client);
    } catch (error) {
      broken = error as Error;
      throw error;
    } finally {
      client.release(broken);
    }
  }

  /** Nothing comes back: who waits for it reads from the primary instead. */
  function giveUp(): void {
    freshAt = Number.NEGATIVE_INFINITY;
    for (const handler of lost) handler();
    for (const client of clients.keys()) cut(client);
  }

  async function look(): Promise<void> {
    const askedAt = performance.now();
    compare.primaryIsAt(await placeOf(primary), askedAt);
    const asking = askReplica().then(() => true);
    if (await Promise.race([asking, sleep(lagAtMostMs, false, { ref: false })])) return;
    asking.catch(() => undefined);
    giveUp();
  }

  const tell = tellOfTurns(isFresh, options);
  const stopLooking = repeatedly(() => look().then(tell, tell), Math.max(25, Math.floor(lagAtMostMs / 4)));
  return {
    pool,
    isFresh,
    hasCaughtUp,
    onLost(handler) {
      lost.add(handler);
      return () => lost.delete(handler);
    },
    async stop() {
      const ending = [stopLooking(), pool.end()];
      giveUp();
      await Promise.all(ending);
    },
  };
}

/** Logs when it becomes fresh, and when it is no more. */
function tellOfTurns(isFresh: () => boolean, { log, lagAtMostMs }: Pick<ReplicaOptions, 'log' | 'lagAtMostMs'>) {
  let wasFresh: boolean | undefined;
  return (error?: unknown): void => {
    if (isFresh() === wasFresh) return;
    wasFresh = isFresh();
    const why = error === undefined ? {} : { error: String(error) };
    if (wasFresh) log.info({}, 'the read replica is up to date: what may be late is read there');
    else log.warn({ ...why, lagAtMostMs }, 'the read replica is away or too far behind: the primary is read instead');
  };
}

/** A closing handshake would wait for the server. */
function cut(client: pg.PoolClient): void {
  const { connection } = client as unknown as { connection?: { stream?: { destroy(): void } } };
  connection?.stream?.destroy();
}

async function placeOf(sql: Pick<pg.ClientBase, 'query'>): Promise<Place> {
  const { rows } = await sql.query<Place>(PLACE);
  const [place] = rows;
  if (!place?.position) throw new Error('It does not tell how much of the write-ahead log it has.');
  return place;
}

/** `work` never rejects. Returns what ends it, when the last has ended. */
function repeatedly(work: () => Promise<void>, everyMs: number): () => Promise<void> {
  const stopped = new AbortController();
  const running = (async () => {
    while (!stopped.signal.aborted) {
      await work();
      await sleep(everyMs, undefined, { ref: false, signal: stopped.signal }).catch(() => undefined);
    }
  })();
  return () => {
    stopped.abort();
    return running;
  };
}
