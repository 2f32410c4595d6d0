import { collectFields, collectSubFields } from '@graphql-tools/utils';
import {
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  type subscribe,
} from 'graphql';

type SubscriptionArgs = Pick<Parameters<typeof subscribe>[0], 'document' | 'operationName' | 'variableValues'>;
type Announced = Readonly<Record<string, unknown>>;
type Project = (value: never) => unknown;

export interface Projection {
  /** What the client selected of an announced object: the same that executing the operation over it would answer. */
  project(announced: object): ExecutionResult;
  /** The same as JSON. All who hear of one change in a row, and selected the same, share one text. */
  textOf(announced: object): string;
}

export interface ProjectedSubscription extends Projection {
  /** The arguments of the one field that is subscribed to. */
  readonly args: Readonly<Record<string, unknown>>;
}

/** A document comes again with each client of an app, as the very same object. */
const known = new WeakMap<GraphQLSchema, WeakMap<DocumentNode, Map<string, Projection>>>();
const MAX_KNOWN_OF_A_DOCUMENT = 16;

/**
 * Turns a subscription into a function over announced objects, once, so that an event costs neither an execution nor a
 * plan. Undefined when `live`, the schema of what announcements hold, lacks something that is selected (then it
 * has to be joined), or when variables are wrong (then execution says so).
 *
 * Follows CollectFields and CompleteValue of the GraphQL specification (October 2021, sections 6.3.2 and 6.4.3) for what
 * an announcement can be: plain JSON that fits its type.
 */
export function projectionOf(live: GraphQLSchema, args: SubscriptionArgs): ProjectedSubscription | undefined {
  const operation = getOperationAST(args.document, args.operationName);
  const root = live.getSubscriptionType();
  if (!operation || !root) return undefined;
  const { coerced: variables } = getVariableValues(
    live,
    operation.variableDefinitions ?? [],
    args.variableValues ?? {},
  );
  if (!variables) return undefined;
  const selection: Selection = { live, variables, fragments: fragmentsOf(args.document) };

  const { fields } = collectFields(live, selection.fragments, variables, root, operation.selectionSet);
  const [only, ...others] = fields;
  const field = only && root.getFields()[only[1][0]!.name.value];
  if (!field || others.length > 0) return undefined;
  const [key, nodes] = only;

  const ofDocument = knownOf(live, args.document);
  const same = selectedBy(args.operationName, variables);
  let projection = ofDocument.get(same);
  if (!projection) {
    const project = projectValue(selection, field.type, nodes);
    if (!project) return undefined;
    projection = projectUnder(key, project);
    if (ofDocument.size < MAX_KNOWN_OF_A_DOCUMENT) ofDocument.set(same, projection);
  }
  return { ...projection, args: getArgumentValues(field, nodes[0]!, variables) };
}

function knownOf(live: GraphQLSchema, document: DocumentNode): Map<string, Projection> {
  const ofSchema = known.get(live) ?? new WeakMap<DocumentNode, Map<string, Projection>>();
  known.set(live, ofSchema);
  const ofDocument = ofSchema.get(document) ?? new Map<string, Projection>();
  ofSchema.set(document, ofDocument);
  return ofDocument;
}

/** What a document's selection depends on: `@skip` and `@include` take booleans alone. */
function selectedBy(operationName: unknown, variables: Record<string, unknown>): string {
  return JSON.stringify([
    operationName,
    ...Object.entries(variables).filter(([, value]) => typeof value === 'boolean'),
  ]);
}

function projectUnder(key: string, projectField: Project): Projection {
  const project = (announced: object) => ({ data: { [key]: projectField(announced as never) } });
  let last: { readonly announced: object; readonly text: string } | undefined;
  return {
    project,
    textOf(announced) {
      if (last?.announced !== announced) last = { announced, text: JSON.stringify(project(announced)) };
      return last.text;
    },
  };
}

interface Selection {
  readonly live: GraphQLSchema;
  readonly variables: Record<string, unknown>;
  readonly fragments: Record<string, FragmentDefinitionNode>;
}

function projectValue(selection: Selection, type: GraphQLOutputType, nodes: FieldNode[]): Project | undefined {
  if (isNonNullType(type)) return projectValue(selection, type.ofType, nodes);
  if (isLeafType(type)) return (value: unknown) => value ?? null;
  if (isListType(type)) {
    const projectItem = projectValue(selection, type.ofType, nodes);
    return projectItem && ((list: readonly never[] | null) => list?.map(projectItem) ?? null);
  }
  return isAbstractType(type) ? projectByTypename(selection, type, nodes) : projectObject(selection, type, nodes);
}

function projectByTypename(
  selection: Selection,
  type: Parameters<GraphQLSchema['getPossibleTypes']>[0],
  nodes: FieldNode[],
): Project | undefined {
  const byTypename = new Map<string, Project>();
  for (const possible of selection.live.getPossibleTypes(type)) {
    const project = projectObject(selection, possible, nodes);
    if (!project) return undefined;
    byTypename.set(possible.name, project);
  }
  return (value: { readonly __typename: string } | null) =>
    value === null ? null : byTypename.get(value.__typename)!(value as never);
}

function projectObject(selection: Selection, type: GraphQLObjectType, nodes: FieldNode[]): Project | undefined {
  const { live, fragments, variables } = selection;
  const steps: { key: string; name: string; project: Project }[] = [];
  for (const [key, sameKey] of collectSubFields(live, fragments, variables, type, nodes).fields) {
    const name = sameKey[0]!.name.value;
    const field = type.getFields()[name];
    const project = name === '__typename' ? () => type.name : field && projectValue(selection, field.type, sameKey);
    if (!project) return undefined;
    steps.push({ key, name, project });
  }
  return (source: Announced | null) => {
    if (source === null) return null;
    const answer: Record<string, unknown> = {};
    for (const { key, name, project } of steps) answer[key] = project(source[name] as never);
    return answer;
  };
}

function fragmentsOf(document: SubscriptionArgs['document']): Record<string, FragmentDefinitionNode> {
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return Object.fromEntries(fragments.map((fragment) => [fragment.name.value, fragment]));
}
