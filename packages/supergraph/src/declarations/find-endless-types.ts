import {
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import { argumentsOf } from './read-supergraph-graphs.ts';

/**
 * The name of a type that leads back to itself on the way from another one, without an entity in between: all that it
 * holds could not be written down. Undefined when there is none.
 */
export function findEndless(schema: GraphQLSchema, from: GraphQLNamedType): string | undefined {
  const finished = new Set<GraphQLNamedType>();
  const follow = (type: GraphQLNamedType, way: ReadonlySet<GraphQLNamedType>): string | undefined => {
    if (way.has(type)) return type.name;
    if (finished.has(type) || isEntity(type)) return undefined;
    const further = new Set(way).add(type);
    for (const next of behind(schema, type)) {
      const endless = follow(next, further);
      if (endless !== undefined) return endless;
    }
    finished.add(type);
    return undefined;
  };
  return follow(from, new Set());
}

function behind(schema: GraphQLSchema, type: GraphQLNamedType): GraphQLNamedType[] {
  const fields = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
  const possible = isAbstractType(type) ? schema.getPossibleTypes(type) : [];
  return [...possible, ...fields.map((field) => getNamedType(field.type))];
}

const isEntity = ({ astNode }: GraphQLNamedType) =>
  argumentsOf(astNode ?? {}, 'join__type').some(({ key }) => key !== undefined);
