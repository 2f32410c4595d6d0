import {
  type DocumentNode,
  type InterfaceTypeDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  type UnionTypeDefinitionNode,
} from 'graphql';
import { argumentsOf, graphsOf, graphsOfField } from './read-supergraph-graphs.ts';

/** Which types and fields each graph has, by the supergraph; a graph is named as it was composed, in lower case. */
export interface KnownByGraphs {
  /** The interfaces and unions whose members differ between two graphs that have them. */
  readonly partial: ReadonlySet<string>;
  /** The members of such a type that a graph knows. */
  membersOf(graph: string, partial: string): ReadonlySet<string>;
  /** The type that a graph has a field as, where it says less or more than the supergraph. */
  typeIn(graph: string, type: string, field: string): string | undefined;
  /** Whether a graph answers a field of an object, whatever it has been told of the object. */
  answers(graph: string, type: string, field: string): boolean;
}

type Abstract = InterfaceTypeDefinitionNode | UnionTypeDefinitionNode;

/** Reads `join__unionMember`, `join__implements` and `join__field` of a composed supergraph. */
export function knownByGraphs(supergraph: DocumentNode): KnownByGraphs {
  const names = new Map(graphsOf(supergraph).map(({ graph, name }) => [graph, name.toLowerCase()]));
  const nameOf = (graph: unknown) => names.get(String(graph)) ?? '';
  const objects = new Map<string, ObjectTypeDefinitionNode>();
  const abstract: Abstract[] = [];
  const fieldOf = (type: string, name: string) => {
    const owner = objects.get(type) ?? abstract.find((each) => each.name.value === type);
    return owner && 'fields' in owner ? owner.fields?.find((field) => field.name.value === name) : undefined;
  };
  for (const each of supergraph.definitions) {
    if (each.kind === Kind.OBJECT_TYPE_DEFINITION) objects.set(each.name.value, each);
    if (each.kind === Kind.INTERFACE_TYPE_DEFINITION || each.kind === Kind.UNION_TYPE_DEFINITION) abstract.push(each);
  }
  const partial = new Map<string, ReadonlyMap<string, ReadonlySet<string>>>();
  for (const type of abstract) {
    const known = membersByGraph(type, objects, nameOf);
    const each = [...known.values()].map((members) => [...members].sort().join());
    if (new Set(each).size > 1) partial.set(type.name.value, known);
  }
  return {
    partial: new Set(partial.keys()),
    membersOf: (graph, type) => partial.get(type)?.get(graph) ?? new Set(),
    typeIn(graph, type, name) {
      const joins = argumentsOf(fieldOf(type, name) ?? {}, 'join__field');
      const own = joins.find((joined) => joined.type !== undefined && nameOf(joined.graph) === graph);
      return own && String(own.type).replace(/[[\]!]/g, '');
    },
    answers(graph, type, name) {
      const object = objects.get(type);
      const field = fieldOf(type, name);
      if (!object || !field) return false;
      const isRequiring = argumentsOf(field, 'join__field').some(
        (joined) => joined.requires !== undefined && nameOf(joined.graph) === graph,
      );
      return !isRequiring && graphsOfField(field, object).some((each) => nameOf(each) === graph);
    },
  };
}

/** Of the graphs that have the type; those that have an interface as an object know no members of it. */
function membersByGraph(
  type: Abstract,
  objects: ReadonlyMap<string, ObjectTypeDefinitionNode>,
  nameOf: (graph: unknown) => string,
): ReadonlyMap<string, ReadonlySet<string>> {
  const known = new Map<string, Set<string>>();
  for (const { graph, isInterfaceObject } of argumentsOf(type, 'join__type')) {
    if (isInterfaceObject !== true) known.set(nameOf(graph), new Set());
  }
  const add = (graph: unknown, member: string) => known.get(nameOf(graph))?.add(member);
  if (type.kind === Kind.UNION_TYPE_DEFINITION) {
    for (const { graph, member } of argumentsOf(type, 'join__unionMember')) add(graph, String(member));
    return known;
  }
  for (const [name, object] of objects) {
    for (const each of argumentsOf(object, 'join__implements')) {
      if (each.interface === type.name.value) add(each.graph, name);
    }
  }
  return known;
}
