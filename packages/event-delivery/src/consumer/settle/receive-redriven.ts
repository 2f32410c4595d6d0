import type { WhenPoisoned } from '../dead-letters/dead-letter.ts';
import type { DeadLetterBox } from '../dead-letters/dead-letter-box.ts';
import { type Incoming, type Outcome, ownerOf, type Receive, type Settle } from '../try/incoming.ts';
import type { UntilDone } from './until-the-letters-answer.ts';

/**
 * Redrive (a middleware): an event that the operator sent again out of the dead letter queue is handled by the one
 * consumer that gave it up, and its letter settled; what was parked behind it follows. All else goes to `next`.
 */
export function receivesRedriven(
  parts: {
    readonly durable: string;
    readonly whenPoisoned: WhenPoisoned;
    readonly box: DeadLetterBox;
    readonly settle: Settle;
    readonly release: (ownerId: string) => Promise<void>;
    readonly untilDone: UntilDone;
  },
  next: Receive,
): Receive {
  const { durable, whenPoisoned, box, settle, release, untilDone } = parts;

  async function settleLetter(incoming: Incoming, sequence: number): Promise<Outcome> {
    const ownerId = ownerOf(incoming.subject);
    const letters = await untilDone(() => box.lettersOf(ownerId));
    if (!letters) return 'stopped';
    const at = letters.findIndex((letter) => letter.sequence === sequence);
    const letter = letters[at];
    // Settled before, dropped, or still behind another: its letter, if any, stays.
    if (!letter || (whenPoisoned === 'hold' && at > 0)) return 'handled';
    const outcome = await settle(incoming, letter);
    if (outcome !== 'handled') return outcome;
    if (!(await untilDone(() => box.settled(letter, 'handled').then(() => true)))) return 'stopped';
    await release(ownerId);
    return 'handled';
  }

  return (incoming) => {
    const redrive = box.redriveIn(incoming.headers);
    if (!redrive) return next(incoming);
    return redrive.consumer === durable ? settleLetter(incoming, redrive.letter) : Promise.resolve('handled');
  };
}
