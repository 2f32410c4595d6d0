import { present } from '@kith/service-kit';
import type { SubgraphResult } from '../../subgraphs/call-subgraph.ts';
import { subgraphOf } from '../../subgraphs/knowing-subgraphs-first.ts';
import type { Stream, StreamListener } from '../../subgraphs/streams/stream-ends.ts';
import { type RootFetch, takeRootFields } from './ask-root-fields.ts';
import { askedSubgraph, callsOf } from './ask-service.ts';
import type { Gathered, PlanOptions } from './gathered.ts';

/** What a plan asks one service to send, event by event. */
export interface AskedSubscription {
  readonly subgraph: string;
  /** Asks for it, on behalf of whoever subscribes; throws StreamLost or StreamRefused. */
  open(of: Pick<Gathered, 'context' | 'variables'>, listener: StreamListener): Stream;
  /** Adds what an event has. */
  take(gathered: Gathered, event: SubgraphResult): void;
}

export function askSubscription(fetch: RootFetch, options: PlanOptions): AskedSubscription {
  const subgraph = askedSubgraph(fetch, options);
  const callFor = callsOf(fetch);
  return {
    subgraph: subgraphOf(fetch.serviceName),
    open: (of, listener) =>
      present(subgraph.stream, 'a subgraph that is subscribed to has streams').call(
        subgraph,
        callFor(of, {}, of.context.authorization),
        listener,
      ),
    take: takeRootFields(fetch, options),
  };
}
