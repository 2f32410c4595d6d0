import type { FetchNode } from '@graphql-hive/router-query-planner';
import { GraphQLError, Kind, parse, type SelectionSetNode } from 'graphql';
import type { SubgraphResult } from '../../subgraphs/call-subgraph.ts';
import { subgraphOf } from '../../subgraphs/knowing-subgraphs-first.ts';
import type { ServiceError } from './failures.ts';
import type { Gathered, PlanOptions } from './gathered.ts';

/** What a plan asks one service, in one request. */
export type Fetch = Pick<FetchNode, 'serviceName' | 'operation' | 'variableUsages'>;

type Asked = Pick<Gathered, 'context' | 'variables'>;

export function askService(fetch: Fetch, options: PlanOptions) {
  const subgraph = askedSubgraph(fetch, options);
  const callFor = callsOf(fetch);
  return (
    gathered: Asked,
    more: Record<string, unknown>,
    authorization = gathered.context.authorization,
  ): Promise<SubgraphResult> => subgraph.call(callFor(gathered, more, authorization));
}

export function askedSubgraph({ serviceName }: Fetch, { subgraphs }: PlanOptions) {
  const subgraph = subgraphs[subgraphOf(serviceName)];
  if (!subgraph) throw new Error(`The plan asks a subgraph "${serviceName}" that the gateway does not know.`);
  return subgraph;
}

/** What a service is sent for one operation; `more` are variables besides the client's. */
export function callsOf({ operation, variableUsages = [] }: Fetch) {
  return ({ context, variables }: Asked, more: Record<string, unknown>, authorization: string | undefined) => {
    const used = more;
    for (const name of variableUsages) if (variables[name] !== undefined) used[name] = variables[name];
    const { traceparent, clientAddress, forwarded, answerBy } = context;
    return { query: operation, variables: used, authorization, traceparent, clientAddress, forwarded, answerBy };
  };
}

/** An error of a service where clients see it: under the names that they gave; `renamed` is what the plan had renamed. */
export function placed(
  error: ServiceError,
  path: ServiceError['path'],
  { responseKeys }: PlanOptions,
  renamed: ReadonlyMap<string, string>,
): GraphQLError {
  const { message, extensions = {} } = error;
  const asClientsSay = path?.map((step) => {
    if (typeof step !== 'string') return step;
    const key = renamed.get(step) ?? step;
    return responseKeys.get(key) ?? key;
  });
  return new GraphQLError(message, { path: asClientsSay, extensions });
}

/**
 * The keys that an operation asks its root for, and those that it asks entities for, by the key of these; as they are
 * called afterwards, where the plan renames them.
 */
export function keysAsked(operation: string, renamed: ReadonlyMap<string, string>): Map<string, string[]> {
  const { definitions } = parse(operation);
  const fragments = new Map<string, SelectionSetNode>();
  for (const each of definitions) {
    if (each.kind === Kind.FRAGMENT_DEFINITION) fragments.set(each.name.value, each.selectionSet);
  }
  const fieldsOf = (set: SelectionSetNode | undefined): { key: string; behind: SelectionSetNode | undefined }[] =>
    (set?.selections ?? []).flatMap((selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return fieldsOf(fragments.get(selection.name.value));
      if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(selection.selectionSet);
      const key = (selection.alias ?? selection.name).value;
      return [{ key: renamed.get(key) ?? key, behind: selection.selectionSet }];
    });
  const root = definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION)?.selectionSet;
  return new Map(fieldsOf(root).map(({ key, behind }) => [key, fieldsOf(behind).map((field) => field.key)]));
}
