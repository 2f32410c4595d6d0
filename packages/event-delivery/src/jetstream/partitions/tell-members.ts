import { randomUUID } from 'node:crypto';
import type { NatsConnection } from 'nats';
import type { Log } from '../../observe/log.ts';
import { guarded } from '../connection/follow-connection.ts';

const SAY_EVERY_MS = 1_000;
/** Who has said nothing for so long is not counted any more: its leases end about then. */
const GONE_AFTER_MS = 4_500;
const LEAVES = '-';

export type Members = ReturnType<typeof tellMembers>;

/**
 * Group membership by heartbeats on core NATS: which instances of a consumer there are. It may be wrong for some seconds:
 * it says how many partitions each is to have, and leases say who has them.
 */
export function tellMembers(
  nc: NatsConnection,
  {
    subject,
    log,
    onChange,
  }: {
    readonly subject: string;
    readonly log: Log;
    readonly onChange: () => void;
  },
) {
  const own = randomUUID();
  /** When each was heard last. */
  const others = new Map<string, number>();

  function say(text = own): void {
    if (!nc.isClosed()) nc.publish(subject, text);
  }

  function hear(text: string): void {
    if (text === own || text === `${LEAVES}${own}`) return;
    const isLeaving = text.startsWith(LEAVES);
    const isNews = isLeaving ? others.delete(text.slice(LEAVES.length)) : !others.has(text);
    if (!isLeaving) others.set(text, performance.now());
    // Who comes is answered at once, so that it need not wait to know of us.
    if (isNews && !isLeaving) say();
    if (isNews) onChange();
  }

  const heard = nc.subscribe(subject, {
    callback: (error, message) => {
      if (!error) guarded(log, () => hear(message.string()));
    },
  });
  say();
  const saying = setInterval(() => guarded(log, say), SAY_EVERY_MS);

  return {
    /** How many of so many parts are this instance's: as equal as can be, and the same sum whoever counts. */
    share(parts: number): number {
      const longAgo = performance.now() - GONE_AFTER_MS;
      for (const [other, at] of others) if (at < longAgo) others.delete(other);
      const place = [...others.keys()].filter((other) => other < own).length;
      const members = others.size + 1;
      return Math.floor(parts / members) + (place < parts % members ? 1 : 0);
    },
    leave(): void {
      clearInterval(saying);
      heard.unsubscribe();
      say(`${LEAVES}${own}`);
    },
  };
}
