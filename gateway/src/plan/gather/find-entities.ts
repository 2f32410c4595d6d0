import type { FlattenNodePathSegment, RequiresSelection } from '@graphql-hive/router-query-planner';
import { type GraphQLSchema, isAbstractType } from 'graphql';

/** Fields of entities that were met on the way: those at the same place are asked for together, each once. */
export interface Join {
  readonly alias: string;
  /** Of the entities' representations. */
  readonly variable: string;
  readonly paths: readonly (readonly FlattenNodePathSegment[])[];
  readonly requires: readonly RequiresSelection[];
}

interface Entities {
  readonly representations: object[];
  /** Whose fields the entity of each representation has: several places may show the same one. */
  readonly targets: Record<string, unknown>[][];
  /** The path of an object; worked out only when there is an error to report. */
  pathsTo(target: object): (string | number)[][];
}

/** The objects at the places of a join, as the service is asked for them. */
export function entitiesAt({ paths, requires }: Join, data: object, schema: GraphQLSchema): Entities {
  const representations: object[] = [];
  const targets: Record<string, unknown>[][] = [];
  const indexes = new Map<string, number>();
  for (const path of paths) {
    walk(data, path, 0, [], (target) => {
      const representation = represent(target, requires, schema);
      if (!representation) return;
      const identity = JSON.stringify(representation);
      const index = indexes.get(identity);
      if (index !== undefined) return void targets[index]?.push(target);
      indexes.set(identity, representations.length);
      representations.push(representation);
      targets.push([target]);
    });
  }
  return {
    representations,
    targets,
    pathsTo(wanted) {
      const found: (string | number)[][] = [];
      for (const path of paths) {
        walk(data, path, 0, [], (target, at) => {
          if (target === wanted) found.push([...at]);
        });
      }
      return found;
    },
  };
}

function walk(
  value: unknown,
  path: readonly FlattenNodePathSegment[],
  step: number,
  at: (string | number)[],
  visit: (target: Record<string, unknown>, at: readonly (string | number)[]) => void,
): void {
  if (typeof value !== 'object' || value === null) return;
  const segment = path[step];
  if (segment === undefined) {
    visit(value as Record<string, unknown>, at);
  } else if (segment === '@') {
    for (const [index, item] of (value as unknown[]).entries()) {
      at.push(index);
      walk(item, path, step + 1, at, visit);
      at.pop();
    }
  } else if ('Field' in segment) {
    at.push(segment.Field);
    walk((value as Record<string, unknown>)[segment.Field], path, step + 1, at, visit);
    at.pop();
  } else if (segment.TypeCondition.includes(String((value as { __typename?: unknown }).__typename))) {
    walk(value, path, step + 1, at, visit);
  }
}

/** What a service needs to know an entity by; undefined when it is not all there. */
function represent(
  target: Readonly<Record<string, unknown>>,
  requires: readonly RequiresSelection[],
  schema: GraphQLSchema,
): Record<string, unknown> | undefined {
  const representation: Record<string, unknown> = {};
  for (const required of requires) {
    if (required.kind === 'InlineFragment') {
      if (!isOfType(schema, target.__typename, required.typeCondition)) continue;
      const within = represent(target, required.selections, schema);
      if (!within) return undefined;
      Object.assign(representation, within);
    } else if (required.kind === 'Field') {
      const value = target[required.alias ?? required.name];
      if (value === undefined || value === null) return undefined;
      representation[required.name] = required.selections?.length
        ? represent(value as Record<string, unknown>, required.selections, schema)
        : value;
    } else throw new Error('The plan names entities by a fragment, which is not known here.');
  }
  return Object.keys(representation).length > 0 ? representation : undefined;
}

function isOfType(schema: GraphQLSchema, typename: unknown, condition: string): boolean {
  if (typename === condition) return true;
  const [type, wanted] = [schema.getType(String(typename)), schema.getType(condition)];
  return isAbstractType(wanted) && type !== undefined && schema.isSubType(wanted, type as never);
}
