import type { ConsumerDefinition, Log, StreamName } from '@kith/event-delivery';
import type pg from 'pg';
import type { Route } from '../http/routes.ts';

/** One service of the shop: all that running it needs to know. */
export interface ShopService {
  readonly name: 'order' | 'product' | 'inventory';
  /** Where it listens unless told otherwise. */
  readonly port: number;
  /** CloudEvents `source` of its events. */
  readonly source: string;
  /** Where it publishes. */
  readonly stream: StreamName;
  /** The tables of its database, beside those of event delivery. */
  readonly tables: URL;
  open(uses: {
    readonly pool: pg.Pool;
    readonly log: Log;
    /** Where the product service answers: for who is told that a product has changed, and asks for the rest. */
    readonly productUrl: string;
  }): {
    readonly routes: readonly Route[];
    // biome-ignore lint/suspicious/noExplicitAny: a list of consumers of different contracts has no closer type.
    readonly consumers: readonly ConsumerDefinition<any>[];
    /** Called when requests and consumers have ended. */
    stop?(): Promise<void>;
  };
}
