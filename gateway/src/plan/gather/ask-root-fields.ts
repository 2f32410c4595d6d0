import type { FetchNode } from '@graphql-hive/router-query-planner';
import { askService, type Fetch, keysAsked, placed } from './ask-service.ts';
import { TOLD } from './failures.ts';
import type { PlanOptions, PlanStep } from './gathered.ts';
import { merge } from './merge-answers.ts';
import { compileRewrites, renamedKeys } from './rewrite-answers.ts';

/** In what a mutation that opens a session answers: the token with which is asked for what is selected behind it. */
export const NEW_ACCESS_TOKEN = 'accessToken';

export type RootFetch = Fetch & Pick<FetchNode, 'outputRewrites'>;

/** Asks a service for fields of the query or the mutation itself. */
export function askRootFields({ outputRewrites, ...fetch }: RootFetch, options: PlanOptions): PlanStep {
  const ask = askService(fetch, options);
  const renamed = renamedKeys(outputRewrites);
  const asked = keysAsked(fetch.operation, renamed);
  const rewrite = compileRewrites(outputRewrites, options.schema);
  const keys = [...asked.keys()];
  const openingSessions = [...asked].flatMap(([key, fields]) => (fields.includes(NEW_ACCESS_TOKEN) ? [key] : []));
  return async (gathered) => {
    const { data, errors = [] } = await ask(gathered, {});
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
