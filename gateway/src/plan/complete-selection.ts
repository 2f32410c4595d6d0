import { collectFields, collectSubFields, type VariableValues } from '@graphql-tools/utils';
import { present } from '@kith/service-kit';
import {
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLEnumType,
  GraphQLError,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isEnumType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import { type Failures, TOLD } from './gather/failures.ts';
import type { Gathered } from './gather/gathered.ts';

/** The path of a value in an answer, the last step first. */
interface Place {
  readonly before: Place | undefined;
  readonly key: string | number;
}

interface Completion {
  /** Whether something was missing: then it is done again, to say what and where. */
  flawed: boolean;
  readonly failures: Failures;
  readonly errors: GraphQLError[];
}

type Source = Readonly<Record<string, unknown>>;
type FieldsType = GraphQLObjectType | GraphQLInterfaceType;

/** `at` is undefined while nothing is known to be wrong. Null is hidden from clients; undefined is lacking or flawed. */
type Complete = (value: unknown, at: Place | undefined, completion: Completion) => unknown;

/**
 * What the client selected of `data`, in its order and under its names. What is missing is null as far up as its types
 * ask for, and an error of `failures` or, where nobody said why, of our own; errors are added to `errors`.
 */
export type CompleteSelection = (
  data: Source,
  failures: Failures,
  errors: GraphQLError[],
) => Record<string, unknown> | null;

interface Selection {
  readonly schema: GraphQLSchema;
  readonly variables: VariableValues;
  readonly fragments: Record<string, FragmentDefinitionNode>;
  readonly sourceKeyOf: (field: FieldNode) => string;
  readonly interfaceObjects: ReadonlySet<string>;
  readonly inaccessible: ReadonlySet<string>;
}

/**
 * Compiles an operation to a function over the data of its services. Follows CollectFields and CompleteValue of the
 * GraphQL specification (October 2021, sections 6.3.2 and 6.4.3); services have coerced the values to their types.
 */
export function compileSelection(options: {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  /** Coerced: conditions are settled by them. */
  variables: Record<string, unknown>;
  /** The key of a field's value in `data`. */
  sourceKeyOf: (field: FieldNode) => string;
  /** The interfaces whose objects may not say which type they are. */
  interfaceObjects: ReadonlySet<string>;
  /** See Supergraph. */
  inaccessible: ReadonlySet<string>;
}): CompleteSelection {
  const { schema, document, operation, sourceKeyOf, interfaceObjects, inaccessible } = options;
  const variables: VariableValues = { coerced: options.variables, sources: {} };
  const fragments = Object.fromEntries(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [],
    ),
  );
  const root = present(schema.getRootType(operation.operation), 'a validated operation is of a type in the schema');
  const selection: Selection = { schema, variables, fragments, sourceKeyOf, interfaceObjects, inaccessible };
  const { fields } = collectFields(schema, fragments, variables, root, operation.selectionSet);
  const complete = completeFields(selection, root, fields);

  return (data, failures, errors) => {
    const completion: Completion = { flawed: false, failures, errors };
    const answer = complete(data, undefined, completion);
    if (!completion.flawed) return answer as Record<string, unknown>;
    return (complete(data, { before: undefined, key: '' }, completion) ?? null) as Record<string, unknown> | null;
  };
}

/** The answer to an operation, from all that was gathered for it. */
export function completed(complete: CompleteSelection, { data, failures, errors }: Gathered): ExecutionResult {
  const answer = complete(data, failures, errors);
  return errors.length > 0 ? { errors, data: answer } : { data: answer };
}

function completeType(selection: Selection, type: GraphQLOutputType, nodes: FieldNode[]): Complete {
  if (isNonNullType(type)) return completeType(selection, type.ofType, nodes);
  if (isEnumType(type)) return completeEnum(selection, type);
  if (isLeafType(type)) return (value) => value;
  if (isListType(type)) return completeList(selection, type.ofType, nodes);
  if (!isAbstractType(type)) return completeObject(selection, type, nodes);
  const byTypename = new Map<unknown, Complete>(
    selection.schema.getPossibleTypes(type).map((each) => [each.name, completeObject(selection, each, nodes)]),
  );
  if (isInterfaceType(type) && selection.interfaceObjects.has(type.name)) {
    // Whoever has it as an object calls it so, and is asked for its type only where that matters.
    const asInterface = completeObject(selection, type, nodes);
    byTypename.set(type.name, asInterface).set(undefined, asInterface);
  }
  return (value, at, completion) => {
    const { __typename } = value as Source;
    const complete = byTypename.get(__typename);
    if (!complete && selection.inaccessible.has(String(__typename))) return null;
    return complete ? complete(value, at, completion) : missing(`a type of ${type.name}`, at, completion);
  };
}

