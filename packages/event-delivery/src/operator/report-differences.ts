import type { ServerResponse } from 'node:http';
import { startLines } from './answer-operator.ts';

/** What is not the same in two places. */
export interface Difference {
  readonly check: string;
  readonly owner: string;
  readonly revision?: number;
  readonly detail: string;
}

export interface DifferenceReport {
  readonly onDifference: (difference: Difference) => Promise<unknown>;
  readonly onProgress: (check: string, done: number, total: number) => Promise<unknown>;
}

/**
 * Answers a reconciliation as NDJSON: `{"progress":{check,done,total}}` and `{"difference":{check,owner,revision?,detail}}`
 * as they come, and last `{"result":{"checked":{check: count},"differences":n}}`. A connection that ends without a result
 * was cut off. `compare` resolves to how many of what were compared.
 */
export async function reportDifferences(
  response: ServerResponse,
  compare: (report: DifferenceReport) => Promise<Readonly<Record<string, number>>>,
): Promise<void> {
  const write = startLines(response);
  let differences = 0;
  const checked = await compare({
    onDifference: (difference) => {
      differences += 1;
      return write({ difference });
    },
    onProgress: (check, done, total) => write({ progress: { check, done, total } }),
  });
  await write({ result: { checked, differences } });
  response.end();
}
