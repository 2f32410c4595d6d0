import { isOutage } from '../../failures/outage.ts';

/** Whether an error is an outage by the catalogue, or because this consumer has declared it to be one. */
export function isOutageFor(
  consumer: { readonly isOutage?: ((error: unknown) => boolean) | undefined },
  error: unknown,
): boolean {
  if (isOutage(error)) return true;
  try {
    return consumer.isOutage?.(error) === true;
  } catch {
    // A consumer that throws here has not declared an outage.
    return false;
  }
}
