import { LIVE_TOKENS_ENDED, type TokensEnded, USER_STREAM } from '@kith/event-contracts';
import {
  type EventBroker,
  giveUpWhenBehind,
  type SqlConnection,
  settleLostTime,
  watchForRestores,
} from '@kith/event-delivery';
import type { Database, Logger } from '@kith/service-kit';
import { writeLostSessions } from '../ended-tokens/lost-sessions.ts';

export interface RestoreNotices {
  /** Must be called before anything is published; false when the broker cannot tell yet. */
  askStream(): Promise<boolean>;
  stop(): Promise<void>;
}

/**
 * Watchdog for a database that was restored to an earlier state, before or while this process runs. It gives up the
 * events of the lost time, and has tokens of the lost sessions refused everywhere. An operator reconciles the copies of
 * users in other services.
 */
export async function noticeRestores(options: {
  database: Database;
  broker: EventBroker;
  tokenTtlS: number;
  /** Called with the tokens that this process must refuse. */
  onEnded: (tokens: TokensEnded) => void;
  log: Logger;
}): Promise<RestoreNotices> {
  const { database, broker, tokenTtlS, onEnded, log } = options;
  const { reads, commands, background, upkeep } = database;
  const startedAt = new Date();
  const lostTime = settleLostTime({ pool: upkeep, broker, stream: USER_STREAM, log });

  async function endLostSessions(sql: SqlConnection, goodAt: Date): Promise<void> {
    try {
      const tokens = await writeLostSessions(sql, { goodAt, now: new Date(), tokenTtlS });
      onEnded(tokens);
      broker.announce(LIVE_TOKENS_ENDED, JSON.stringify(tokens));
    } catch (err) {
      log.error({ err }, 'which sessions were lost cannot be written down: tokens of theirs work until they expire');
    }
  }

  const watch = await watchForRestores({
    pools: [upkeep, reads, commands, background],
    onPutBack: async (sql, goodAt) => {
      log.warn(
        {},
        'the database was put back to an earlier state: events and sessions of the time between are given up',
      );
      lostTime.giveUp();
      await endLostSessions(sql, goodAt);
    },
    log,
  });
  return {
    askStream: () =>
      giveUpWhenBehind({
        pool: upkeep,
        broker,
        stream: USER_STREAM,
        log,
        onPutBack: () => endLostSessions(upkeep, startedAt),
      }),
    async stop() {
      await watch.stop();
      await lostTime.stop();
    },
  };
}
