import type { FlattenNodePathSegment } from '@graphql-hive/router-query-planner';
import type { GraphQLSchema } from 'graphql';
import { Lacking, type Represent, type Representation } from './represent-entities.ts';
import type { Rewrite } from './rewrite-answers.ts';
import { typesWithin } from './type-conditions.ts';

/** A step of the way to entities: into a field, into the items of a list, or on if it is one of these types. */
type Step = string | typeof ITEMS | ReadonlySet<string>;
const ITEMS = Symbol('items');

/** Fields of entities that were met on the way: those at the same place are asked for together, each once. */
export interface Join {
  readonly alias: string;
  /** Of the entities' representations. */
  readonly variable: string;
  readonly paths: readonly (readonly Step[])[];
  readonly represent: Represent;
  /** Of what is answered of an entity. */
  readonly rewrite: Rewrite | undefined;
  /** What that renames. */
  readonly renamed: ReadonlyMap<string, string>;
}

interface Entities {
  readonly representations: object[];
  /** Whose fields the entity of each representation has: several places may show the same one. */
  readonly targets: Record<string, unknown>[][];
  /** Those that cannot be asked for, each with the key of what they lack: others failed to answer it. */
  readonly lacking: (readonly [Record<string, unknown>, string])[];
  /** The path of an object; worked out only when there is an error to report. */
  pathsTo(target: object): (string | number)[][];
}

export function compilePath(path: readonly FlattenNodePathSegment[], schema: GraphQLSchema): readonly Step[] {
  return path.map((segment) => {
    if (segment === '@') return ITEMS;
    return 'Field' in segment ? segment.Field : typesWithin(schema, segment.TypeCondition);
  });
}

/** The objects at the places of a join, as the service is asked for them. */
export function entitiesAt({ paths, represent }: Join, data: object): Entities {
  const representations: Representation[] = [];
  const targets: Record<string, unknown>[][] = [];
  const lacking: [Record<string, unknown>, string][] = [];
  const indexes = new Map<string, number>();
  for (const path of paths) {
    walk(data, path, 0, [], (target) => {
      const representation = represent(target);
      if (!representation) return;
      if (representation instanceof Lacking) return void lacking.push([target, representation.key]);
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
    lacking,
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
  path: readonly Step[],
  step: number,
  at: (string | number)[],
  visit: (target: Record<string, unknown>, at: readonly (string | number)[]) => void,
): void {
  if (typeof value !== 'object' || value === null) return;
  const segment = path[step];
  if (Array.isArray(value)) {
    // A plan has one step for the items of a list, in how many lists they ever are.
    const further = segment === ITEMS ? step + 1 : step;
    for (let index = 0; index < value.length; index += 1) {
      at.push(index);
      walk(value[index], path, further, at, visit);
      at.pop();
    }
  } else if (segment === undefined) {
    visit(value as Record<string, unknown>, at);
  } else if (typeof segment === 'string') {
    at.push(segment);
    walk((value as Record<string, unknown>)[segment], path, step + 1, at, visit);
    at.pop();
  } else if (segment !== ITEMS && segment.has(String((value as { __typename?: unknown }).__typename))) {
    walk(value, path, step + 1, at, visit);
  }
}
