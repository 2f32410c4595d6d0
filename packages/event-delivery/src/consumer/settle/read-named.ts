import { type EnvelopeOf, readEnvelope, UnreadableEvent } from '../../envelope/envelope.ts';
import type { EventContract } from '../../envelope/event-contract.ts';

/**
 * Selective consumer (Hohpe & Woolf): reads an event of the types that a consumer names, whatever its version; undefined
 * for one of another type, which on the same stream is somebody else's. A type of a family of which the consumer wants
 * all, and which is not known here, is from the future.
 */
export function readNamed<Contract extends EventContract>(
  payload: Uint8Array | string,
  { contracts, families }: { contracts: readonly Contract[]; families: readonly string[] },
): EnvelopeOf<Contract> | undefined {
  try {
    return readEnvelope(payload, contracts);
  } catch (error) {
    if (!(error instanceof UnreadableEvent) || error.code !== 'UNKNOWN_TYPE') throw error;
    const { type } = error;
    if (type === undefined || !families.some((family) => type.startsWith(family))) return undefined;
    throw new UnreadableEvent('UNKNOWN_TYPE', `${type} is not known here: upgrade this consumer.`, {
      fromTheFuture: true,
    });
  }
}
