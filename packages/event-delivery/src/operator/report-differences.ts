import type { EventBroker } from '../broker/broker.ts';
import { answering, type OperatorHandler, present, startLines } from './answer-operator.ts';

/** What is not the same in two places. */
export interface Difference {
  readonly check: string;
  readonly owner: string;
  readonly revision?: number;
  /** Of an event that is missing. */
  readonly eventId?: string;
  /** The stream whose events are missing here: who publishes to it may publish them again. */
  readonly stream?: string;
  readonly detail: string;
}

export interface DifferenceReport {
  readonly onDifference: (difference: Difference) => Promise<unknown>;
  readonly onProgress: (check: string, done: number, total: number) => Promise<unknown>;
}

/** Nobody waits for the rest: what compares ends where it stands, and has nothing to undo. */
class ReaderGone extends Error {
  constructor() {
    super('Whoever asked for this report is gone.');
  }
}

/**
 * Answers a reconciliation as NDJSON: `{"progress":{check,done,total}}` and `{"difference":{check,owner,revision?,detail}}`
 * as they come, and last `{"result":{"checked":{check: count},"differences":n}}`. A connection that ends without a result
 * was cut off; without its broker a service refuses (503). When the reader goes, what was to be told next rejects, and
 * the comparison ends. `compare` resolves to how many of what were compared.
 */
export function reportDifferences(
  broker: () => Promise<EventBroker> | EventBroker,
  compare: (broker: EventBroker, report: DifferenceReport) => Promise<Readonly<Record<string, number>>>,
): OperatorHandler {
  return answering(async (_request, response) => {
    const connected = present(await broker());
    const write = startLines(response);
    const tell = async (line: object) => {
      if (!(await write(line))) throw new ReaderGone();
    };
    let differences = 0;
    try {
      const checked = await compare(connected, {
        onDifference: (difference) => {
          differences += 1;
          return tell({ difference });
        },
        onProgress: (check, done, total) => tell({ progress: { check, done, total } }),
      });
      await write({ result: { checked, differences } });
    } catch (error) {
      if (!(error instanceof ReaderGone)) throw error;
    }
    response.end();
  });
}
