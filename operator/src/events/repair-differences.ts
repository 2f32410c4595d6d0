import { setTimeout as delay } from 'node:timers/promises';
import type { EventStatus } from '@kith/event-delivery';
import { answerOf, type OperatorAccess, type OperatorService, type ReconcileDifference } from '@kith/local';
import { keeperOf, publisherOf, WITH_STREAM } from '@kith/services';
import { CommandFailed } from '../running-system/end-with-a-code.ts';
import type { Progress } from '../running-system/show-progress.ts';
import { republishAndWatch } from './republish-events.ts';

export type FoundDifference = ReconcileDifference & { service: OperatorService };

/** At most this many owners per call. */
const OWNERS_AT_ONCE = 1_000;
const LOOK_EVERY_MS = 200;
const HANDLED_WITHIN_MS = 10 * 60 * 1_000;

/**
 * Repairs through the normal path: the events of the owners concerned are published again, consumers handle those they
 * missed, profiles that differ are copied again from the user service, users unknown to it are deleted, and views are
 * rebuilt. Prints how many of each.
 */
export async function repairDifferences(
  access: OperatorAccess,
  found: readonly FoundDifference[],
  progress: Progress,
): Promise<Record<string, number>> {
  const repaired: Record<string, number> = {};
  for (const service of WITH_STREAM) {
    const missed = found.filter((difference) => publisherFor(difference) === service && difference.check !== 'copies');
    const owners = ownersOf(missed);
    if (owners.length === 0) continue;
    repaired[`${service} events published again`] = await inPortions(owners, (portion) =>
      republishAndWatch(access, service, { owners: portion }, progress),
    );
  }
  await untilHandled(access, progress);
  const copies = ownersOf(found.filter(({ check }) => check === 'copies'));
  if (copies.length > 0) {
    let forgotten = 0;
    repaired['profiles copied anew'] = await inPortions(copies, async (portion) => {
      const path = '/operator/copy-profiles';
      const answer = await answerOf<{ copied: number; forgotten: number }>(access, 'friend', path, { owners: portion });
      forgotten += answer.forgotten;
      return answer.copied;
    });
    if (forgotten > 0) repaired['people forgotten'] = forgotten;
    await untilHandled(access, progress);
  }
  const views = ownersOf(found.filter(({ check }) => check === 'views'));
  if (views.length > 0) {
    repaired['views loaded anew'] = await inPortions(views, async (portion) => {
      const path = '/operator/rebuild-views';
      const { rebuilt } = await answerOf<{ rebuilt: number }>(access, 'friend', path, { owners: portion });
      return rebuilt;
    });
  }
  return repaired;
}

/** An event that an inbox lacks is published again by the service that owns its stream. */
const publisherFor = ({ service, stream }: FoundDifference): OperatorService => publisherOf(stream) ?? service;

async function untilHandled(access: OperatorAccess, progress: Progress): Promise<void> {
  const deadline = performance.now() + HANDLED_WITHIN_MS;
  for (let most = 0; ; ) {
    const { consumers } = await answerOf<EventStatus>(access, keeperOf(), '/operator/events/status');
    const waiting = consumers.reduce((sum, { lag, unacked }) => sum + lag + unacked, 0);
    most = Math.max(most, waiting);
    progress.show('handled', most - waiting, most);
    if (waiting === 0) return;
    if (performance.now() > deadline) {
      throw new CommandFailed(`${waiting} events are still not handled (kith events status): try again later.`);
    }
    await delay(LOOK_EVERY_MS);
  }
}

function ownersOf(differences: readonly FoundDifference[]): string[] {
  return [...new Set(differences.map(({ owner }) => owner))];
}

async function inPortions(owners: readonly string[], work: (portion: string[]) => Promise<number>): Promise<number> {
  let sum = 0;
  for (let at = 0; at < owners.length; at += OWNERS_AT_ONCE) sum += await work(owners.slice(at, at + OWNERS_AT_ONCE));
  return sum;
}
