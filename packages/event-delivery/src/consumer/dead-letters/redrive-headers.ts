import type { EventBroker } from '../../broker/broker.ts';
import { DEFAULT_HEADER_PREFIX } from '../../broker/header-prefix.ts';

/**
 * Redrive: such an event travels on its original subject, so that it keeps its path, order and retention. These headers
 * name the one consumer that shall handle it, and the dead letter that is settled when it has; every other consumer
 * acknowledges it unseen.
 */
const FOR_CONSUMER = 'Redriven-For';
const DEAD_LETTER = 'Dead-Letter';

export interface Redrive {
  readonly consumer: string;
  /** The dead letter's sequence. */
  readonly letter: number;
}

/** The broker whose headers they are, with its prefix: `Kith-Redriven-For`. */
type Prefixed = Pick<EventBroker, 'headerPrefix'>;
const named = ({ headerPrefix = DEFAULT_HEADER_PREFIX }: Prefixed, name: string) => `${headerPrefix}-${name}`;

export function writeRedriveHeaders(broker: Prefixed, redrive: Redrive): Record<string, string> {
  return {
    [named(broker, FOR_CONSUMER)]: redrive.consumer,
    [named(broker, DEAD_LETTER)]: String(redrive.letter),
  };
}

/** Of the headers of a delivery, by this broker's prefix: made once, and asked for every delivery. */
export function readsRedriveHeaders(
  broker: Prefixed,
): (headers: Readonly<Record<string, string>>) => Redrive | undefined {
  const forConsumer = named(broker, FOR_CONSUMER);
  const deadLetter = named(broker, DEAD_LETTER);
  return (headers) => {
    const consumer = headers[forConsumer];
    return consumer === undefined ? undefined : { consumer, letter: Number(headers[deadLetter]) };
  };
}
