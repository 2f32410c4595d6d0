import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs, isOutage } from '@kith/event-delivery';
import type { Logger } from 'pino';
import { type HttpServerOptions, startHttpServer } from '../http/start-http-server.ts';
import { ConfigError } from './read-config.ts';

const RETRY = { firstMs: 200, mostMs: 2_000 };

/** SQLSTATE of what no waiting mends: no such role, a wrong password, not let in (28), no such database (3D000). */
const REFUSES = /^(?:28\w{3}|3D000)$/;

interface AtStart {
  /** The variable that holds its address: `FRIEND_DATABASE_URL`. */
  readonly variable: string;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/**
 * Retry with backoff until it is done: begins what a process cannot start without Postgres, and again while that is away,
 * starts, or fails over. What is wrong is logged once; meanwhile the process is alive and not ready (`/live`, `/ready`), at
 * the place where it will listen.
 *
 * @throws {ConfigError} that names the variable, when Postgres is there and refuses us; whatever else is no outage
 */
export async function startWhenPostgresAnswers<Started>(
  begin: () => Promise<Started>,
  { variable, log, place }: AtStart & { readonly place?: Omit<HttpServerOptions, 'ready' | 'routes'> },
): Promise<Started> {
  const first = await tried(begin, variable);
  if ('started' in first) return first.started;
  tellThatItIsAway(first.outage, { variable, log });
  const ready = () => ({ ready: false, uses: { postgres: false } });
  const meanwhile = place && (await startHttpServer({ ...place, ready, routes: {} }));
  try {
    for (let tries = 1; ; tries += 1) {
      await sleep(backoffMs(tries, RETRY));
      const again = await tried(begin, variable);
      if (!('started' in again)) continue;
      log.info({ variable }, 'Postgres answers: the start goes on');
      return again.started;
    }
  } finally {
    await meanwhile?.stop();
  }
}

/**
 * For a process that starts without Postgres, and is not ready until it answers: asks once. That it is away is logged.
 *
 * @throws {ConfigError} that names the variable, when Postgres is there and refuses us
 */
export async function refuseBadPostgres(
  pool: { query(text: string): Promise<unknown> },
  { variable, log }: AtStart,
): Promise<void> {
  const asked = await tried(() => pool.query('SELECT'), variable);
  if ('outage' in asked) tellThatItIsAway(asked.outage, { variable, log });
}

async function tried<Started>(
  begin: () => Promise<Started>,
  variable: string,
): Promise<{ started: Started } | { outage: unknown }> {
  try {
    return { started: await begin() };
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: string };
    if (REFUSES.test(String(code))) throw new ConfigError(variable, `Postgres refuses it: ${message}`);
    if (!isOutage(error)) throw error;
    return { outage: error };
  }
}

function tellThatItIsAway(error: unknown, { variable, log }: AtStart): void {
  log.warn({ variable, error: String(error) }, 'Postgres does not answer: not ready until it does');
}
