import { FRIEND_STREAM } from '@kith/event-contracts';
import { compareOutboxWithStream } from '@kith/event-delivery';
import type { HttpHandler } from '@kith/service-kit';
import { compareCopiesWithUsers } from './compare-copies-with-users.ts';
import { compareViewsWithLists } from './compare-views-with-lists.ts';
import type { OperatorOptions } from './operator-routes.ts';

export interface Difference {
  readonly check: 'stream' | 'views' | 'copies';
  readonly owner: string;
  readonly revision?: number;
  readonly detail: string;
}

export interface ReconcileReport {
  readonly onDifference: (difference: Difference) => void;
  readonly onProgress: (check: Difference['check'], done: number, total: number) => void;
}

/**
 * Compares outbox and stream, views and Postgres, profile copies and the user service; changes nothing. Answers NDJSON:
 * `{"progress":{check,done,total}}` and `{"difference":{check,owner,revision?,detail}}` as they come, and last
 * `{"result":{"checked":{check: count},"differences":n}}`. A connection that ends without a result was cut off.
 */
export function reconcile({ parts, users, broker }: OperatorOptions): HttpHandler {
  return async (_request, response) => {
    const connected = await broker();
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    const write = (line: object) => void response.write(`${JSON.stringify(line)}\n`);
    let differences = 0;
    const report: ReconcileReport = {
      onDifference: (difference) => {
        differences += 1;
        write({ difference });
      },
      onProgress: (check, done, total) => write({ progress: { check, done, total } }),
    };
    const checked = {
      stream: await compareOutboxWithStream({
        pool: parts.pool,
        broker: connected,
        stream: FRIEND_STREAM,
        onDifference: report.onDifference,
        onProgress: (done, total) => report.onProgress('stream', done, total),
      }),
      copies: await compareCopiesWithUsers(parts.pool, users, report),
      views: await compareViewsWithLists(parts, report),
    };
    response.end(`${JSON.stringify({ result: { checked, differences } })}\n`);
  };
}
