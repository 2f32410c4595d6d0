import { setTimeout as delay } from 'node:timers/promises';
import { beginsLater } from './begins-later.ts';
import type { EventBroker, Subscription } from './broker.ts';
import { PublishFailed } from './publish-failed.ts';

/** A server that is there answers much faster, and is waited for: what is announced right after is not lost. */
const WAIT_AT_MOST_MS = 1_000;

/**
 * The broker as soon as it is connected, or after a second one that will be: nothing is published or heard until then,
 * as after a lost connection, and what was asked of it meanwhile begins when the server answers. So a process whose
 * broker is away starts and does all that needs no broker.
 */
export async function brokerAtOnce(connecting: Promise<EventBroker>, headerPrefix?: string): Promise<EventBroker> {
  const first = await Promise.race([connecting, delay(WAIT_AT_MOST_MS, undefined, { ref: false })]);
  return first ?? untilConnected(connecting, headerPrefix);
}

/** What begins when the broker is there: a subscription, or a listener. */
type Later = Omit<Subscription, 'begun'>;

const settingsOf = (present: () => EventBroker) => ({
  differentSettings: async () => present().differentSettings?.() ?? [],
  applySettings: async () => present().applySettings?.() ?? [],
});

function untilConnected(connecting: Promise<EventBroker>, headerPrefix: string | undefined): EventBroker {
  let broker: EventBroker | undefined;
  let closed = false;
  const reconnectHandlers = new Set<() => void>();
  // It was closed before it was there, so it is no longer wanted.
  const connected = connecting.then(async (there) => {
    broker = there;
    if (closed) return void (await there.close());
    for (const handler of reconnectHandlers) {
      there.onReconnect(handler);
      handler();
    }
  });
  // Its failure is reported to the callers that wait for it.
  connected.catch(() => undefined);

  const away = () => new PublishFailed('NOT_CONNECTED', 'The broker is away.');
  const present = (): EventBroker => {
    if (!broker) throw away();
    return broker;
  };
  const beginLater = (begin: (there: EventBroker) => Later): Later => {
    if (broker) return begin(broker);
    let begun: Later | undefined;
    let stopped = false;
    connecting.then(
      (there) => {
        if (!stopped && !closed) begun = begin(there);
      },
      () => undefined,
    );
    return {
      active: (ownerId) => (begun ? (begun.active?.(ownerId) ?? true) : false),
      stop: async (handled) => {
        stopped = true;
        await begun?.stop(handled);
      },
    };
  };

  return {
    get connected() {
      return broker?.connected ?? false;
    },
    ...(headerPrefix === undefined ? {} : { headerPrefix }),
    get keepForMs() {
      return broker?.keepForMs;
    },
    ...settingsOf(present),
    declareStream: async (stream) => (await connecting).declareStream(stream),
    publish: async (messages) => broker?.publish(messages) ?? messages.map(() => ({ error: away() })),
    subscribe(subscription) {
      const begun = beginsLater();
      const later = beginLater((there) => {
        const subscribed = there.subscribe(subscription);
        begun.resolve(subscribed.begun);
        return subscribed;
      });
      return { ...later, begun: begun.promise };
    },
    stored: (stream, options) => present().stored(stream, options),
    deleteStored: async (stream, sequence) => present().deleteStored(stream, sequence),
    status: async () => present().status(),
    announce: (subject, payload) => broker?.announce(subject, payload),
    listen: (subject, onMessage) => beginLater((there) => there.listen(subject, onMessage)),
    onReconnect(handler) {
      if (broker) return broker.onReconnect(handler);
      reconnectHandlers.add(handler);
      return { stop: async () => void reconnectHandlers.delete(handler) };
    },
    async close() {
      closed = true;
      await broker?.close();
    },
  };
}
