import { type HttpHandler, KithError, readBodyAs, sendJson } from '@kith/service-kit';
import { v7 as newId } from 'uuid';
import { z } from 'zod';
import { importInitialLists, refuseUnlessEmpty } from '../initial-import/import-initial-lists.ts';
import { beginStaging, type StagedPair, stagePairs } from '../initial-import/stage-pairs.ts';
import { inTransaction } from '../relationships/in-transaction.ts';
import type { OperatorOptions } from './operator-options.ts';

const MOST_PAIRS = 10_000;
const SIGN_OF_LIFE_EVERY_MS = 10_000;

const pairSchema = z.tuple([z.int().nonnegative(), z.guid(), z.guid()]);
const portionSchema = z.object({ import: z.guid(), pairs: z.array(pairSchema).min(1).max(MOST_PAIRS) });
const wholeSchema = z.object({ import: z.guid(), pairs: z.int().nonnegative() });

/**
 * `POST /operator/initial-import`: begins one, and forgets what another has sent. Answers `{"import": id}`.
 * KithError NOT_ALLOWED where there are friendships, requests or blocks already.
 */
export function beginInitialImport({ parts }: Pick<OperatorOptions, 'parts'>): HttpHandler {
  return async (_request, response) => {
    await inTransaction(parts.pool, async (sql) => {
      await refuseUnlessEmpty(sql);
      await beginStaging(sql);
    });
    sendJson(response, 200, { import: newId() });
  };
}

/**
 * `POST /operator/initial-import/pairs` of `{"import": id, "pairs": [[line, id, id], … at most 10,000]}`: keeps them,
 * each line once. Answers `{"staged": n}`.
 */
export function stageInitialPairs({ parts }: Pick<OperatorOptions, 'parts'>): HttpHandler {
  return async (request, response) => {
    const { import: importId, pairs } = await readBodyAs(portionSchema, request, 'pairs');
    await stagePairs(parts.pool, importId, pairs satisfies StagedPair[]);
    sendJson(response, 200, { staged: pairs.length });
  };
}

/**
 * `POST /operator/initial-import/lists` of `{"import": id, "pairs": n}`, the number of pairs that were sent: makes them
 * friends, all or none. Answers lines as it goes: `{"progress":{"done","total"}}` of lists, and last
 * `{"result":{"bound","existing","failedCount","failed":[{"line","code","message"}]}}` or
 * `{"refused":{"code","message"}}`. Whoever reads neither cannot say what became of it.
 */
export function finishInitialImport({ parts, users, limits }: InitialImportOptions): HttpHandler {
  return async (request, response) => {
    const { import: importId, pairs } = await readBodyAs(wholeSchema, request, 'pairs');
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    let progress = { done: 0, total: 0 };
    const write = (line: object) => response.write(`${JSON.stringify(line)}\n`);
    // Long before the first list is written: whoever reads should not take the answer for lost.
    const signOfLife = setInterval(() => write({ progress }), SIGN_OF_LIFE_EVERY_MS);
    try {
      const result = await importInitialLists(
        { importId, pairs },
        {
          ...{ pool: parts.pool, committed: parts.committed, users, limits },
          async onProgress(done, total) {
            progress = { done, total };
            write({ progress });
          },
        },
      );
      write({ result });
    } catch (error) {
      // The status is sent: anything else can be shown by breaking off alone, as any other answer that fails.
      if (!(error instanceof KithError)) throw error;
      write({ refused: { code: error.code, message: error.message } });
    } finally {
      clearInterval(signOfLife);
    }
    response.end();
  };
}

type InitialImportOptions = Pick<OperatorOptions, 'parts' | 'users' | 'limits'>;
