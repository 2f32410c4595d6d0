/**
 * Redrive: such an event travels on its original subject, so that it keeps its path, order and retention. These headers
 * name the one consumer that shall handle it, and the dead letter that is settled when it has; every other consumer
 * acknowledges it unseen.
 */
const FOR_CONSUMER = 'Kith-Redriven-For';
const DEAD_LETTER = 'Kith-Dead-Letter';

export interface Redrive {
  readonly consumer: string;
  /** The dead letter's sequence. */
  readonly letter: number;
}

export function writeRedriveHeaders(redrive: Redrive): Record<string, string> {
  return { [FOR_CONSUMER]: redrive.consumer, [DEAD_LETTER]: String(redrive.letter) };
}

export function readRedriveHeaders(headers: Readonly<Record<string, string>>): Redrive | undefined {
  const consumer = headers[FOR_CONSUMER];
  return consumer === undefined ? undefined : { consumer, letter: Number(headers[DEAD_LETTER]) };
}
