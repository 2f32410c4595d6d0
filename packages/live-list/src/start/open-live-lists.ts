import type { ConsumerDefinition, EventBroker, Log, SqlConnection } from '@kith/event-delivery';
import type { EnvelopeOf, EventContract, StreamName } from '@kith/event-delivery/envelope';
import type pg from 'pg';
import { announceChanges } from '../announce/announce-changes.ts';
import { liveSubject, writeAnnouncement } from '../announce/announcement.ts';
import { keepInPostgres } from '../catch-up/keep-in-postgres.ts';
import type { ChangePlace, LiveList } from '../catch-up/live-list.ts';
import type { ReadPages } from '../catch-up/snapshot-in-parts.ts';
import { cursorsOfKind } from '../cursors/list-cursor.ts';
import { followTimeline, type Timeline } from '../timeline/follow-timeline.ts';
import { noticeRestores } from '../timeline/notice-restores.ts';

export interface LiveListsOptions {
  /** Of the database with the lists, `live-list-tables.sql` and event delivery's tables. */
  readonly pool: pg.Pool;
  /** Other pools to the same database: their connections are looked at too, before they are used. */
  readonly others?: readonly pg.Pool[];
  readonly broker: Promise<EventBroker>;
  /** Where the service publishes its events. */
  readonly stream: StreamName;
  /** The service, as its envelopes name it. */
  readonly source: string;
  readonly log: Log;
}

/** One kind of list: what a service has to say about it. */
export interface ListDefinition<Contract extends EventContract, Change extends object, Content> {
  /** The `ownerKind` of its contracts, and the `kind` of its declaration in the schema. */
  readonly kind: string;
  readonly contracts: readonly Contract[];
  /** Of the consumer that announces its changes. */
  readonly durable: string;
  /** See KeptInPostgres. */
  readonly pages?: (sql: SqlConnection, ownerId: string) => Promise<readonly Content[]>;
  /** In place of `pages`, for lists of any size: one page after the other, of which a few are in memory at a time. */
  readonly readPages?: ReadPages<Content>;
  readonly changeOf: (event: EnvelopeOf<Contract>, place: ChangePlace) => Change;
  /** Whether somebody may lose the right to watch by this change. */
  readonly endsWatching?: (event: EnvelopeOf<Contract>) => boolean;
}

export interface LiveLists {
  readonly timeline: Timeline;
  /** For `deliverEvents`: its consumers, and what it asks before it publishes. */
  // biome-ignore lint/suspicious/noExplicitAny: a list of consumers of different contracts has no closer type.
  readonly consumers: readonly ConsumerDefinition<any>[];
  readonly beforePublishing: () => Promise<boolean>;
  /** Declares a kind of list; before `consumers` are handed to `deliverEvents`. */
  declare<Contract extends EventContract, Change extends object, Content>(
    definition: ListDefinition<Contract, Change, Content>,
  ): LiveList<EnvelopeOf<Contract>, Change, Content>;
  stop(): Promise<void>;
}

/**
 * All that a service needs for live lists that it keeps in Postgres: the timeline is followed, restores are noticed, and
 * each list that is declared has a consumer that announces its changes. Rejects while Postgres is away.
 *
 * @throws {RangeError} from `declare`, for a kind that is declared already or a contract of another kind
 */
export async function openLiveLists(options: LiveListsOptions): Promise<LiveLists> {
  const { pool, stream, source, log } = options;
  const timeline = await followTimeline(pool, log, { others: options.others ?? [] });
  const restores = noticeRestores({ pool, broker: options.broker, stream, timeline, log });
  await restores.atStart();
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const consumers: ConsumerDefinition<any>[] = [];
  const kinds = new Set<string>();

  return {
    timeline,
    consumers,
    async beforePublishing() {
      await restores.askStream(await options.broker);
      return true;
    },
    declare(definition) {
      const { kind, contracts, durable, changeOf, pages, readPages, endsWatching } = definition;
      if (kinds.has(kind)) throw new RangeError(`The kind ${kind} is declared already.`);
      const stranger = contracts.find((contract) => contract.ownerKind !== kind);
      if (stranger) throw new RangeError(`${stranger.type} is an event of ${stranger.ownerKind}, not of ${kind}.`);
      kinds.add(kind);
      const history = keepInPostgres({
        ...{ pool, kind, source, contracts, timeline },
        ...(pages && { pages }),
        ...(readPages && { readPages }),
      });
      const list = { cursors: cursorsOfKind(kind), history, changeOf };
      let connected: EventBroker | undefined;
      void options.broker.then(
        (broker) => {
          connected = broker;
        },
        () => undefined,
      );
      consumers.push(
        announceChanges({
          ...{ stream, durable, contracts, timeline, events: history.events },
          announce: (event) =>
            connected?.announce(
              liveSubject(kind, event.ownerId),
              writeAnnouncement(kind, list, event, endsWatching?.(event)),
            ),
        }),
      );
      return list;
    },
    async stop() {
      timeline.stop();
      await restores.stop();
    },
  };
}
