import type { EventContract } from '../../envelope/event-contract.ts';
import type { DeadLetterBox } from '../dead-letters/dead-letter-box.ts';
import type { ConsumerDefinition } from '../try/consumer-definition.ts';
import type { Ending } from '../try/end-within-a-limit.ts';
import type { Receive } from '../try/incoming.ts';
import type { Turns } from '../try/take-turns.ts';
import type { Told } from '../try/tell-what-became.ts';
import { triesInPlace } from '../try/try-in-place.ts';
import { buries } from './bury.ts';
import { holdsBehindDeadEvents } from './hold-behind-dead-events.ts';
import { receivesRedriven } from './receive-redriven.ts';
import { retryWithBackoff } from './retry-with-backoff.ts';
import { untilTheLettersAnswer } from './until-the-letters-answer.ts';
import type { Upgrades } from './wait-for-an-upgrade.ts';

export interface ReceivingParts {
  readonly box: DeadLetterBox;
  readonly turns: Turns;
  readonly ending: Ending;
  readonly told: Told;
  readonly upgrades: Upgrades;
  readonly now: () => Date;
  readonly isActive: (ownerId: string) => boolean;
}

/**
 * What becomes of an event whose turn it is, composed of middlewares. From the outside inwards: redrive, hold, retry,
 * burial; and at each try a place, tracing, time limit, handler. `release` takes up what was parked of an owner.
 */
export function receivesEvents<Contract extends EventContract>(
  definition: ConsumerDefinition<Contract>,
  parts: ReceivingParts,
): { receive: Receive; release(ownerId: string): Promise<void> } {
  const { durable, whenPoisoned = 'pass' } = definition;
  const { box, ending, told } = parts;
  const untilDone = untilTheLettersAnswer(ending, told);
  const bury = buries(box, untilDone, told);
  const settle = retryWithBackoff(definition, { ...parts, tryOnce: triesInPlace(definition, parts), bury });
  const { receive, release } = holdsBehindDeadEvents({ ...parts, bury, settle, untilDone });
  return { receive: receivesRedriven({ durable, whenPoisoned, box, settle, release, untilDone }, receive), release };
}
