import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumerInfo, JetStreamManager } from '@nats-io/jetstream';
import type { DurableSubscription, EventBroker } from '../broker/broker.ts';
import { LEASE_STREAM } from '../broker/durable-names.ts';
import { prefixOf } from '../broker/partition-by-owner.ts';
import type { AppliedSetting, SettingDifference, StreamSettings } from '../broker/stream-settings.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import { backoffMs } from '../failures/backoff.ts';
import { isOutage } from '../failures/outage.ts';
import type { Log } from '../observe/log.ts';
import { changePartitions, changeSubjects } from './partitions/change-partitions.ts';
import { currentOf, findLayouts } from './partitions/find-partitions.ts';
import { isDenied, nullWhenMissing } from './put-stream.ts';
import { differencesOf } from './stream-settings.ts';
import type { Leasing } from './subscription/hold-a-lease.ts';

interface Compared {
  readonly log: Log;
  readonly settings: StreamSettings;
  /** The streams that this process declares. */
  readonly streams: () => readonly StreamName[];
  /** The durables that it consumes by. */
  readonly durables: () => readonly DurableSubscription[];
}

/** With the manager's 5 s for each try, an election may take half a minute. */
const RETRY = { tries: 6, firstMs: 250, mostMs: 2_000 };

type Change = SettingDifference & { readonly make: () => Promise<unknown> };

/**
 * Configuration drift: finds settings of streams and durables that differ from the configuration, and applies them on
 * request.
 */
export function comparesSettings(
  jsm: JetStreamManager,
  { log, settings, streams, durables }: Compared,
): Required<Pick<EventBroker, 'differentSettings' | 'applySettings'>> {
  const leasing = { jsm, log, settings };

  async function ofStream(stream: StreamName): Promise<Change[]> {
    const info = await whenAnswered(() => jsm.streams.info(stream.name)).catch(nullWhenMissing);
    if (!info) return [];
    return differencesOf(stream, info.config, settings).map(({ change, ...found }) => ({
      ...found,
      make: async () => {
        if (found.setting === 'subjects') return changeSubjects(leasing, stream.name, change.subjects ?? []);
        // A standalone server accepts any number of replicas, and keeps one.
        if ((change.num_replicas ?? 1) > 1 && !info.cluster?.name) throw new Error('this NATS is no cluster');
        await jsm.streams.update(stream.name, change);
      },
    }));
  }

  /** A lease has its own expiry: only replicas and placement of its stream are up to the operator. */
  async function ofLeases(): Promise<Change[]> {
    if (!durables().some(({ keepsOrder }) => keepsOrder) && settings.partitions === undefined) return [];
    const changes = await ofStream({ name: LEASE_STREAM, subjects: [] });
    return changes.filter(({ setting }) => setting === 'replicas' || setting === 'placementTags');
  }

  async function ofDurable({ name: stream }: StreamName, durable: string): Promise<Change[]> {
    const { replicas } = settings;
    const asked = whenAnswered((): Promise<ConsumerInfo> => jsm.consumers.info(stream, durable));
    const info = await asked.catch((error) => {
      // Not made yet, or not for this user to see.
      if (!isOutage(error)) return undefined;
      throw error;
    });
    const is = info?.config.num_replicas ?? 0;
    // 0: as many as its stream.
    if (is === 0 || replicas === undefined || is === replicas) return [];
    const make = () => jsm.consumers.update(stream, durable, { num_replicas: 0 });
    return [{ stream, durable, setting: 'replicas', is, configured: replicas, make }];
  }

  async function changes(): Promise<Change[]> {
    const found: Change[] = [];
    for (const stream of streams()) found.push(...(await ofStream(stream)));
    found.push(...(await ofLeases()));
    for (const { stream, durable } of durables()) found.push(...(await ofDurable(stream, durable)));
    for (const subscription of durables()) found.push(...(await ofPartitions(leasing, subscription)));
    return found;
  }

  return {
    differentSettings: async () => (await changes()).map(({ make: _, ...found }) => found),
    async applySettings() {
      const applied: AppliedSetting[] = [];
      for (const { make, ...found } of await changes()) {
        const why = await whenAnswered(make).then(() => undefined, whyNot);
        applied.push(why === undefined ? { ...found, outcome: 'applied' } : { ...found, outcome: 'refused', why });
      }
      return applied;
    },
  };
}

async function ofPartitions(leasing: Leasing, subscription: DurableSubscription): Promise<Change[]> {
  const { stream, durable } = subscription;
  const { partitions: configured } = leasing.settings;
  if (configured === undefined || prefixOf(stream) === undefined) return [];
  const layouts = await whenAnswered(() => findLayouts(leasing.jsm, stream.name, durable));
  const current = currentOf(layouts);
  if (!current || (current.partitions === configured && layouts.length === 1)) return [];
  const is = layouts.length === 1 ? current.partitions : `in change from ${current.partitions}`;
  const make = () => changePartitions(leasing, subscription, configured);
  return [{ stream: stream.name, durable, setting: 'partitions', is, configured, make }];
}

/**
 * Retry with backoff: a cluster that is electing a leader, as it does after a change, does not answer. Refusals are thrown
 * at once, and silence after the last try.
 */
async function whenAnswered<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === RETRY.tries || !isOutage(error)) throw error;
    }
    await sleep(backoffMs(attempt, RETRY));
  }
}

const whyNot = (error: Error): string =>
  isDenied(error) ? 'NATS does not allow this user to change it' : error.message;
