import type { StreamConfig } from '@nats-io/jetstream';
import { nanos } from 'nats';
import { DEDUP_WINDOW_MS } from '../broker/broker.ts';
import { isMarked, markedPatterns, prefixOf } from '../broker/partition-by-owner.ts';
import type { SettingDifference, StreamSettings } from '../broker/stream-settings.ts';
import type { StreamName } from '../envelope/stream-name.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const SECOND_NS = 1_000_000_000;
const UNLIMITED = -1;

/** One configurable setting: its current value, the configured one, and how to write it. */
interface Setting {
  readonly name: SettingDifference['setting'];
  readonly of: (config: StreamConfig, stream: StreamName) => SettingDifference['is'];
  /** Undefined: not configured, the current value stays. */
  readonly wanted: (stream: StreamName, settings: StreamSettings) => SettingDifference['is'] | undefined;
  readonly written: (value: SettingDifference['is'], config: StreamConfig, stream: StreamName) => Partial<StreamConfig>;
}

/** Subjects of a stream whose consumers can be partitioned, and of any other. */
const MARKED = 'for partitions';
const AS_PUBLISHED = 'as published';

/** Streams that are kept for ever ignore age and size limits: those apply only to expiring streams. */
const SETTINGS: readonly Setting[] = [
  {
    name: 'replicas',
    of: ({ num_replicas }) => num_replicas,
    wanted: (_, { replicas }) => replicas,
    written: (value) => ({ num_replicas: Number(value) }),
  },
  {
    name: 'maxAgeS',
    of: ({ max_age }) => (max_age === 0 ? 'unlimited' : max_age / SECOND_NS),
    wanted: ({ keep }, { keepForMs }) => {
      if (keep === 'forever' || keepForMs === 'forever') return 'unlimited';
      return keepForMs === undefined ? undefined : keepForMs / 1_000;
    },
    written: (value, { duplicate_window: window }) => {
      const max_age = value === 'unlimited' ? 0 : Number(value) * SECOND_NS;
      // The server refuses a deduplication window longer than the retention.
      return { max_age, ...(max_age > 0 && window > max_age && { duplicate_window: max_age }) };
    },
  },
  {
    name: 'maxBytes',
    of: ({ max_bytes }) => (max_bytes > 0 ? max_bytes : 'unlimited'),
    wanted: ({ keep }, { maxBytes }) => (keep === 'forever' ? undefined : maxBytes),
    written: (value) => ({ max_bytes: value === 'unlimited' ? UNLIMITED : Number(value) }),
  },
  {
    name: 'placementTags',
    of: ({ placement }) => [...(placement?.tags ?? [])].sort().join(',') || 'none',
    wanted: (_, { placementTags: tags }) => (tags ? [...tags].sort().join(',') : undefined),
    written: (value, { placement }) => ({
      placement: { cluster: placement?.cluster ?? '', tags: String(value).split(',') },
    }),
  },
  {
    name: 'subjects',
    of: ({ subjects }, stream) => (isMarked(prefixOf(stream) ?? '', subjects) ? MARKED : AS_PUBLISHED),
    wanted: (stream, { partitions }) => {
      if (partitions === undefined || prefixOf(stream) === undefined) return undefined;
      return partitions > 1 ? MARKED : AS_PUBLISHED;
    },
    written: (value, { subjects }, stream) => {
      const patterns = markedPatterns(prefixOf(stream) ?? '');
      const ours = new Set([...stream.subjects, ...patterns]);
      const others = subjects.filter((subject) => !ours.has(subject));
      return { subjects: [...(value === MARKED ? patterns : stream.subjects), ...others] };
    },
  },
];

/** The settings for a new stream. */
export function settingsOfNew({ keep }: StreamName, settings: StreamSettings) {
  const { replicas = 1, keepForMs = 7 * DAY_MS, maxBytes = 'unlimited', placementTags } = settings;
  const isForever = keep === 'forever' || keepForMs === 'forever';
  return {
    max_age: isForever ? 0 : nanos(keepForMs),
    max_bytes: keep === 'forever' || maxBytes === 'unlimited' ? UNLIMITED : maxBytes,
    duplicate_window: nanos(isForever ? DEDUP_WINDOW_MS : Math.min(DEDUP_WINDOW_MS, keepForMs)),
    num_replicas: replicas,
    ...(placementTags && { placement: { cluster: '', tags: [...placementTags] } }),
  };
}

/** The settings of a stream that differ from the configuration, to be reported, and changed on request. */
export function differencesOf(
  stream: StreamName,
  config: StreamConfig,
  settings: StreamSettings,
): readonly (SettingDifference & { readonly change: Partial<StreamConfig> })[] {
  return SETTINGS.flatMap(({ name, of, wanted, written }) => {
    const is = of(config, stream);
    const configured = wanted(stream, settings);
    if (configured === undefined || configured === is) return [];
    return [{ stream: stream.name, setting: name, is, configured, change: written(configured, config, stream) }];
  });
}
