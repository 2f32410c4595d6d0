import type { StoredDeadLetter } from '../dead-letters/dead-letter.ts';
import type { DeadLetterBox } from '../dead-letters/dead-letter-box.ts';
import { type Incoming, ownerOf } from '../try/incoming.ts';
import type { Told } from '../try/tell-what-became.ts';
import type { UntilDone } from './until-the-letters-answer.ts';

export interface Death {
  readonly error: unknown;
  readonly reason: string;
  readonly attempts: number;
  readonly replaces?: StoredDeadLetter | undefined;
}

export type Bury = (incoming: Incoming, why: Death) => Promise<'dead' | 'stopped'>;

/** Dead letter queue: puts an event that is given up there, however long that takes, so that what follows may go on. */
export function buries(box: DeadLetterBox, untilDone: UntilDone, told: Told): Bury {
  return async (incoming, why) => {
    const buried = await untilDone(() => box.put(incoming, ownerOf(incoming.subject), why).then(() => true));
    if (!buried) return 'stopped';
    told.died(incoming, why);
    return 'dead';
  };
}
