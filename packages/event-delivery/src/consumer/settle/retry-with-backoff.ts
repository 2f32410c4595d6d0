import { type EnvelopeOf, UnreadableEvent } from '../../envelope/envelope.ts';
import type { EventContract } from '../../envelope/event-contract.ts';
import { backoffMs } from '../../failures/backoff.ts';
import { reasonOf } from '../dead-letters/dead-letter.ts';
import type { ConsumerDefinition } from '../try/consumer-definition.ts';
import type { Ending } from '../try/end-within-a-limit.ts';
import { ConsumerStopped } from '../try/handle-in-time.ts';
import type { Settle } from '../try/incoming.ts';
import type { Told } from '../try/tell-what-became.ts';
import type { Bury } from './bury.ts';
import { isOutageFor } from './declared-outage.ts';
import { readNamed } from './read-named.ts';
import { RETRY } from './retry-pauses.ts';
import type { Upgrades } from './wait-for-an-upgrade.ts';

/**
 * Retry with backoff: tries until the event is handled, buried, given back for a newer process, or the consumer ends.
 * An outage is waited out and counts as no try; what cannot be read is buried at once.
 */
export function retryWithBackoff<Contract extends EventContract>(
  definition: ConsumerDefinition<Contract>,
  parts: {
    readonly tryOnce: (event: EnvelopeOf<Contract>) => Promise<'handled' | 'stopped'>;
    readonly bury: Bury;
    readonly upgrades: Upgrades;
    readonly ending: Ending;
    readonly told: Told;
  },
): Settle {
  const { contracts, maxAttempts = 8, whenPoisoned = 'pass', retry = RETRY } = definition;
  const { tryOnce, bury, upgrades, ending, told } = parts;

  return async function settle(incoming, replaces) {
    let event: EnvelopeOf<Contract> | undefined;
    let failures = 0;
    for (let attempt = 1; ; attempt += 1) {
      let pauseMs = backoffMs(attempt, retry);
      try {
        event ??= readNamed(incoming.payload, contracts);
        return event ? await tryOnce(event) : 'handled';
      } catch (error) {
        if (error instanceof ConsumerStopped) return 'stopped';
        if (upgrades.mayWait(error, incoming.storedAt)) {
          told.waitsForAnUpgrade(incoming, error);
          // Given back it would come behind later events of its owner, which a consumer that holds must not see.
          if (whenPoisoned === 'pass') return 'later';
          pauseMs = upgrades.delayMs(attempt);
        } else {
          told.timedOut(error);
          if (!isOutageFor(definition, error)) failures += 1;
          if (error instanceof UnreadableEvent || failures >= maxAttempts) {
            return await bury(incoming, { error, reason: reasonOf(error), attempts: attempt, replaces });
          }
          told.triedAgain(attempt, error);
        }
      }
      if (!(await ending.pause(pauseMs))) return 'stopped';
    }
  };
}
