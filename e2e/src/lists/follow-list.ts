import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from '../../../packages/client/src/network/backoff.ts';
import type { FriendListAsSeen } from './friend-list-as-seen.ts';
import type { ListAsSeen, ListToWatch, SeenPlace } from './list-as-seen.ts';
import { subscribeOverSse } from './subscribe-over-sse.ts';
import { type Ending, type Subscription, subscribeOverWebSocket } from './subscribe-over-websocket.ts';

export type Transport = 'websocket' | 'sse';

export interface Follower<List extends ListAsSeen = FriendListAsSeen> {
  readonly list: List;
  /** How each connection ended that this client did not end itself. */
  readonly endings: readonly Ending[];
  /** The last gateway it connected to. */
  readonly gatewayUrl: string;
  cut(): void;
  stall(): void;
  readOn(): void;
  stop(): Promise<void>;
}

export interface FollowOptions {
  readonly gatewayUrls: readonly string[];
  readonly token: string;
  readonly transport?: Transport;
  readonly after?: string | null;
  readonly reconnect?: boolean;
  readonly keepsChanges?: boolean;
}

/**
 * A client as the API wants it: it watches the list, keeps it, and when its connection ends it comes back with its
 * cursor, after the pauses that @kith/client makes, to the next of its gateways. What no client should ever be told (an error that is no outage) is a problem.
 *
 * @param options `gatewayUrls`: tried in this order, round and round; with `reconnect: false` only the first, once.
 *   `keepsChanges: false`: they are counted and applied, and not kept
 */
export function followList<List extends ListAsSeen>(
  watched: ListToWatch<List>,
  options: FollowOptions,
): Follower<List> {
  const { gatewayUrls, token, transport = 'websocket', after = null, reconnect = true, keepsChanges = true } = options;
  const subscribe = transport === 'websocket' ? subscribeOverWebSocket : subscribeOverSse;
  const list = watched.seen(after, { keepsChanges });
  const endings: Ending[] = [];
  const stopping = new AbortController();
  let gatewayUrl = gatewayUrls[0]!;
  let current: Subscription | undefined;

  async function follow(): Promise<void> {
    let failures = 0;
    for (let turn = 0; !stopping.signal.aborted; turn += 1) {
      gatewayUrl = gatewayUrls[turn % gatewayUrls.length]!;
      let heard = false;
      const subscription = subscribe({
        watched,
        gatewayUrl,
        token,
        after: list.cursor,
        onChange: (change: SeenPlace) => {
          // What is still on its way when this client turns to another connection is no longer its business.
          if (current !== subscription) return;
          heard = true;
          list.take(change);
        },
      });
      current = subscription;
      const ending = await Promise.race([subscription.ended, whenAborted(stopping.signal)]);
      current = undefined;
      subscription.stop();
      if (!ending) return;
      endings.push(ending);
      list.connectionLost();
      noteIfWrong(ending);
      if (!reconnect) return;
      failures = heard ? 1 : failures + 1;
      await delay(backoffMs(failures, Math.random), undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  function noteIfWrong(ending: Ending): void {
    if (ending.how === 'completed') list.problems.push('the subscription was completed by the server');
    if (ending.how !== 'refused') return;
    const code = ending.errors[0]?.extensions?.code;
    if (code !== 'SERVICE_UNAVAILABLE') list.problems.push(`refused: ${code} ${ending.errors[0]?.message}`);
  }

  const following = follow();
  return {
    list,
    endings,
    get gatewayUrl() {
      return gatewayUrl;
    },
    cut: () => current?.cut(),
    stall: () => current?.stall(),
    readOn: () => current?.readOn(),
    async stop() {
      stopping.abort();
      await following;
    },
  };
}

function whenAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
