import { askService, type Fetch, keysAsked, placed } from './ask-service.ts';
import { TOLD } from './failures.ts';
import { entitiesAt, type Join } from './find-entities.ts';
import type { Gathered, PlanOptions, PlanStep } from './gathered.ts';
import { merge } from './merge-answers.ts';

/**
 * Asks a service for its fields of entities that others have answered, each entity once (`_entities` of the federation
 * specification).
 */
export function askEntities(fetch: Fetch, joins: readonly Join[], options: PlanOptions): PlanStep {
  const ask = askService(fetch, options);
  const renamed = new Map(joins.flatMap((join) => [...join.renamed]));
  const keys = keysAsked(fetch.operation, renamed);
  return async (gathered) => {
    if (gathered.sessions.size === 0) return askFor(joins, gathered, gathered.context.authorization);
    // Below a field that has opened a session is what its user may see.
    const asking = bySession(joins, gathered);
    await Promise.all([...asking].map(([authorization, some]) => askFor(some, gathered, authorization)));
  };

  async function askFor(some: readonly Join[], gathered: Gathered, authorization: string | undefined): Promise<void> {
    const variables: Record<string, unknown> = {};
    const groups = some.map((join) => {
      const group = entitiesAt(join, gathered.data);
      variables[join.variable] = group.representations;
      for (const [target, key] of group.lacking) {
        const why = gathered.failures.of(target, key);
        if (why !== undefined) gathered.failures.add(target, keys.get(join.alias) ?? [], why);
      }
      return { ...join, ...group };
    });
    if (groups.every(({ representations }) => representations.length === 0)) return;

    const { data, errors = [] } = await ask(gathered, variables, authorization);
    for (const { alias, targets, rewrite } of groups) {
      const entities = data?.[alias] as readonly (object | null)[] | null | undefined;
      rewrite?.(entities);
      entities?.forEach((entity, index) => {
        if (!entity) return;
        for (const target of targets[index] ?? []) merge(target, entity as Record<string, unknown>, options.abstract);
      });
    }
    for (const error of errors) {
      const [alias, index, ...behind] = error.path ?? [];
      for (const group of groups) {
        if (alias !== undefined && alias !== group.alias) continue;
        const concerned = typeof index === 'number' ? (group.targets[index] ?? []) : group.targets.flat();
        for (const target of concerned) {
          const lacking = keys.get(group.alias) ?? [];
          gathered.failures.add(target, lacking, behind.length === 0 ? error : TOLD);
          if (behind.length === 0) continue;
          for (const path of group.pathsTo(target))
            gathered.errors.push(placed(error, [...path, ...behind], options, renamed));
        }
      }
    }
  }
}

/** The joins, each with the paths that begin at fields of one session; without a new one the client's own. */
function bySession(joins: readonly Join[], { sessions, context }: Gathered): Map<string | undefined, Join[]> {
  const sessionOf = ([first]: Join['paths'][number]) =>
    (typeof first === 'string' && sessions.get(first)) || context.authorization;
  const asking = new Map(joins.flatMap(({ paths }) => paths.map((path) => [sessionOf(path), [] as Join[]])));
  for (const [authorization, some] of asking) {
    for (const join of joins) {
      some.push({ ...join, paths: join.paths.filter((path) => sessionOf(path) === authorization) });
    }
  }
  return asking;
}
