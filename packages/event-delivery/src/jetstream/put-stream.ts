import { JetStreamApiError, type JetStreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { nanos, PermissionViolationError } from 'nats';
import { DEDUP_WINDOW_MS } from '../broker/broker.ts';
import type { StreamName } from '../envelope/stream-name.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const STREAM_NOT_FOUND = 10059;

/** `notOurs`: streams that this user may read and not make or change, found out by asking once. */
export type Declaring = { readonly replicas?: number; readonly keepForMs?: number } & { readonly notOurs: Set<string> };

/** Makes the stream, or brings its settings up to date; one that is another's is left to them. */
export async function putStream(jsm: JetStreamManager, stream: StreamName, options: Declaring): Promise<void> {
  const { notOurs } = options;
  const config = {
    name: stream.name,
    subjects: [...stream.subjects],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    max_age: stream.keep === 'forever' ? 0 : nanos(options.keepForMs ?? 7 * DAY_MS),
    duplicate_window: nanos(DEDUP_WINDOW_MS),
    num_replicas: options.replicas ?? 1,
  };
  const existing = await jsm.streams.info(stream.name).catch(nullWhenMissing);
  if (!existing) {
    if (notOurs.has(stream.name)) throw new StreamIsNotOurs();
    await jsm.streams.add(config).catch((error) => {
      if (!isDenied(error)) throw error;
      notOurs.add(stream.name);
      throw new StreamIsNotOurs();
    });
    return;
  }
  const { name, storage: _immutable, retention: _alsoImmutable, ...changeable } = config;
  if (notOurs.has(name) || isAsWanted(existing.config, changeable)) return;
  // Settings that are another's to change are another's to choose.
  await jsm.streams.update(name, changeable).catch((error) => {
    if (!isDenied(error)) throw error;
    notOurs.add(name);
  });
}

export function nullWhenMissing(error: unknown): null {
  if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return null;
  throw error;
}

/** A stream is missing, and this user may not make it: its owner does, in time. */
class StreamIsNotOurs extends Error {
  constructor() {
    super('The stream is missing, and is for its owner to make.');
    this.name = 'StreamIsNotOurs';
  }
}

/** Whether a stream has these settings already: a service that only consumes it need not have the right to change it. */
function isAsWanted(existing: object, wanted: object): boolean {
  const has = existing as Record<string, unknown>;
  return Object.entries(wanted).every(([key, value]) => JSON.stringify(has[key]) === JSON.stringify(value));
}

/** Whether the server does not let this user ask for what was asked for. */
function isDenied(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof PermissionViolationError;
}
