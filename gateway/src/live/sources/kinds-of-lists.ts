import type { EventBroker } from '@kith/event-delivery';
import { type Logger, type Stop, stopInReverse } from '@kith/service-kit';
import type { Subgraph } from '../../subgraphs/call-subgraph.ts';
import type { AnnouncedList } from '../../subgraphs/read-announced-lists.ts';
import { countPlaces, type PlacesOf } from './count-places.ts';
import { createListSource, type ListSource } from './list-source.ts';
import { type WatchedLists, watchLists } from './watched-lists.ts';

/** What all lists of one kind have in common: who hears of them, and where they are asked for. */
export interface KindOfList {
  readonly watchedLists: WatchedLists;
  readonly source: ListSource;
  /** Of one viewer, through this gateway. */
  readonly placesOf: PlacesOf;
}

/**
 * One for each kind that was ever declared, for as long as the gateway runs: supergraphs come and go beneath it.
 * `declared` is what the one in use says of a kind; what it has no more goes on as it was.
 */
export function kindsOfLists(options: {
  broker: EventBroker;
  declared: (kind: string) => AnnouncedList | undefined;
  subgraphOf: (name: string) => Pick<Subgraph, 'call'>;
  log: Logger;
}): { kindOf(list: AnnouncedList): KindOfList; stop(): Promise<void> } {
  const { broker, declared, subgraphOf, log } = options;
  const kinds = new Map<string, KindOfList>();
  const stops: Stop[] = [];

  function begin(first: AnnouncedList): KindOfList {
    const { kind } = first;
    let known = first;
    const now = () => {
      known = declared(kind) ?? known;
      return known;
    };
    const source = createListSource(now, subgraphOf);
    const watchedLists = watchLists({
      ...{ broker, kind, log },
      isChange: (value) => now().isChange(value),
      revisionsOf: source.revisionsOf,
      mayWatch: source.mayWatch,
    });
    stops.push(async () => watchedLists.stop());
    return { watchedLists, source, placesOf: countPlaces() };
  }

  return {
    kindOf(list) {
      const kind = kinds.get(list.kind) ?? begin(list);
      kinds.set(list.kind, kind);
      return kind;
    },
    stop: () => stopInReverse(log, stops.splice(0)),
  };
}
