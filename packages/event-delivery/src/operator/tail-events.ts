import type { ServerResponse } from 'node:http';
import type { EventBroker } from '../broker/broker.ts';
import type { StreamName } from '../envelope/stream-name.ts';

export interface TailFilter {
  readonly stream?: string | undefined;
  /** The beginning of the type: `kith.friend.` */
  readonly type?: string | undefined;
  readonly owner?: string | undefined;
}

/** A reader that is behind by more misses lines, and is told how many. */
const MAX_QUEUED_BYTES = 1024 * 1024;
const SAY_ALIVE_EVERY_MS = 15_000;

/**
 * Writes a line for each event as it is published, until the reader leaves. It listens beside the streams: nothing is
 * stored or held up for it, and a redelivery does not show.
 */
export function tailEvents(
  broker: EventBroker,
  streams: readonly StreamName[],
  filter: TailFilter,
  response: ServerResponse,
): void {
  let dropped = 0;
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();

  function write(line: object): void {
    if (response.writableLength > MAX_QUEUED_BYTES) {
      dropped += 1;
      return;
    }
    if (dropped > 0) response.write(`${JSON.stringify({ dropped })}\n`);
    dropped = 0;
    response.write(`${JSON.stringify(line)}\n`);
  }

  const listeners = streams
    .filter(({ name }) => filter.stream === undefined || name === filter.stream)
    .flatMap(({ name, subjects }) =>
      subjects.map((pattern) =>
        broker.listen(pattern, (payload, subject) => {
          const event = glance(payload);
          const ownerId = subject.slice(subject.lastIndexOf('.') + 1);
          if (filter.owner !== undefined && ownerId !== filter.owner) return;
          if (filter.type !== undefined && !event.type?.startsWith(filter.type)) return;
          write({ stream: name, subject, ownerId, ...event });
        }),
      ),
    );
  // An idle line keeps proxies from closing it, and notices a reader who is gone.
  const alive = setInterval(() => response.write('{}\n'), SAY_ALIVE_EVERY_MS);
  response.once('close', () => {
    clearInterval(alive);
    for (const listener of listeners) void listener.stop();
  });
}

function glance(payload: string): { type?: string; id?: string; revision?: number; time?: string; data?: unknown } {
  try {
    const { type, id, revision, time, data, reason, consumer } = JSON.parse(payload);
    return { type, id, revision, time, data, ...(consumer && { consumer, reason }) };
  } catch {
    return {};
  }
}
