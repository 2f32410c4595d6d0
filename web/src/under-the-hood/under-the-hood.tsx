import { Cross2Icon, ExternalLinkIcon } from '@radix-ui/react-icons';
import { Button, Flex, Heading, IconButton, Text } from '@radix-ui/themes';
import { useState, useSyncExternalStore } from 'react';
import { type TrafficEntry, trafficStore } from '../connection/record-traffic.ts';
import { useLive } from '../connection/use-live-list.ts';
import { LatencyChart } from './latency-chart.tsx';
import './under-the-hood.css';

/** For developers: what this page says to the gateway and hears from it, as it happens. */
export default function UnderTheHood({ onClose }: { onClose(): void }) {
  const { entries, arrivals } = useSyncExternalStore(trafficStore.subscribe, trafficStore.getSnapshot);
  const revision = useLive((list) => list.revision);
  const cursor = useLive((list) => list.cursor);
  const [opened, setOpened] = useState<number | null>(null);
  return (
    <aside className="drawer" id="under-the-hood" aria-labelledby="under-the-hood-title">
      <Flex justify="between" align="center" className="drawer-head">
        <Heading as="h2" size="4" id="under-the-hood-title">
          Under the hood
        </Heading>
        <Flex gap="3" align="center">
          <Button variant="ghost" color="gray" size="1" onClick={trafficStore.clear}>
            Clear
          </Button>
          <IconButton variant="ghost" color="gray" aria-label="Close the drawer" onClick={onClose}>
            <Cross2Icon />
          </IconButton>
        </Flex>
      </Flex>
      <dl className="drawer-facts">
        <div>
          <dt>Revision</dt>
          <dd className="drawer-revision">{revision}</dd>
        </div>
        <div className="drawer-cursor">
          <dt>Cursor</dt>
          <dd>
            <code title={cursor ?? undefined}>{cursor ?? 'none yet'}</code>
          </dd>
        </div>
      </dl>
      <LatencyChart arrivals={arrivals} />
      <section className="drawer-traffic" aria-label="Operations and frames">
        {entries.length === 0 ? (
          <Text as="p" size="2" color="gray" align="center" my="6">
            Operations and frames appear here as they happen.
          </Text>
        ) : (
          <ol className="traffic" reversed>
            {entries.toReversed().map((entry) => (
              <TrafficLine
                key={entry.id}
                entry={entry}
                isOpen={opened === entry.id}
                onToggle={() => setOpened(opened === entry.id ? null : entry.id)}
              />
            ))}
          </ol>
        )}
      </section>
    </aside>
  );
}

const SIGNS = { operation: '⇄', sent: '↑', received: '↓' } as const;
const KINDS = { operation: 'operation', sent: 'frame sent', received: 'frame received' } as const;

function TrafficLine({ entry, isOpen, onToggle }: { entry: TrafficEntry; isOpen: boolean; onToggle(): void }) {
  const { kind, name, at, tookMs, error, query, variables, payload } = entry;
  return (
    <li className="traffic-line" data-kind={kind} data-failed={error !== undefined}>
      <button type="button" className="traffic-button" aria-expanded={isOpen} onClick={onToggle}>
        <span className="traffic-sign" aria-hidden>
          {SIGNS[kind]}
        </span>
        <span className="only-heard">{KINDS[kind]} </span>
        <span className="traffic-name">{name}</span>
        {error ? <span className="traffic-error">{error}</span> : null}
        <span className="traffic-time">
          {kind === 'operation' ? (tookMs === undefined ? '…' : `${Math.round(tookMs)} ms`) : clockOf(at)}
        </span>
      </button>
      {isOpen ? (
        <div className="traffic-more">
          {query ? (
            <>
              <pre>{query.trim()}</pre>
              {variables ? <pre>{JSON.stringify(variables, null, 2)}</pre> : null}
              <Flex py="2">
                <Button asChild size="1" variant="soft">
                  <a href={graphiqlOf(query, variables)} target="_blank" rel="noreferrer">
                    Open in GraphiQL <ExternalLinkIcon aria-hidden />
                  </a>
                </Button>
              </Flex>
            </>
          ) : null}
          {payload === undefined || payload === null || kind === 'sent' ? null : (
            <pre>{JSON.stringify(payload, null, 2)}</pre>
          )}
        </div>
      ) : null}
    </li>
  );
}

const clockOf = (at: number) => new Date(at).toISOString().slice(11, 23);

function graphiqlOf(query: string, variables: unknown): string {
  const search = new URLSearchParams({ query: query.trim() });
  if (variables) search.set('variables', JSON.stringify(variables, null, 2));
  return `/graphql?${search}`;
}
