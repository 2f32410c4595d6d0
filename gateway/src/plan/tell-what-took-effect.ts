import { collectFields, collectSubFields, type VariableValues } from '@graphql-tools/utils';
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import type { Gathered } from './gather/gathered.ts';
import type { SourceKeyOf } from './source-key.ts';

/** An operation, and its variables as their types take them. */
interface Asked {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Record<string, unknown>;
  readonly sourceKeyOf: SourceKeyOf;
}

type Source = Readonly<Record<string, unknown>>;

/**
 * A partial result (https://spec.graphql.org/October2021/#sec-Errors): a mutation that was done is told, though null is
 * all that its types leave of its answer because something failed that was selected behind it, or beside it. Marks those
 * errors with `tookEffect`, and answers, by the names that the client gave, what is known of each payload that is lost,
 * without what failed; undefined when nothing is lost.
 */
export function tellWhatTookEffect(
  asked: Asked,
  { data, failures, errors }: Gathered,
  answer: Source | null,
): Record<string, unknown> | undefined {
  const { schema, document, operation, sourceKeyOf } = asked;
  const root = schema.getMutationType();
  if (operation.operation !== 'mutation' || !root) return undefined;
  const variables: VariableValues = { coerced: asked.variables, sources: {} };
  const fragments = Object.fromEntries(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [],
    ),
  ) as Record<string, FragmentDefinitionNode>;

  /** undefined: it failed. */
  function known(value: unknown, type: GraphQLOutputType, nodes: FieldNode[]): unknown {
    if (isNonNullType(type)) return value === null ? undefined : known(value, type.ofType, nodes);
    if (value === null || value === undefined || isLeafType(type)) return value;
    if (isListType(type)) return (value as unknown[]).map((item) => known(item, type.ofType, nodes) ?? null);
    const source = value as Source;
    const object = isAbstractType(type) ? schema.getType(String(source.__typename)) : type;
    if (!object) return undefined;
    const { fields } = collectSubFields(schema, fragments, variables, object as GraphQLObjectType, nodes);
    return payloadOf(source, object as GraphQLObjectType, fields);
  }

  function payloadOf(source: Source, type: GraphQLObjectType, fields: Map<string, FieldNode[]>) {
    return Object.fromEntries(
      [...fields].flatMap(([key, nodes]) => {
        const [node] = nodes as [FieldNode];
        const name = node.name.value;
        if (name === '__typename') return [[key, type.name]];
        const field = type.getFields()[name];
        const sourceKey = sourceKeyOf(node);
        if (!field || failures.of(source, sourceKey) !== undefined) return [];
        const value = known(source[sourceKey], field.type, nodes);
        return value === undefined ? [] : [[key, value]];
      }),
    );
  }

  const { fields } = collectFields(schema, fragments, variables, root, operation.selectionSet);
  const lost: [string, unknown][] = [];
  for (const [key, nodes] of fields) {
    const [node] = nodes as [FieldNode];
    const field = root.getFields()[node.name.value];
    const payload = data[sourceKeyOf(node)];
    if (!field || payload === null || payload === undefined) continue;
    for (const error of errors)
      if (error.path?.[0] === key && error.path.length > 1) error.extensions.tookEffect = true;
    const isAnswered = answer !== null && answer[key] !== null;
    if (!isAnswered) lost.push([key, known(payload, field.type, nodes)]);
  }
  return lost.length > 0 ? Object.fromEntries(lost) : undefined;
}
