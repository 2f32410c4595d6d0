import type {
  FetchNode,
  FlattenNodePathSegment,
  PlanNode,
  RequiresSelection,
} from '@graphql-hive/router-query-planner';
import { GraphQLError, type GraphQLSchema, isAbstractType, Kind, parse, type SelectionSetNode } from 'graphql';
import type { GatewayContext } from '../../request/gateway-context.ts';
import type { Subgraph, SubgraphResult } from '../../subgraphs/call-subgraph.ts';
import { NEW_ACCESS_TOKEN } from '../planning-document.ts';
import { Failures, type ServiceError, TOLD } from './failures.ts';

/** What services have answered to one operation so far, put together. */
export class Gathered {
  readonly data: Record<string, unknown> = {};
  readonly failures = new Failures();
  readonly errors: GraphQLError[] = [];
  /** The authorization of sessions that fields of a mutation have opened, by their keys in `data`. */
  readonly sessions = new Map<string, string>();
  readonly context: GatewayContext;
  readonly variables: Readonly<Record<string, unknown>>;

  constructor(context: GatewayContext, variables: Readonly<Record<string, unknown>>) {
    this.context = context;
    this.variables = variables;
  }
}

/** Asks services and adds what they answer; rejects only for what is our own mistake. */
export type PlanStep = (gathered: Gathered) => Promise<unknown>;

export interface PlanOptions {
  /** By the name that the supergraph gives them, in lower case. */
  readonly subgraphs: Readonly<Record<string, Pick<Subgraph, 'call'>>>;
  readonly schema: GraphQLSchema;
  /** What clients call a field, by what services are asked for it. */
  readonly responseKeys: ReadonlyMap<string, string>;
}

/** Compiles what the planner made of an operation. Throws for a kind of step that our operations never need. */
export function compilePlan(node: PlanNode, options: PlanOptions): PlanStep {
  switch (node.kind) {
    case 'Sequence': {
      const steps = node.nodes.map((each) => compilePlan(each, options));
      return async (gathered) => {
        for (const step of steps) await step(gathered);
      };
    }
    case 'Parallel': {
      const steps = node.nodes.map((each) => compilePlan(each, options));
      return (gathered) => Promise.all(steps.map((step) => step(gathered)));
    }
    case 'Fetch':
      return askRoot(node, options);
    case 'Flatten': {
      const { path, node: fetch } = node;
      if (fetch.kind !== 'Fetch') throw new Error(`The plan joins by a ${fetch.kind}, which is not known here.`);
      const join = { alias: '_entities', variable: 'representations', paths: [path], requires: fetch.requires ?? [] };
      return askEntities(fetch, [join], options);
    }
    case 'BatchFetch': {
      const joins = node.entityBatch.aliases.map(({ representationsVariableName, ...join }) => ({
        ...join,
        variable: representationsVariableName,
      }));
      return askEntities(node, joins, options);
    }
    default:
      throw new Error(`The plan has a ${node.kind}, which is not known here.`);
  }
}

type Fetch = Pick<FetchNode, 'serviceName' | 'operation' | 'variableUsages' | 'outputRewrites' | 'inputRewrites'>;

function askRoot(fetch: Fetch, options: PlanOptions): PlanStep {
  const ask = askService(fetch, options);
  const asked = keysAsked(fetch.operation);
  const keys = [...asked.keys()];
  const openingSessions = keys.filter((key) => asked.get(key)!.includes(NEW_ACCESS_TOKEN));
  return async (gathered) => {
    const { data, errors = [] } = await ask(gathered, {});
    for (const error of errors) {
      if (error.path) {
        gathered.errors.push(placed(error, error.path, options));
        // That it failed does not say that there is none: another service may have a part of the field.
        const key = String(error.path[0]);
        if (data?.[key] === null) delete data[key];
        if (data?.[key] === undefined) gathered.failures.add(gathered.data, data ? [key] : keys, TOLD);
      } else if (data) gathered.errors.push(placed(error, undefined, options));
      else gathered.failures.add(gathered.data, keys, error);
    }
    if (!data) return;
    // After one that failed the others of a mutation are not done.
    if (errors.length > 0) gathered.failures.add(gathered.data, missingOf(keys, data), TOLD);
    merge(gathered.data, data);
    for (const key of openingSessions) {
      const token: unknown = data[key]?.[NEW_ACCESS_TOKEN];
      if (typeof token === 'string') gathered.sessions.set(key, `Bearer ${token}`);
    }
  };
}

const missingOf = (keys: readonly string[], data: object) => keys.filter((key) => !Object.hasOwn(data, key));

/** Fields of entities that were met on the way: those at the same place are asked for together, each once. */
interface Join {
  readonly alias: string;
  /** Of the entities' representations. */
  readonly variable: string;
  readonly paths: readonly (readonly FlattenNodePathSegment[])[];
  readonly requires: readonly RequiresSelection[];
}

