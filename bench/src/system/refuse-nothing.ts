/**
 * For the gateway of a benchmark: on a busy machine it would refuse work that takes too long, and a refusal is quick.
 * What is measured is the work.
 */
export const REFUSE_NOTHING = {
  LOOP_DELAY_AT_MOST_MS: '60000',
  OPERATIONS_AT_ONCE: '100000',
  OPERATIONS_AT_ONCE_AT_LEAST: '100000',
  OPERATIONS_WAITING: '100000',
  DEAR_OPERATIONS_AT_ONCE: '100000',
  DEAR_OPERATIONS_PER_PERSON: '100000',
  OPERATION_WAITS_AT_MOST_MS: '60000',
  OPERATION_TIMEOUT_MS: '60000',
  SUBGRAPH_TIMEOUT_MS: '60000',
};
