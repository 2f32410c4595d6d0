import {
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from '@nats-io/jetstream';
import { PermissionViolationError } from 'nats';
import { isMarked, markedPatterns, prefixOf } from '../broker/partition-by-owner.ts';
import type { StreamSettings } from '../broker/stream-settings.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import { settingsOfNew } from './stream-settings.ts';

const STREAM_NOT_FOUND = 10059;

/** `notOurs`: streams that this user may read and not make or change, found out by asking once. */
export type Declaring = {
  readonly settings: StreamSettings;
  readonly notOurs: Set<string>;
  /** Told of a stream that was there before: it is left as it is, but for subjects that it lacks. */
  readonly onExisting: (stream: StreamName, info: StreamInfo) => void;
};

/**
 * Makes the stream. One that is there is never shrunk or loosened: its operator may have set it up by hand, and only
 * subjects that it does not take yet are added. One that is another's is left to them. Resolves to what is there then.
 */
export async function putStream(jsm: JetStreamManager, stream: StreamName, options: Declaring): Promise<StreamInfo> {
  const { notOurs, settings, onExisting } = options;
  const existing = await jsm.streams.info(stream.name).catch(nullWhenMissing);
  if (existing) {
    await addSubjects(jsm, stream, existing, notOurs);
    onExisting(stream, existing);
    return existing;
  }
  if (notOurs.has(stream.name)) throw new StreamIsNotOurs();
  const config = {
    name: stream.name,
    subjects: [...subjectsOfNew(stream, settings)],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    ...settingsOfNew(stream, settings),
  };
  return jsm.streams.add(config).catch((error) => {
    if (!isDenied(error)) throw cannotMake(stream, settings, error);
    notOurs.add(stream.name);
    throw new StreamIsNotOurs();
  });
}

/** Where it is to be consumed in partitions, it takes subjects that are marked for them alone. */
function subjectsOfNew(stream: StreamName, { partitions = 1 }: StreamSettings): readonly string[] {
  const prefix = prefixOf(stream);
  return partitions > 1 && prefix !== undefined ? markedPatterns(prefix) : stream.subjects;
}

async function addSubjects(
  jsm: JetStreamManager,
  { name, subjects }: StreamName,
  { config }: StreamInfo,
  notOurs: Set<string>,
) {
  const prefix = prefixOf({ subjects });
  // One that takes marked subjects takes all that we publish to it.
  if (prefix !== undefined && isMarked(prefix, config.subjects)) return;
  const missing = subjects.filter((subject) => !config.subjects.includes(subject));
  if (missing.length === 0 || notOurs.has(name)) return;
  await jsm.streams.update(name, { subjects: [...config.subjects, ...missing] }).catch((error) => {
    if (!isDenied(error)) throw error;
    notOurs.add(name);
  });
}

/** The server's own words do not say which stream, nor what of it was asked for. */
function cannotMake({ name }: StreamName, { replicas, placementTags }: StreamSettings, error: Error): Error {
  if (!(error instanceof JetStreamApiError)) return error;
  const asked = [
    ...(replicas === undefined ? [] : [`${replicas} replicas`]),
    ...(placementTags ? [`placement tags ${placementTags.join(', ')}`] : []),
  ];
  if (asked.length > 0) error.message = `NATS makes no stream ${name} with ${asked.join(' and ')}: ${error.message}`;
  return error;
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

/** Whether the server does not let this user ask for what was asked for. */
export function isDenied(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof PermissionViolationError;
}
