import type { EntityKey } from '@kith/supergraph';
import type { GraphQLError, GraphQLSchema } from 'graphql';
import type { GatewayContext } from '../../request/gateway-context.ts';
import type { Subgraph } from '../../subgraphs/call-subgraph.ts';
import { Failures } from './failures.ts';

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
  readonly subgraphs: Readonly<Record<string, Pick<Subgraph, 'call'> & Partial<Pick<Subgraph, 'stream'>>>>;
  readonly schema: GraphQLSchema;
  /** The interfaces and unions in it. */
  readonly abstract: ReadonlySet<string>;
  /** By what each service knows the entities of a type; the service by its name in lower case. */
  readonly keysOf: (service: string, type: string) => readonly EntityKey[];
  /** Coerced: conditions are settled by them. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** What clients call a field, by what services are asked for it. */
  readonly responseKeys: ReadonlyMap<string, string>;
}
