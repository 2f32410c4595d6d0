import type { FetchRewrite, RequiresSelection } from '@graphql-hive/router-query-planner';
import type { EntityKey } from '@kith/supergraph';
import { type GraphQLSchema, isAbstractType } from 'graphql';
import { compileRewrites } from './rewrite-answers.ts';
import { typesRelated } from './type-conditions.ts';

type Fields = Readonly<Record<string, unknown>>;

/** By which paths of fields a service knows the entities of a type. */
export type KeysOfType = (type: string) => readonly EntityKey[];

/** What a service is told of an entity, or the name of the field that is not there; undefined when it cannot know it. */
export type Represent = (target: Fields) => Representation | Lacking | undefined;
export type Representation = Record<string, unknown>;
export class Lacking {
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
}

interface Options {
  readonly schema: GraphQLSchema;
  readonly keysOf: KeysOfType;
  readonly variables: Fields;
}

/** Writes a part of `target` into `into`; answers the key that is lacking. */
type Project = (target: Fields, into: Representation) => string | undefined;

/**
 * Compiles what a plan says that a service requires to a function over entities. A field that is null is told as null,
 * as `@requires` asks for it, unless the service would know the entity by it.
 */
export function compileRepresentation(
  requires: readonly RequiresSelection[],
  inputRewrites: readonly FetchRewrite[] | undefined,
  options: Options,
): Represent {
  const project = projectAll(requires, options);
  const rewrite = compileRewrites(inputRewrites, options.schema);
  const isKnown = knownBy(requires, options.keysOf);
  return (target) => {
    const representation: Representation = {};
    const lacking = project(target, representation);
    if (lacking !== undefined) return new Lacking(lacking);
    rewrite?.(representation);
    return isKnown(representation) ? representation : undefined;
  };
}

function projectAll(selections: readonly RequiresSelection[], options: Options): Project {
  const steps = selections.flatMap((selection) => projectOne(selection, options));
  const [only] = steps;
  if (steps.length === 1 && only) return only;
  return (target, into) => {
    for (const step of steps) {
      const lacking = step(target, into);
      if (lacking !== undefined) return lacking;
    }
    return undefined;
  };
}

function projectOne(selection: RequiresSelection, options: Options): Project[] {
  if (selection.kind === 'FragmentSpread') {
    throw new Error('The plan names entities by a fragment, which is not known here.');
  }
  if (selection.kind === 'InlineFragment') {
    const { skipIf, includeIf, typeCondition, selections } = selection;
    if (skipIf !== undefined && options.variables[skipIf] === true) return [];
    if (includeIf !== undefined && options.variables[includeIf] !== true) return [];
    const types = typesRelated(options.schema, typeCondition);
    const within = projectAll(selections, options);
    return [
      (target, into) =>
        target.__typename === undefined || types.has(String(target.__typename)) ? within(target, into) : undefined,
    ];
  }
  const { name, alias = name, selections = [] } = selection;
  const value = selections.length === 0 ? undefined : projectValue(selections, options);
  return [
    (target, into) => {
      // What is asked for under a name of the plan's own in one place may have its usual name in another.
      const found = target[name] ?? target[alias];
      if (found === undefined) return name;
      into[alias] = value && found !== null ? value(found) : found;
      return undefined;
    },
  ];
}

/** Of a field that holds objects, at any depth of lists. */
function projectValue(selections: readonly RequiresSelection[], options: Options): (value: unknown) => unknown {
  const project = projectAll(selections, options);
  return function within(value): unknown {
    if (Array.isArray(value)) return value.map(within);
    if (typeof value !== 'object' || value === null) return value ?? null;
    const { __typename } = value as Fields;
    const into: Representation = __typename === undefined ? {} : { __typename };
    project(value as Fields, into);
    return into;
  };
}

/** Whether a representation has all of one of the keys; where none of them is asked for, any field that is not null. */
function knownBy(requires: readonly RequiresSelection[], keysOf: KeysOfType): (representation: Fields) => boolean {
  const asked = new Set<string>();
  const types = new Set<string>();
  const collect = (selections: readonly RequiresSelection[]): void => {
    for (const each of selections) {
      if (each.kind === 'Field') asked.add(each.alias ?? each.name);
      else if (each.kind === 'InlineFragment') {
        types.add(each.typeCondition);
        collect(each.selections);
      }
    }
  };
  collect(requires);
  const byType = new Map<string, readonly EntityKey[]>();
  const keysOfType = (type: string) => {
    let keys = byType.get(type);
    if (!keys) {
      keys = keysOf(type).filter((key) => key.every(([first = '']) => asked.has(first)));
      byType.set(type, keys);
    }
    return keys;
  };
  return (representation) => {
    const keys = keysOfType(String(representation.__typename));
    for (const key of keys) if (key.every((path) => isThere(representation, path))) return true;
    if (keys.length > 0) return false;
    for (const name in representation) if (name !== '__typename' && representation[name] !== null) return true;
    return false;
  };
}

function isThere(value: unknown, path: readonly string[]): boolean {
  let at = value;
  for (const step of path) {
    if (Array.isArray(at)) return at.length > 0;
    at = (at as Fields)[step];
    if (at === null || at === undefined) return false;
  }
  return true;
}

/** The interfaces and unions of a schema: what a service may call an entity that has another type. */
export function abstractTypes(schema: GraphQLSchema): ReadonlySet<string> {
  return new Set(Object.values(schema.getTypeMap()).flatMap((type) => (isAbstractType(type) ? [type.name] : [])));
}
