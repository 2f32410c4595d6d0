import {
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type GraphQLFieldResolver,
  GraphQLInterfaceType,
  GraphQLList,
  type GraphQLNamedType,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLSchema,
  GraphQLUnionType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql';

/** What one execution knows of its root fields. */
interface Progress {
  failed: boolean;
  readonly notDone: (string | number)[];
}

/**
 * Executes mutations without null propagation (https://spec.graphql.org/October2021/#sec-Handling-Field-Errors): a
 * failed field is null, and its siblings keep their values, whatever the types say. A mutation has taken effect when a
 * field below it fails, and its caller must learn the result; the gateway applies the types to the client's answer. As
 * in the specification, root fields after a failed one are not executed: they have no value at all.
 */
export function mutationExecutor(schema: GraphQLSchema): (args: ExecutionArgs) => Promise<ExecutionResult> {
  const nullable = withoutNonNull(schema);
  return async (args) => {
    const progress: Progress = { failed: false, notDone: [] };
    const result = await execute({ ...args, schema: nullable, rootValue: progress });
    for (const key of progress.notDone) Reflect.deleteProperty(result.data ?? {}, key);
    const nothingDone = progress.failed && Object.values(result.data ?? {}).every((payload) => payload === null);
    return nothingDone ? { ...result, data: null } : result;
  };
}

function withoutNonNull(schema: GraphQLSchema): GraphQLSchema {
  const config = schema.toConfig();
  const types = new Map<string, GraphQLNamedType>();
  const copyOf = <Type extends GraphQLNamedType>(type: Type) => (types.get(type.name) ?? type) as Type;
  const nullable = (type: GraphQLOutputType): GraphQLOutputType => {
    if (isNonNullType(type)) return nullable(type.ofType);
    return isListType(type) ? new GraphQLList(nullable(type.ofType)) : copyOf(type as GraphQLObjectType);
  };
  const fieldsOf = (type: GraphQLObjectType | GraphQLInterfaceType) => {
    const isMutation = type === config.mutation;
    return Object.fromEntries(
      Object.entries(type.toConfig().fields).map(([name, field]) => {
        const copy = { ...field, type: nullable(field.type) };
        return [name, isMutation && field.resolve ? { ...copy, resolve: doneInTurn(field.resolve) } : copy];
      }),
    );
  };
  for (const type of config.types.filter((each) => !isIntrospectionType(each))) {
    if (isObjectType(type) || isInterfaceType(type)) {
      const copied = { interfaces: () => type.getInterfaces().map(copyOf), fields: () => fieldsOf(type) };
      types.set(
        type.name,
        isObjectType(type)
          ? new GraphQLObjectType({ ...type.toConfig(), ...copied })
          : new GraphQLInterfaceType({ ...type.toConfig(), ...copied }),
      );
    } else if (isUnionType(type)) {
      types.set(type.name, new GraphQLUnionType({ ...type.toConfig(), types: () => type.getTypes().map(copyOf) }));
    }
  }
  return new GraphQLSchema({
    ...config,
    query: config.query && copyOf(config.query),
    mutation: config.mutation && copyOf(config.mutation),
    subscription: config.subscription && copyOf(config.subscription),
    types: config.types.filter((each) => !isIntrospectionType(each)).map(copyOf),
    assumeValid: true,
  });
}

type Resolve = GraphQLFieldResolver<unknown, unknown>;

function doneInTurn(resolve: Resolve): Resolve {
  return async (root, args, context, info) => {
    const progress = root as Progress;
    if (progress.failed) {
      progress.notDone.push(info.path.key);
      return null;
    }
    try {
      return await resolve(undefined, args, context, info);
    } catch (error) {
      progress.failed = true;
      throw error;
    }
  };
}
