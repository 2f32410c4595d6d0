import { setTimeout as sleep } from 'node:timers/promises';
import { createInbox, headers, type NatsConnection } from 'nats';

/** As many as the server takes well at once; more in flight is slower. */
const IN_FLIGHT = 512;

/**
 * The floor of a relay: publishes the same payload again and again to a stream, with a message id each, and counts the
 * acknowledgements. How many a second were stored.
 */
export async function publishRaw(nc: NatsConnection, subject: string, payload: string, count: number): Promise<number> {
  const inbox = createInbox();
  const run = crypto.randomUUID();
  const done = Promise.withResolvers<void>();
  let sent = 0;
  let stored = 0;
  const send = () => {
    const header = headers();
    header.set('Nats-Msg-Id', `${run}-${sent}`);
    sent += 1;
    nc.publish(subject, payload, { headers: header, reply: inbox });
  };
  const answers = nc.subscribe(inbox, {
    callback: (_error, message) => {
      if (message.string().includes('"error"')) done.reject(new Error(message.string()));
      stored += 1;
      if (sent < count) send();
      if (stored === count) done.resolve();
    },
  });
  const startedAt = performance.now();
  while (sent < Math.min(IN_FLIGHT, count)) send();
  await Promise.race([
    done.promise,
    sleep(60_000, undefined, { ref: false }).then(() => {
      throw new Error(`Only ${stored} of ${count} messages were stored.`);
    }),
  ]);
  const seconds = (performance.now() - startedAt) / 1000;
  answers.unsubscribe();
  return count / seconds;
}
