import { setTimeout as sleep } from 'node:timers/promises';
import type { DurableSubscription } from '../../broker/broker.ts';
import { membersOf } from '../../broker/durable-names.ts';
import type { Followed, Over } from '../subscription/follow-durable.ts';
import type { Pull } from '../subscription/open-durable.ts';
import { currentOf, findLayouts } from './find-partitions.ts';
import { holdsPartitions } from './hold-partitions.ts';
import { tellMembers } from './tell-members.ts';

const LOOK_EVERY_MS = 1_000;

/**
 * Follows a durable that is consumed in partitions (partitioned consumer group, sticky assignment): each partition by one
 * instance at a time, and each instance its share of them. When an instance has gone, the others take its partitions
 * over; when one comes, they hand some on. `elsewhere`: the number of partitions has been changed.
 */
export function followPartitions(pull: Pull, subscription: DurableSubscription, partitions: number): Followed {
  const { stream, durable } = subscription;
  const stopping = new AbortController();
  const { signal: ends } = stopping;
  let wake = new AbortController();
  const held = holdsPartitions(pull, subscription, partitions);
  const members = tellMembers(pull.nc, {
    subject: membersOf(stream.name, durable),
    log: pull.log,
    onChange: () => wake.abort(),
  });

  async function lookAgain(): Promise<void> {
    const signal = AbortSignal.any([wake.signal, ends]);
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    wake = new AbortController();
  }

  async function balance(): Promise<void> {
    const share = members.share(partitions);
    held.handOnSome(held.count() - share);
    await held.takeFree(share - held.count());
  }

  async function keepBalanced(): Promise<Over> {
    // Others are heard first, or the first to come would take all.
    await sleep(LOOK_EVERY_MS, undefined, { signal: ends }).catch(() => undefined);
    while (!ends.aborted) {
      try {
        const layout = currentOf(await findLayouts(pull.jsm, stream.name, durable));
        if (layout?.partitions !== partitions) return 'elsewhere';
        await balance();
      } catch (error) {
        if (pull.nc.isClosed()) return 'ended';
        pull.log.debug({ durable, error: String(error) }, 'the partitions cannot be looked at; trying again');
      }
      await lookAgain();
    }
    return 'ended';
  }

  const over = keepBalanced();
  return {
    over,
    active: held.active,
    async stop(handled) {
      stopping.abort();
      members.leave();
      await over;
      await held.stop(handled);
    },
  };
}
