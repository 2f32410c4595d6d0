import { present } from '@kith/service-kit';
import type { SubgraphSettings, SubgraphsSettings } from '@kith/supergraph';
import { connectSubgraph, type Subgraph, type SubgraphOptions } from './call-subgraph.ts';

/** The services of one supergraph, by their names in lower case. */
export interface ConnectedSubgraphs {
  readonly subgraphs: Readonly<Record<string, Subgraph>>;
  /** Ends those that no other supergraph uses. */
  release(): Promise<void>;
}

/**
 * Reference counting: a supergraph that replaces another takes over the connections, with their circuit breakers, of the
 * services whose settings are the same; the others are begun beside those that they replace.
 */
export function shareConnections(
  options: Pick<SubgraphOptions, 'log'> & { readonly gatewayKey: string; readonly answerWithinMs: number },
): (settings: SubgraphsSettings) => ConnectedSubgraphs {
  const inUse = new Map<string, { readonly subgraph: Subgraph; users: number }>();

  function take(name: string, settings: SubgraphSettings): { subgraph: Subgraph; key: string } {
    const key = JSON.stringify([name, settings]);
    const entry = inUse.get(key) ?? { subgraph: connect(name, settings), users: 0 };
    entry.users += 1;
    inUse.set(key, entry);
    return { subgraph: entry.subgraph, key };
  }

  const connect = (name: string, settings: SubgraphSettings) =>
    connectSubgraph({
      ...settings,
      name,
      log: options.log,
      gatewayKey: settings.gatewayKey ? options.gatewayKey : undefined,
      answerWithinMs: settings.timeoutMs ?? options.answerWithinMs,
    });

  async function letGo(key: string): Promise<void> {
    const entry = present(inUse.get(key), 'what was taken is in use');
    entry.users -= 1;
    if (entry.users > 0) return;
    inUse.delete(key);
    await entry.subgraph.stop();
  }

  return (settings) => {
    const taken = [...settings].map(([name, each]) => ({ name, ...take(name, each) }));
    let released: Promise<unknown> | undefined;
    return {
      subgraphs: Object.fromEntries(taken.map(({ name, subgraph }) => [name, subgraph])),
      async release() {
        released ??= Promise.all(taken.map(({ key }) => letGo(key)));
        await released;
      },
    };
  };
}
