import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Log } from '../observe/log.ts';
import { hasItsOwnSession } from '../postgres/session-of-its-own.ts';

const BUS_LOCK = 0x6b627573;
const TRY_EVERY_MS = 200;
/** A predecessor that was killed is noticed by Postgres at once; one that drains takes some seconds. */
const WAIT_AT_MOST_MS = 15_000;

/** The in-process bus is already kept by another process. */
export class BusIsTaken extends Error {
  readonly code = 'BUS_IS_TAKEN';
  constructor() {
    super(
      'Another process runs the in-process bus on this database: end it, or set EVENT_BUS=jetstream to run several.',
    );
    this.name = 'BusIsTaken';
  }
}

/** The in-process bus is told to reach its database through a pooler. */
export class BusNeedsASession extends Error {
  readonly code = 'BUS_NEEDS_A_SESSION';
  constructor() {
    super(
      'The in-process bus holds a lock of its session, and a pooler lends sessions: give it the address of Postgres.',
    );
    this.name = 'BusNeedsASession';
  }
}

/**
 * Advisory lock (mutual exclusion of processes): keeps a session-level one on a connection of its own for as long as
 * this process runs the bus: two processes would give out the same sequences. Throws BusIsTaken, and BusNeedsASession. After a restart of
 * Postgres the lock is taken again; `held` tells whether it is there.
 */
export async function holdTheBus(pool: pg.Pool, log: Log) {
  let client: pg.PoolClient | undefined;
  let stopping = false;

  async function tryToTake(): Promise<boolean> {
    const candidate = await pool.connect();
    // It may break at any moment; unheard, that would end the process.
    candidate.on('error', (error) => {
      if (client !== candidate) return;
      client = undefined;
      candidate.release(error);
      if (!stopping) void takeAgain();
    });
    try {
      if (!(await hasItsOwnSession(candidate))) throw new BusNeedsASession();
      const { rows } = await candidate.query('SELECT pg_try_advisory_lock($1) AS mine', [BUS_LOCK]);
      if (rows[0].mine) client = candidate;
      else candidate.release(true);
      return client === candidate;
    } catch (error) {
      candidate.release(true);
      throw error;
    }
  }

  async function takeAgain(): Promise<void> {
    log.warn({}, 'the bus has lost its connection to Postgres');
    while (!stopping && !client) {
      await sleep(TRY_EVERY_MS);
      if (!stopping) await tryToTake().catch(() => undefined);
    }
    if (client) log.info({}, 'the bus is back');
  }

  const deadline = performance.now() + WAIT_AT_MOST_MS;
  while (!(await tryToTake())) {
    if (performance.now() > deadline) throw new BusIsTaken();
    await sleep(TRY_EVERY_MS);
  }
  return {
    held: () => client !== undefined,
    release(): void {
      stopping = true;
      const last = client;
      client = undefined;
      // Ending the session gives the lock back, whatever state it is in.
      last?.release(true);
    },
  };
}
