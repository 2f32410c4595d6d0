import { connect } from 'node:net';
import type pg from 'pg';
import { atMostAtOnce } from '../concurrency/at-most-at-once.ts';

/** Reads for one caller; each statement is prepared under its name. */
export interface Reads {
  query<Row extends pg.QueryResultRow>(statement: {
    readonly name: string;
    readonly text: string;
    readonly values: unknown[];
  }): Promise<{ rows: Row[] }>;
}

/**
 * Cancellation: ends statements that nobody waits for any more. Once `callerGone()` is aborted, the running statement
 * is cancelled in Postgres, no further one starts, and the caller's promise rejects. Only for reads of a single caller:
 * one caller that disconnects must not cancel shared reads or writes.
 *
 * Bulkhead: no statement, by its name, has more than half of the pool's connections: the others are for other reads while
 * one of them is slow, or waits for a lock.
 *
 * @param before asked over the statement's own connection, before it; when it rejects, so does the statement
 */
export function readUntilCallerLeaves(
  pool: pg.Pool,
  callerGone: () => AbortSignal,
  before?: (client: pg.PoolClient) => Promise<void>,
): Reads {
  return {
    query: (statement) => placesOf(pool, statement.name)(() => query(statement)),
  };

  async function query<Row extends pg.QueryResultRow>(statement: Statement): Promise<{ rows: Row[] }> {
    const signal = callerGone();
    signal.throwIfAborted();
    const client = await pool.connect();
    let cancelled: Promise<void> | undefined;
    let broken: Error | undefined;
    const cancel = () => {
      cancelled = cancelStatementOf(client);
    };
    const onError = (error: Error) => {
      broken = error;
    };
    client.on('error', onError);
    signal.addEventListener('abort', cancel, { once: true });
    try {
      signal.throwIfAborted();
      if (before) {
        await before(client);
        signal.throwIfAborted();
      }
      return await client.query<Row>(statement);
    } finally {
      signal.removeEventListener('abort', cancel);
      // Released only when the cancellation can no longer hit the next borrower's statement.
      await cancelled;
      client.off('error', onError);
      client.release(broken);
    }
  }
}

type Statement = Parameters<Reads['query']>[0];
type Places = ReturnType<typeof atMostAtOnce>;

/** Of each pool, by the name of the statement: there are as many as are written down in the code. */
const places = new WeakMap<pg.Pool, Map<string, Places>>();

function placesOf(pool: pg.Pool, name: string): Places {
  let ofPool = places.get(pool);
  if (!ofPool) {
    ofPool = new Map();
    places.set(pool, ofPool);
  }
  let ofStatement = ofPool.get(name);
  if (!ofStatement) {
    ofStatement = atMostAtOnce(Math.max(1, Math.floor((pool.options.max ?? 1) / 2)));
    ofPool.set(name, ofStatement);
  }
  return ofStatement;
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-CANCELREQUEST */
const CANCEL_REQUEST = 80_877_102;
const CANCEL_REQUEST_BYTES = 16;
/** If the server does not accept it in time, the statement's timeout ends the statement. */
const CANCEL_WITHIN_MS = 1_000;

/**
 * Sends the protocol's CancelRequest on a separate connection, with the session's key: so a pooler between us and
 * Postgres finds the right session, which `pg_cancel_backend` would not. Resolves, whatever the outcome, when the
 * server has forwarded it and closed the connection.
 */
function cancelStatementOf(client: pg.PoolClient): Promise<void> {
  // Not in the types.
  const { host, port, processID, secretKey } = client as unknown as Record<'host', string> &
    Record<'port' | 'processID' | 'secretKey', number>;
  return new Promise((resolve) => {
    const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    socket.setTimeout(CANCEL_WITHIN_MS, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    const message = Buffer.alloc(CANCEL_REQUEST_BYTES);
    message.writeInt32BE(CANCEL_REQUEST_BYTES, 0);
    message.writeInt32BE(CANCEL_REQUEST, 4);
    message.writeInt32BE(processID, 8);
    message.writeInt32BE(secretKey, 12);
    // The server closes the connection.
    socket.on('connect', () => socket.write(message)).resume();
  });
}
