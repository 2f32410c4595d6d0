import { type EnvelopeOf, readEnvelope, UnreadableEvent } from '../../envelope/envelope.ts';
import type { EventContract } from '../../envelope/event-contract.ts';

/**
 * Selective consumer (Hohpe & Woolf): reads an event of the types that a consumer names, whatever its version; undefined
 * for one of another type, which on the same stream is somebody else's.
 */
export function readNamed<Contract extends EventContract>(
  payload: Uint8Array,
  contracts: readonly Contract[],
): EnvelopeOf<Contract> | undefined {
  try {
    return readEnvelope(payload, contracts);
  } catch (error) {
    if (error instanceof UnreadableEvent && error.code === 'UNKNOWN_TYPE') return undefined;
    throw error;
  }
}
