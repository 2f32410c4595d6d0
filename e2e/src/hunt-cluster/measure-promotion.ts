import { eventually } from '@kith/local-servers';
import type { ClusterForTest } from '../system/start-cluster-for-test.ts';

/** In ms since a standby was promoted. */
export interface BackAfterPromotion {
  /** The relay has marked the first event as published. */
  readonly relayedMs: number;
  /** The relay is told of commits again (LISTEN). */
  readonly listensMs: number;
}

const FIRST_RELAYED = 'SELECT min(published_at) AS at FROM outbox WHERE published_at > $1';
/** Its session says nothing else, so what it said last is when it began to listen. */
const LISTENS = `
  SELECT min(query_start) AS at FROM pg_stat_activity
   WHERE datname = current_database() AND application_name = 'outbox-relay-listen' AND query LIKE 'LISTEN %'`;

/** How long the friend service's relay was away after a promotion (ms since 1970), as the new primary tells it. */
export async function backAfterPromotion(
  { friendDatabase }: Pick<ClusterForTest, 'friendDatabase'>,
  promotedAt: number,
): Promise<BackAfterPromotion> {
  const msUntil = (what: string, sql: string, values: unknown[] = []) =>
    eventually(
      what,
      async () => {
        const at = (await friendDatabase.query(sql, values)).rows[0]?.at as Date | null | undefined;
        return at ? { ms: at.getTime() - promotedAt } : undefined;
      },
      { withinMs: 90_000, everyMs: 200 },
    );
  const relayed = await msUntil('an event is relayed after the promotion', FIRST_RELAYED, [new Date(promotedAt)]);
  const listens = await msUntil('the relay listens after the promotion', LISTENS);
  return { relayedMs: relayed.ms, listensMs: listens.ms };
}
