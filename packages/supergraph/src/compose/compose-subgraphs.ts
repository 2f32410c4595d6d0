import { composeServices, transformSupergraphToPublicSchema } from '@theguild/federation-composition';
import { buildASTSchema, type GraphQLSchema, type NameNode, parse, visit } from 'graphql';
import { problemsOfOverrides } from '../declarations/overrides-by-percent.ts';
import { problemsOfPlainSubscriptions } from '../declarations/plain-subscriptions.ts';
import { nameOfBulkhead } from '../declarations/read-dear-fields.ts';
import { nameOfLive } from '../declarations/read-live-lists.ts';
import { problemsOfLiveLists } from '../declarations/refuse-declarations.ts';
import type { SubgraphsSettings } from '../settings/subgraph-settings.ts';

/** A subgraph as it is composed. */
export interface NamedSubgraph {
  readonly name: string;
  /** Its schema with federation's directives. */
  readonly sdl: string;
}

/** What is in the way of composing: federation's own codes, and those of live lists. */
export interface CompositionProblem {
  readonly code: string;
  /** A sentence. */
  readonly message: string;
}

/** The subgraphs do not compose, or what they compose to cannot be served. */
export class CompositionRefused extends Error {
  override name = 'CompositionRefused';
  readonly problems: readonly CompositionProblem[];
  constructor(problems: readonly CompositionProblem[]) {
    super(problems.map(({ code, message }) => `${code}: ${message}`).join('\n'));
    this.problems = problems;
  }
}

/**
 * Composes subgraphs into a supergraph that gateways take up, as text. The addresses in it say nothing but the names:
 * gateways have the real ones from elsewhere, as `settings`, which also say how each offers subscriptions. How one does
 * that is not in them is not known yet.
 *
 * @throws {CompositionRefused} with everything that is wrong
 */
export function composeSubgraphs(
  subgraphs: readonly NamedSubgraph[],
  settings: SubgraphsSettings | undefined = undefined,
): string {
  const unread = subgraphs.flatMap(({ name, sdl }) => problemOfText(name, sdl));
  if (unread.length > 0) throw new CompositionRefused(unread);
  const { supergraphSdl, errors = [] } = composeServices(
    subgraphs.map(({ name, sdl }) => ({ name, url: `http://${name}/graphql`, typeDefs: parse(sdl) })),
  );
  if (supergraphSdl === undefined) {
    throw new CompositionRefused(
      errors.map(({ message, extensions }) => ({ code: String(extensions?.code ?? 'NOT_COMPOSABLE'), message })),
    );
  }
  const problems = problemsOfSupergraph(supergraphSdl, settings);
  if (problems.length > 0) throw new CompositionRefused(problems);
  return supergraphSdl;
}

function problemOfText(name: string, sdl: string): CompositionProblem[] {
  try {
    parse(sdl);
    return [];
  } catch (error) {
    return [{ code: 'INVALID_GRAPHQL', message: `[${name}] ${(error as Error).message}` }];
  }
}

/** What a gateway would refuse of a composed supergraph. Without settings no subgraph offers plain subscriptions. */
export function problemsOfSupergraph(supergraphSdl: string, settings?: SubgraphsSettings): CompositionProblem[] {
  const document = parse(supergraphSdl);
  const offers = (name: string) =>
    settings !== undefined && (!settings.has(name) || settings.get(name)?.subscriptions !== undefined);
  return [
    ...problemsOfOverrides(document),
    ...problemsOfLiveLists(document),
    ...problemsOfPlainSubscriptions(document, offers),
  ];
}

/** What clients see of a supergraph. */
export function publicSchemaOf(supergraphSdl: string): GraphQLSchema {
  const document = parse(supergraphSdl);
  const forGateways = [nameOfLive(document), nameOfBulkhead(document)];
  // What a gateway is told says nothing to clients.
  const leftOut = ({ name }: { readonly name: NameNode }) => (forGateways.includes(name.value) ? null : undefined);
  const shown = visit(transformSupergraphToPublicSchema(document), {
    Directive: leftOut,
    DirectiveDefinition: leftOut,
  });
  return buildASTSchema(shown, { assumeValid: true, assumeValidSDL: true });
}
