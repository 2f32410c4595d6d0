import { connect } from 'node:net';
import type pg from 'pg';

/** Statements for one caller; each is prepared under its name. */
export interface Reads {
  query<Row extends pg.QueryResultRow>(statement: {
    readonly name: string;
    readonly text: string;
    readonly values: unknown[];
  }): Promise<{ rows: Row[] }>;
}

/**
 * Cancellation: statements that end when nobody waits for them any more. Once `callerGone()` is aborted the statement that
 * runs is cancelled in Postgres, and none is begun; the caller's promise rejects. Only for what one caller alone waits
 * for and nothing is changed by: what many share, and what commits, is not to be cut by one who leaves.
 */
export function readUntilCallerLeaves(pool: pg.Pool, callerGone: () => AbortSignal): Reads {
  return {
    async query(statement) {
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
        return await client.query(statement);
      } finally {
        signal.removeEventListener('abort', cancel);
        // Lent to the next only when the cancellation can no longer meet theirs.
        await cancelled;
        client.off('error', onError);
        client.release(broken);
      }
    },
  };
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-CANCELREQUEST */
const CANCEL_REQUEST = 80_877_102;
const CANCEL_REQUEST_BYTES = 16;
/** A server that does not take it: then the statement's timeout ends it. */
const CANCEL_WITHIN_MS = 1_000;

/**
 * Asks as the protocol does, over a connection of its own, with the key that the session was given: so a pooler between
 * us and Postgres finds the right session, which `pg_cancel_backend` would not. Resolves, whatever comes of it, when
 * the server has passed it on and closed.
 */
function cancelStatementOf(client: pg.PoolClient): Promise<void> {
  // Properties that the types do not know.
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
    // Its end is the server's to say.
    socket.on('connect', () => socket.write(message)).resume();
  });
}
