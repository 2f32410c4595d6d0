import { HELD_BEHIND } from '../dead-letters/dead-letter.ts';
import type { DeadLetterBox } from '../dead-letters/dead-letter-box.ts';
import { type Incoming, type Outcome, ownerOf, type Receive, type Settle } from '../try/incoming.ts';
import type { Bury } from './bury.ts';
import type { UntilDone } from './until-the-letters-answer.ts';

/**
 * Hold (parking; poisoned streams wait): events of an owner whose earlier event is dead are parked behind it, and handled
 * in order once that is settled. Of a consumer that does not hold, no owner is ever held.
 */
export function holdsBehindDeadEvents(parts: {
  readonly box: DeadLetterBox;
  readonly bury: Bury;
  readonly settle: Settle;
  readonly untilDone: UntilDone;
  readonly now: () => Date;
}) {
  const { box, bury, settle, untilDone, now } = parts;

  const receive: Receive = (incoming) =>
    box.mayHold(ownerOf(incoming.subject)) ? receiveOfHeld(incoming) : settle(incoming);

  async function receiveOfHeld(incoming: Incoming): Promise<Outcome> {
    const held = await untilDone(() => box.holds(ownerOf(incoming.subject)));
    if (held === undefined) return 'stopped';
    if (!held) return settle(incoming);
    const error = new Error('An earlier event of this owner is dead: settle that one, and this one follows.');
    return bury(incoming, { error, reason: HELD_BEHIND, attempts: 0 });
  }

  /** Handles what was parked behind a dead event that is settled now, in order, until another one dies. */
  async function release(ownerId: string): Promise<void> {
    if (!box.mayHold(ownerId)) return;
    for (;;) {
      const [first] = (await untilDone(() => box.lettersOf(ownerId))) ?? [];
      if (!first || first.reason !== HELD_BEHIND || first.payload === null) return;
      const payload = Buffer.from(first.payload, 'base64');
      const incoming = { ...first.origin, headers: first.headers, payload, storedAt: now() };
      if ((await settle(incoming, first)) !== 'handled') return;
      if (!(await untilDone(() => box.settled(first, 'released').then(() => true)))) return;
    }
  }

  return { receive, release };
}