/** Clients know only some of the values that services may have. */
function completeEnum({ inaccessible }: Selection, type: GraphQLEnumType): Complete {
  const values = new Set<unknown>(type.getValues().map(({ name }) => name));
  const isHidden = (value: unknown) => inaccessible.has(`${type.name}.${value}`);
  return (value, at, completion) =>
    values.has(value) ? value : isHidden(value) ? null : missing(`a value of ${type.name}`, at, completion);
}

function completeList(selection: Selection, itemType: GraphQLOutputType, nodes: FieldNode[]): Complete {
  const complete = completeType(selection, itemType, nodes);
  const mayBeNull = !isNonNullType(itemType);
  return (value, at, completion) => {
    const items = value as unknown[];
    const answer: unknown[] = [];
    for (let index = 0; index < items.length; index += 1) {
      const item = items[index];
      const itemAt = at && { before: at, key: index };
      let completed: unknown = null;
      if (item !== null && item !== undefined) completed = complete(item, itemAt, completion);
      if (completed === null && !mayBeNull) completed = missing(`an item of ${itemType}`, itemAt, completion);
      if (completed === undefined && !mayBeNull) return undefined;
      answer.push(completed ?? null);
    }
    return answer;
  };
}

function completeObject(selection: Selection, type: FieldsType, nodes: FieldNode[]): Complete {
  const { schema, fragments, variables } = selection;
  const { fields } = collectSubFields(schema, fragments, variables, type as GraphQLObjectType, nodes);
  return completeFields(selection, type, fields);
}

interface FieldStep {
  readonly key: string;
  readonly sourceKey: string;
  readonly name: string;
  readonly mayBeNull: boolean;
  readonly complete: Complete;
}

function completeFields(selection: Selection, type: FieldsType, fields: Map<string, FieldNode[]>): Complete {
  const steps = [...fields].map(([key, nodes]): FieldStep => stepOf(selection, type, key, nodes));
  // Whatever a client calls a field is a property like any other; objects without a prototype are much slower.
  const prototype = fields.has('__proto__') ? null : Object.prototype;
  return (value, at, completion) => {
    const source = value as Source;
    const answer: Record<string, unknown> = prototype ? {} : Object.create(null);
    for (const step of steps) {
      const { sourceKey, mayBeNull } = step;
      const found = sourceKey === TYPENAME ? type.name : source[sourceKey];
      let completed: unknown;
      if (found === null && mayBeNull) completed = null;
      else {
        const fieldAt = at && { before: at, key: step.key };
        if (found === null || found === undefined) lacking(step, source, fieldAt, completion);
        else {
          if (completion.failures.any) completion.failures.passDown(source, sourceKey, found);
          completed = step.complete(found, fieldAt, completion);
          if (completed === null && !mayBeNull) completed = missing(step.name, fieldAt, completion);
        }
        if (completed === undefined && !mayBeNull) return undefined;
      }
      answer[step.key] = completed ?? null;
    }
    return answer;
  };
}

const TYPENAME = '__typename';

function stepOf(selection: Selection, type: FieldsType, key: string, nodes: FieldNode[]): FieldStep {
  const [node] = nodes as [FieldNode];
  const name = node.name.value;
  const field = type.getFields()[name];
  if (!field && !name.startsWith('__')) throw new Error(`There is no field ${type.name}.${name}.`);
  // About the schema, which was answered whole; or the type's name.
  if (!field) return { key, sourceKey: introspectionKey(key, name), name, mayBeNull: true, complete: (value) => value };
  return {
    key,
    sourceKey: selection.sourceKeyOf(node),
    name: `${type.name}.${name}`,
    mayBeNull: !isNonNullType(field.type),
    complete: completeType(selection, field.type, nodes),
  };
}

/** Where what introspection answered under `key` stands in the data: no client can name a field so. */
export function introspectionKey(key: string, name: string): string {
  return name === TYPENAME ? TYPENAME : `introspection:${key}`;
}

function lacking(step: FieldStep, source: Source, at: Place | undefined, completion: Completion): void {
  const failure = completion.failures.of(source, step.sourceKey);
  if (failure === undefined) {
    if (!step.mayBeNull) missing(step.name, at, completion);
    return;
  }
  completion.flawed = true;
  if (!at || failure === TOLD) return;
  const { message, extensions = {} } = failure;
  completion.errors.push(new GraphQLError(message, { path: pathOf(at), extensions }));
}

/** A non-null field has no value: a service has said why, or else it is a fault of ours. */
function missing(what: string, at: Place | undefined, completion: Completion): undefined {
  completion.flawed = true;
  if (!at) return;
  const path = pathOf(at);
  if (completion.errors.some((error) => path.every((step, index) => error.path?.[index] === step))) return;
  const originalError = new Error(`There is no value for ${what}, which cannot be null.`);
  completion.errors.push(new GraphQLError(originalError.message, { path, originalError }));
}

function pathOf(place: Place): (string | number)[] {
  const path: (string | number)[] = [];
  for (let at = place; at.before; at = at.before) path.unshift(at.key);
  return path;
}
