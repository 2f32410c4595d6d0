/** How large the next batch is, by how long those before took. */
export interface BatchSize {
  readonly next: number;
  /** A batch of the size that was next is done. */
  took(ms: number): void;
  /** A batch was refused, or not answered: it is repeated as it is, the next ones are smaller. */
  refused(): void;
}

/**
 * Backpressure by AIMD (additive increase, multiplicative decrease, as of TCP's congestion avoidance, RFC 5681): batches
 * shrink by half while they take more than twice as long as they should, and grow by a tenth of the most while they take
 * less. So on a busy machine a transaction holds its locks about as long as on a quiet one, a batch that has to be
 * repeated costs little, and the rate follows the share of the machine that is left.
 *
 * @param options sizes in items, `aimMs` what a batch should take
 */
export function adaptBatchSize(options: { most: number; least: number; aimMs: number }): BatchSize {
  const { most, least, aimMs } = options;
  let size = most;
  const halve = () => {
    size = Math.max(least, Math.floor(size / 2));
  };
  return {
    get next() {
      return size;
    },
    took(ms) {
      if (ms > 2 * aimMs) halve();
      else if (ms < aimMs) size = Math.min(most, size + Math.ceil(most / 10));
    },
    refused: halve,
  };
}
