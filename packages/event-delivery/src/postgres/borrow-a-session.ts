import type pg from 'pg';

type Query = string | (pg.QueryConfig & { submit?: unknown });
type Result = pg.QueryResult | pg.QueryResult[];
type Answer = (error: Error | undefined, result?: Result) => void;
type Send = (query: Query, values?: unknown[] | Answer, callback?: Answer) => Promise<Result>;

const BEGINS = /^\s*(?:BEGIN|START\s+TRANSACTION)\b[^;]*/i;
const ENDS = /^\s*(?:COMMIT|ROLLBACK|END|ABORT)\b/i;

export interface Borrowing {
  /** The settings of each transaction: `SET LOCAL …; SET LOCAL …`. */
  readonly setLocal: string;
  /** Whether the pooler supports named statements across sessions: PgBouncer from 1.21 on, if configured. */
  readonly namesStatements: boolean;
}

/**
 * Transaction pooling: makes a connection to a pooler repeat its settings in each transaction (SET LOCAL), because a
 * plain SET would stay in a session that others use next, and be missing in our next one. They are sent in the same
 * message as BEGIN; a single statement gets its own transaction, and is answered after the commit. Statements lose
 * their names, unless the pooler supports them.
 */
export function borrowSessions(client: pg.ClientBase, { setLocal, namesStatements }: Borrowing): void {
  const send = client.query.bind(client) as unknown as Send;
  const inTransaction = () => (client as pg.Client).getTransactionStatus() !== 'I';
  let last: Promise<unknown> = Promise.resolve();
  let underWay = 0;

  const say: Send = (query, values) => {
    const unnamed = namesStatements || typeof query === 'string' ? query : { ...query, name: undefined };
    return send(unnamed as Query, values as unknown[]);
  };

  async function inItsOwnTransaction(query: Query, values?: unknown[]): Promise<Result> {
    await send(`BEGIN; ${setLocal}`);
    try {
      const result = await say(query, values);
      await send('COMMIT');
      return result;
    } catch (error) {
      // A broken connection emits its own error.
      await send('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  /** Mutex: two concurrent statements would share one transaction. */
  function takeTurn(query: Query, values?: unknown[]): Promise<Result> {
    underWay += 1;
    const turn = last.then(() => inItsOwnTransaction(query, values)).finally(() => (underWay -= 1));
    last = turn.catch(() => undefined);
    return turn;
  }

  function answer(query: Query, values?: unknown[]): Promise<Result> {
    const text = typeof query === 'string' ? query : query.text;
    const begin = BEGINS.exec(text)?.[0];
    if (begin !== undefined) return beginWith(begin, text.slice(begin.length));
    if (ENDS.test(text) || (underWay === 0 && inTransaction())) return say(query, values);
    return takeTurn(query, values);
  }

  async function beginWith(begin: string, rest: string): Promise<Result> {
    const results = (await send(`${begin}; ${setLocal}${rest}`)) as pg.QueryResult[];
    return rest.trim() === '' ? (results[0] as pg.QueryResult) : results;
  }

  const replaced: Send = (query, values, callback) => {
    if (typeof query !== 'string' && typeof query.submit === 'function') return send(query, values, callback);
    const done = typeof values === 'function' ? values : callback;
    const answered = answer(query, typeof values === 'function' ? undefined : values);
    if (!done) return answered;
    answered.then(
      (result) => done(undefined, result),
      (error: Error) => done(error),
    );
    return undefined as unknown as Promise<Result>;
  };
  client.query = replaced as unknown as typeof client.query;
}

const unnamed = new WeakSet<pg.ClientBase>();

/** Whether statements may be prepared over this connection, by a name or by PREPARE. */
export const mayPrepare = (client: pg.ClientBase): boolean => !unnamed.has(client);

/** Removes the names of statements on a session of our own too, where that is configured. */
export function nameNoStatements(client: pg.ClientBase): void {
  unnamed.add(client);
  const send = client.query.bind(client) as unknown as Send;
  const sendUnnamed: Send = (query, ...more) =>
    send(
      typeof query === 'string' || query.submit ? query : ({ ...query, name: undefined } as unknown as Query),
      ...more,
    );
  client.query = sendUnnamed as unknown as typeof client.query;
}
