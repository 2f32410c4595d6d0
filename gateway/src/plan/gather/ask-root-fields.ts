import type { FetchNode } from '@graphql-hive/router-query-planner';
import type { SubgraphResult } from '../../subgraphs/call-subgraph.ts';
import { askService, type Fetch, keysAsked, placed } from './ask-service.ts';
import { TOLD } from './failures.ts';
import type { Gathered, PlanOptions, PlanStep } from './gathered.ts';
import { merge } from './merge-answers.ts';
import { compileRewrites, renamedKeys } from './rewrite-answers.ts';

/** In what a mutation that opens a session answers: the token with which is asked for what is selected behind it. */
export const NEW_ACCESS_TOKEN = 'accessToken';

export type RootFetch = Fetch & Pick<FetchNode, 'outputRewrites'>;

/** Asks a service for fields of the query or the mutation itself. */
export function askRootFields(fetch: RootFetch, options: PlanOptions): PlanStep {
  const ask = askService(fetch, options);
  const take = takeRootFields(fetch, options);
  return async (gathered) => take(gathered, await ask(gathered, {}));
}

/** Adds what a service has answered for fields of a root. */
export function takeRootFields(
  { outputRewrites, operation }: RootFetch,
  options: PlanOptions,
): (gathered: Gathered, answer: SubgraphResult) => void {
  const renamed = renamedKeys(outputRewrites);
  const asked = keysAsked(operation, renamed);
  const rewrite = compileRewrites(outputRewrites, options.schema);
  const keys = [...asked.keys()];
  const openingSessions = [...asked].flatMap(([key, fields]) => (fields.includes(NEW_ACCESS_TOKEN) ? [key] : []));
  return (gathered, { data, errors = [] }) => {
    rewrite?.(data);
    for (const error of errors) {
      if (error.path) {
        gathered.errors.push(placed(error, error.path, options, renamed));
        // That it failed does not say that there is none: another service may have a part of the field.
        const key = String(error.path[0]);
        if (data?.[key] === null) delete data[key];
        if (data?.[key] === undefined) gathered.failures.add(gathered.data, data ? [key] : keys, TOLD);
      } else if (data) gathered.errors.push(placed(error, undefined, options, renamed));
      else gathered.failures.add(gathered.data, keys, error);
    }
    if (!data) return;
    // After one that failed the others of a mutation are not done.
    if (errors.length > 0) gathered.failures.add(gathered.data, missingOf(keys, data), TOLD);
    merge(gathered.data, data, options.abstract);
    for (const key of openingSessions) {
      const token: unknown = data[key]?.[NEW_ACCESS_TOKEN];
      if (typeof token === 'string') gathered.sessions.set(key, `Bearer ${token}`);
    }
  };
}

const missingOf = (keys: readonly string[], data: object) => keys.filter((key) => !Object.hasOwn(data, key));
