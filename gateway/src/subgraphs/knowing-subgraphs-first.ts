import { argumentsOf } from '@kith/supergraph';
import { type DocumentNode, Kind, visit } from 'graphql';

/** Before the name of a subgraph: no name begins so, and it comes after all of them. */
const LAST = '~';

/**
 * The same supergraph for the planner, with other names for the subgraphs that have an interface as an object. It tries
 * subgraphs in the order of their names, and finds no way to the types of such an interface where one that does not know
 * them comes before one that does.
 */
export function knowingSubgraphsFirst(supergraph: DocumentNode): DocumentNode {
  const objectsIn = new Set<unknown>();
  visit(supergraph, {
    InterfaceTypeDefinition(type) {
      for (const { graph, isInterfaceObject } of argumentsOf(type, 'join__type')) {
        if (isInterfaceObject === true) objectsIn.add(graph);
      }
      return false;
    },
  });
  if (objectsIn.size === 0) return supergraph;
  return visit(supergraph, {
    EnumValueDefinition(graph) {
      if (!objectsIn.has(graph.name.value)) return undefined;
      return visit(graph, {
        Argument({ name, value }) {
          if (name.value !== 'name' || value.kind !== Kind.STRING) return undefined;
          return { kind: Kind.ARGUMENT, name, value: { ...value, value: `${LAST}${value.value}` } };
        },
      });
    },
  });
}

/** The name that a subgraph has in the gateway, by the one that is in a plan. */
export function subgraphOf(serviceName: string): string {
  return (serviceName.startsWith(LAST) ? serviceName.slice(LAST.length) : serviceName).toLowerCase();
}
