import { setTimeout as sleep } from 'node:timers/promises';
import { KithError } from '@kith/service-kit';
import { countPerKey, type PlacesPerKey } from './count-sockets.ts';
import { type LoadShedding, shedLoad } from './shed-load.ts';

export interface DearBulkheads {
  /**
   * Resolves, with what to call when it has ended, when an operation that asks for these dear fields may run. Rejects
   * with KithError SERVICE_UNAVAILABLE (with retryAfterMs) when this person, or all together, have as many as they may.
   *
   * @param fields as `Type.field`, in an order that all operations share: so that none waits in a circle
   */
  enter(fields: readonly string[], person: string): Promise<() => void>;
  /** How many fields have a compartment. */
  readonly size: number;
  stop(): void;
}

export interface DearLimits {
  /** Of one field. */
  readonly atOnce: number;
  readonly perPerson: number;
  /** Beyond those, as many again may wait, for so long. */
  readonly waitAtMostMs: number;
}

/** A dear operation may be slow on a machine with nothing else to do: two always run. */
const FEWEST = 2;

/**
 * Bulkheads: a compartment for each dear field, whose operations take no place from others, hold no more than so many
 * connections to services, and are refused by themselves.
 */
export function dearBulkheads({ atOnce, perPerson, waitAtMostMs }: DearLimits): DearBulkheads {
  const compartments = new Map<string, { all: LoadShedding; ofPerson: PlacesPerKey }>();
  const compartmentOf = (field: string) => {
    const known = compartments.get(field);
    if (known) return known;
    const limits = { running: atOnce, fewest: FEWEST, waiting: atOnce, waitAtMostMs, loopDelayMs: Infinity };
    const made = { all: shedLoad(limits, field), ofPerson: countPerKey(perPerson) };
    compartments.set(field, made);
    return made;
  };
  return {
    async enter(fields, person) {
      const leaving: (() => void)[] = [];
      const leave = () => {
        for (const each of leaving.splice(0)) each();
      };
      try {
        for (const field of fields) {
          const { all, ofPerson } = compartmentOf(field);
          const place = ofPerson.take(person);
          if (!place) throw askedTooOften();
          leaving.push(place.giveBack);
          leaving.push(await all.enter());
        }
        return leave;
      } catch (error) {
        leave();
        throw error;
      }
    },
    get size() {
      return compartments.size;
    },
    stop() {
      for (const { all } of compartments.values()) all.stop();
    },
  };
}

function askedTooOften(): KithError {
  const message = 'You ask for this several times at once, and it is dear: wait for the answers, then try again.';
  return new KithError('SERVICE_UNAVAILABLE', message, { retryAfterMs: 1_000 });
}

const MOMENT_MS = 500;
/** A refusal in waiting is memory. */
const WAIT_AT_MOST = 1_000;
let waiting = 0;

/**
 * Backpressure: how long a refusal of something dear is held back, once it has no place any more. Who is refused at once
 * asks again at once, and a crowd of them takes the time of others by its asking alone.
 */
export async function momentBeforeRefusal(): Promise<void> {
  if (waiting >= WAIT_AT_MOST) return;
  waiting += 1;
  // Not the same for all: who was refused at one time is not to come back at one time.
  await sleep(MOMENT_MS * (0.5 + Math.random()));
  waiting -= 1;
}