function askEntities(fetch: Fetch, joins: readonly Join[], options: PlanOptions): PlanStep {
  const ask = askService(fetch, options);
  const keys = keysAsked(fetch.operation);
  return async (gathered) => {
    if (gathered.sessions.size === 0) return askFor(joins, gathered, gathered.context.authorization);
    // Behind a field that has opened a session stands what its user may see.
    const asking = bySession(joins, gathered);
    await Promise.all([...asking].map(([authorization, some]) => askFor(some, gathered, authorization)));
  };

  async function askFor(some: readonly Join[], gathered: Gathered, authorization: string | undefined): Promise<void> {
    const variables: Record<string, unknown> = {};
    const groups = some.map((join) => {
      const group = entitiesAt(join, gathered.data, options.schema);
      variables[join.variable] = group.representations;
      return { ...join, ...group };
    });
    if (groups.every(({ representations }) => representations.length === 0)) return;

    const { data, errors = [] } = await ask(gathered, variables, authorization);
    for (const { alias, targets } of groups) {
      const entities = data?.[alias] as readonly (object | null)[] | null | undefined;
      entities?.forEach((entity, index) => {
        if (entity) for (const target of targets[index]!) merge(target, entity as Record<string, unknown>);
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
          for (const path of group.pathsTo(target)) gathered.errors.push(placed(error, [...path, ...behind], options));
        }
      }
    }
  }
}

/** The joins, each with the paths that begin at fields of one session; without a new one the client's own. */
function bySession(joins: readonly Join[], { sessions, context }: Gathered): Map<string | undefined, Join[]> {
  const sessionOf = ([first]: readonly FlattenNodePathSegment[]) =>
    (first !== undefined && first !== '@' && 'Field' in first && sessions.get(first.Field)) || context.authorization;
  const asking = new Map(joins.flatMap(({ paths }) => paths.map((path) => [sessionOf(path), [] as Join[]])));
  for (const [authorization, some] of asking) {
    for (const join of joins) {
      some.push({ ...join, paths: join.paths.filter((path) => sessionOf(path) === authorization) });
    }
  }
  return asking;
}

function askService({ serviceName, operation, variableUsages = [], ...fetch }: Fetch, { subgraphs }: PlanOptions) {
  const subgraph = subgraphs[serviceName.toLowerCase()];
  if (!subgraph) throw new Error(`The plan asks a subgraph "${serviceName}" that the gateway does not know.`);
  if (fetch.inputRewrites?.length || fetch.outputRewrites?.length) {
    throw new Error('The plan rewrites what services answer, which is not known here.');
  }
  return (
    { context, variables }: Gathered,
    more: Record<string, unknown>,
    authorization = context.authorization,
  ): Promise<SubgraphResult> => {
    const used = more;
    for (const name of variableUsages) if (variables[name] !== undefined) used[name] = variables[name];
    const { traceparent, clientAddress, answerBy } = context;
    return subgraph.call({ query: operation, variables: used, authorization, traceparent, clientAddress, answerBy });
  };
}

function placed(error: ServiceError, path: ServiceError['path'], { responseKeys }: PlanOptions): GraphQLError {
  const { message, extensions = {} } = error;
  const asClientsSay = path?.map((step) => (typeof step === 'string' ? (responseKeys.get(step) ?? step) : step));
  return new GraphQLError(message, { path: asClientsSay, extensions });
}

interface Entities {
  readonly representations: object[];
  /** Whose fields the entity of each representation has: several places may show the same one. */
  readonly targets: Record<string, unknown>[][];
  /** Where an object stands; worked out only when there is an error to tell. */
  pathsTo(target: object): (string | number)[][];
}

function entitiesAt({ paths, requires }: Join, data: object, schema: GraphQLSchema): Entities {
  const representations: object[] = [];
  const targets: Record<string, unknown>[][] = [];
  const indexes = new Map<string, number>();
  for (const path of paths) {
    walk(data, path, 0, [], (target) => {
      const representation = represent(target, requires, schema);
      if (!representation) return;
      const identity = JSON.stringify(representation);
      const index = indexes.get(identity);
      if (index !== undefined) return void targets[index]!.push(target);
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

/** The keys that an operation asks its root for, and those that it asks entities for, by the key of these. */
function keysAsked(operation: string): Map<string, string[]> {
  const { definitions } = parse(operation);
  const fragments = new Map<string, SelectionSetNode>();
  for (const each of definitions) {
    if (each.kind === Kind.FRAGMENT_DEFINITION) fragments.set(each.name.value, each.selectionSet);
  }
  const fieldsOf = (set: SelectionSetNode | undefined): { key: string; behind: SelectionSetNode | undefined }[] =>
    (set?.selections ?? []).flatMap((selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return fieldsOf(fragments.get(selection.name.value));
      if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(selection.selectionSet);
      return [{ key: (selection.alias ?? selection.name).value, behind: selection.selectionSet }];
    });
  const root = definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION)?.selectionSet;
  return new Map(fieldsOf(root).map(({ key, behind }) => [key, fieldsOf(behind).map((field) => field.key)]));
}

/** Adds fields to an object. What both have is put together, level by level; where one says there is none, none is. */
function merge(target: Record<string, unknown>, source: Readonly<Record<string, unknown>>): void {
  for (const key of Object.keys(source)) {
    const [known, added] = [target[key], source[key]];
    if (known === null) continue;
    if (isObject(known) && isObject(added)) merge(known, added);
    else target[key] = added;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
