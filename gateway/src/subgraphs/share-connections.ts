import type { SubgraphSettings, SubgraphsSettings } from '@kith/supergraph';
import { connectSubgraph, type Subgraph, type SubgraphOptions } from './call-subgraph.ts';

/** The services of one supergraph, by their names in lower case. */
export interface ConnectedSubgraphs {
  readonly subgraphs: Readonly<Record<string, Subgraph>>;
  /** Ends those that no other supergraph uses. */
  release(): Promise<void>;
}

interface Connection {
  readonly name: string;
  readonly subgraph: Subgraph;
  users: number;
}

/**
 * Reference counting: a supergraph that replaces another takes over the connections, with their circuit breakers, of the
 * services whose settings are the same; the others are begun beside those that they replace. What was begun with one that
 * has been replaced, as a subscription that joins, goes on with the one in its place.
 */
export function shareConnections(
  options: Required<Pick<SubgraphOptions, 'log' | 'gatewayKey' | 'answerWithinMs'>>,
): (settings: SubgraphsSettings) => ConnectedSubgraphs {
  /** By what they are: a name with its settings. The newest of a name is the last. */
  const inUse = new Map<string, Connection>();

  function take(name: string, settings: SubgraphSettings): { connection: Connection; key: string } {
    const key = JSON.stringify([name, settings]);
    const connection = inUse.get(key) ?? { name, subgraph: connect(name, settings), users: 0 };
    connection.users += 1;
    inUse.delete(key);
    inUse.set(key, connection);
    return { connection, key };
  }

  const connect = (name: string, settings: SubgraphSettings) =>
    connectSubgraph({
      ...settings,
      name,
      log: options.log,
      gatewayKey: settings.gatewayKey ? options.gatewayKey : undefined,
      answerWithinMs: settings.timeoutMs ?? options.answerWithinMs,
    });

  async function letGo(key: string, connection: Connection): Promise<void> {
    connection.users -= 1;
    if (connection.users > 0) return;
    inUse.delete(key);
    await connection.subgraph.stop();
  }

  const newestOf = (name: string) => [...inUse.values()].findLast((each) => each.name === name)?.subgraph;

  function throughWhatIsThere(connection: Connection): Subgraph {
    const now = () => (connection.users > 0 ? connection.subgraph : (newestOf(connection.name) ?? connection.subgraph));
    return {
      call: (call) => now().call(call),
      stream: (call, listener) => now().stream(call, listener),
      ready: () => now().ready(),
      get heard() {
        return now().heard;
      },
      stop: async () => undefined,
    };
  }

  return (settings) => {
    const taken = [...settings].map(([name, each]) => ({ name, ...take(name, each) }));
    let released: Promise<unknown> | undefined;
    return {
      subgraphs: Object.fromEntries(taken.map(({ name, connection }) => [name, throughWhatIsThere(connection)])),
      async release() {
        released ??= Promise.all(taken.map(({ key, connection }) => letGo(key, connection)));
        await released;
      },
    };
  };
}
