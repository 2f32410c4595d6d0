import type { FetchNodePathSegment, FetchRewrite } from '@graphql-hive/router-query-planner';
import type { GraphQLSchema } from 'graphql';
import { typesWithin } from './type-conditions.ts';

type Fields = Record<string, unknown>;

/** Changes an answer, or what a service is to be asked by, in place. */
export type Rewrite = (value: unknown) => void;

/**
 * What a plan changes of values on their way: keys that it asked for under names of its own, and the type as which a
 * service knows an entity (interface objects). Undefined when there is nothing to change.
 */
export function compileRewrites(rewrites: readonly FetchRewrite[] = [], schema: GraphQLSchema): Rewrite | undefined {
  const compiled = rewrites.map((rewrite) => compileRewrite(rewrite, schema));
  if (compiled.length <= 1) return compiled[0];
  return (value) => {
    for (const rewrite of compiled) rewrite(value);
  };
}

/** The keys under which a plan asks for fields, and what they are called afterwards. */
export function renamedKeys(rewrites: readonly FetchRewrite[] = []): ReadonlyMap<string, string> {
  return new Map(
    rewrites.flatMap((rewrite): [string, string][] => {
      if (!('KeyRenamer' in rewrite)) return [];
      const last = rewrite.KeyRenamer.path.at(-1);
      return last && 'Key' in last ? [[last.Key, rewrite.KeyRenamer.renameKeyTo]] : [];
    }),
  );
}

function compileRewrite(rewrite: FetchRewrite, schema: GraphQLSchema): Rewrite {
  if ('KeyRenamer' in rewrite) {
    const { path, renameKeyTo } = rewrite.KeyRenamer;
    return atEnd(path, schema, (fields, key) => {
      if (!Object.hasOwn(fields, key)) return;
      fields[renameKeyTo] = fields[key];
      delete fields[key];
    });
  }
  const { path, setValueTo } = 'ValueSetter' in rewrite ? rewrite.ValueSetter : rewrite;
  return atEnd(path, schema, (fields, key) => {
    if (Object.hasOwn(fields, key)) fields[key] = setValueTo;
  });
}

/** Does something with the last key of a path, in every object that the path leads to; lists have no step of their own. */
function atEnd(
  [segment, ...further]: readonly FetchNodePathSegment[],
  schema: GraphQLSchema,
  change: (fields: Fields, key: string) => void,
): Rewrite {
  if (!segment) throw new Error('The plan rewrites a value as a whole, which is not known here.');
  if ('TypenameEquals' in segment) {
    const types = typesWithin(schema, segment.TypenameEquals);
    const behind = atEnd(further, schema, change);
    return eachObject((fields) => {
      if (fields.__typename === undefined || types.has(String(fields.__typename))) behind(fields);
    });
  }
  const { Key: key } = segment;
  if (further.length === 0) return eachObject((fields) => change(fields, key));
  const behind = atEnd(further, schema, change);
  return eachObject((fields) => behind(fields[key]));
}

function eachObject(visit: (fields: Fields) => void): Rewrite {
  return function within(value) {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) for (const item of value) within(item);
    else visit(value as Fields);
  };
}
