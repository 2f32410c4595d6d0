import { type GraphQLSchema, isAbstractType } from 'graphql';

/**
 * The types that a condition of a plan means: those it names, and, of an interface or a union, all that are within it.
 * An interface stands there itself too: a service that has it as an object knows no other name.
 */
export function typesWithin(schema: GraphQLSchema, names: readonly string[]): ReadonlySet<string> {
  const within = new Set(names);
  for (const name of names) {
    const type = schema.getType(name);
    if (isAbstractType(type)) for (const { name } of schema.getPossibleTypes(type)) within.add(name);
  }
  return within;
}

/** Those of `typesWithin`, and the interfaces and unions that they are within. */
export function typesRelated(schema: GraphQLSchema, name: string): ReadonlySet<string> {
  const related = new Set(typesWithin(schema, [name]));
  for (const type of Object.values(schema.getTypeMap())) {
    if (isAbstractType(type) && schema.getPossibleTypes(type).some((each) => each.name === name))
      related.add(type.name);
  }
  return related;
}
