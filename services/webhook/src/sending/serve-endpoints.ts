import type { Logger } from '@kith/service-kit';
import type pg from 'pg';
import { type Endpoint, listEndpoints } from '../endpoints/endpoint-rows.ts';
import { createBell } from './bell.ts';
import type { Worker } from './work-through-endpoint.ts';

/** How long until endpoints that another process registered or removed are noticed. */
const LOOK_EVERY_MS = 1_000;

/** What is told of the endpoints that there are, now and whenever they change. */
export type OnEndpoints = (endpoints: readonly Endpoint[]) => Promise<void>;

/**
 * Keeps a worker for each endpoint that is registered (supervisor). While there is none, it costs one look a second.
 */
export function serveEndpoints(options: {
  pool: pg.Pool;
  work: (endpointId: string) => Worker;
  onEndpoints: OnEndpoints;
  log: Logger;
}) {
  const { pool, work, onEndpoints, log } = options;
  const workers = new Map<string, Worker>();
  const bell = createBell();
  let stopping = false;

  async function look(): Promise<void> {
    const endpoints = await listEndpoints(pool);
    const wanted = new Set(endpoints.map(({ id }) => id));
    const gone = [...workers].filter(([id]) => !wanted.has(id));
    for (const [id] of gone) workers.delete(id);
    await Promise.all(gone.map(([, worker]) => worker.stop()));
    for (const id of wanted) if (!workers.has(id)) workers.set(id, work(id));
    await onEndpoints(endpoints);
  }

  async function run(): Promise<void> {
    while (!stopping) {
      await look().catch((err) => log.warn({ err }, 'endpoints of webhooks cannot be read'));
      await bell.rungOrAfter(LOOK_EVERY_MS);
    }
  }

  const running = run();
  return {
    /** Endpoints were registered, resumed or removed here. */
    changed: bell.ring,
    /** Something was queued for these. */
    queued: (endpointIds: readonly string[]) => {
      for (const id of endpointIds) workers.get(id)?.wake();
    },
    async stop() {
      stopping = true;
      bell.ring();
      await running;
      await Promise.all([...workers.values()].map((worker) => worker.stop()));
    },
  };
}
