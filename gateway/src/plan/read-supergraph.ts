import { QueryPlanner } from '@graphql-hive/router-query-planner';
import {
  buildASTSchema,
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  parse,
  print,
  specifiedDirectives,
  visit,
} from 'graphql';
import { declareLiveSubgraph, readAnnounced } from './declare-live-subgraph.ts';
import { printChangeSelection } from './print-change-selection.ts';

export interface Supergraph {
  /** What clients may ask. */
  readonly schema: GraphQLSchema;
  readonly planner: QueryPlanner;
  /** All that an announced change holds, as a selection of the type that the subscription answers. */
  readonly changeSelection: string;
}

/**
 * The schema of a composed supergraph, and what plans operations over its subgraphs. Throws when it has a subgraph that
 * is not in `known` (names in lower case), or no subscription.
 */
export function readSupergraph(supergraphSdl: string, known: readonly string[]): Supergraph {
  const document = parse(supergraphSdl);
  for (const name of subgraphsOf(document)) {
    if (!known.includes(name.toLowerCase())) {
      throw new Error(`The supergraph has a subgraph "${name}" that the gateway does not know.`);
    }
  }
  const announced = readAnnounced(document);
  if (!announced) throw new Error('The supergraph has no subscription: was it composed without the friend service?');
  const planner = new QueryPlanner(print(declareLiveSubgraph(announced)));
  const schema = buildASTSchema(withoutBuiltIns(parse(planner.consumerSchema)));
  return { schema, planner, changeSelection: printChangeSelection(announced) };
}

/** The planner writes down what every schema has by itself: introspection, and the directives of the specification. */
function withoutBuiltIns(document: DocumentNode): DocumentNode {
  const builtIn = new Set(['oneOf', ...specifiedDirectives.map(({ name }) => name)]);
  return visit(document, {
    DirectiveDefinition: ({ name }) => (builtIn.has(name.value) ? null : undefined),
    FieldDefinition: ({ name }) => (name.value.startsWith('__') ? null : undefined),
    ObjectTypeDefinition: ({ name }) => (name.value.startsWith('__') ? null : undefined),
    EnumTypeDefinition: ({ name }) => (name.value.startsWith('__') ? null : undefined),
  });
}

function subgraphsOf(supergraph: DocumentNode): string[] {
  return supergraph.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.ENUM_TYPE_DEFINITION || definition.name.value !== 'join__Graph') return [];
    return (definition.values ?? []).flatMap(({ directives = [] }) =>
      directives.flatMap((directive) =>
        (directive.arguments ?? []).flatMap(({ name, value }) =>
          name.value === 'name' && value.kind === Kind.STRING ? [value.value] : [],
        ),
      ),
    );
  });
}
