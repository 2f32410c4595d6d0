import type {
  BatchFetchNode,
  EntityBatchAlias,
  FetchNode,
  PlanNode,
  RequiresSelection,
} from '@graphql-hive/router-query-planner';
import {
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  getOperationAST,
  isAbstractType,
  Kind,
  OperationTypeNode,
  parse,
  type SelectionSetNode,
} from 'graphql';
import { renamedKeys } from '../gather/rewrite-answers.ts';
import { fieldsAt, keyOf, type Level, levelsBehind, levelsOf, selectionsOf, typesAt } from './what-a-selection-has.ts';

interface Completing {
  readonly schema: GraphQLSchema;
  /** The interfaces that some subgraph has as an object. */
  readonly interfaceObjects: ReadonlySet<string>;
  /** What was to be planned. */
  readonly text: string;
}

/** What a step of a plan has asked for at some place, before the steps that come after it. */
interface Source {
  readonly at: readonly Level[];
  readonly selections: SelectionSetNode;
}

/** A join of a step, in the plan that is completed: it is changed in place. */
type Joined = Pick<EntityBatchAlias, 'alias' | 'paths' | 'inputRewrites' | 'outputRewrites'> & {
  requires?: RequiresSelection[];
};

/**
 * Completes a plan over interfaces that some subgraph has as an object: such a subgraph is asked for all types for which
 * the client selects the fields that it is asked for, and not only for those that the planner has written down. Where
 * several types have their fields from there, the planner may take the keys of one for all, and the fields of the others
 * would be null without an error.
 *
 * @throws {Error} when the plan does not ask for the keys of such a type before
 */
export function askForEveryType(node: PlanNode, options: Completing): PlanNode {
  if (options.interfaceObjects.size === 0) return node;
  const completed = structuredClone(node);
  const document = parse(options.text);
  const root = options.schema.getRootType(getOperationAST(document)?.operation ?? OperationTypeNode.QUERY);
  if (root) completeNode(completed, [], { ...options, wanted: selectionsOf(document), root });
  return completed;
}

type Options = Completing & { readonly wanted: SelectionSetNode; readonly root: GraphQLObjectType };

/** Answers what the node asks for. */
function completeNode(node: PlanNode, before: readonly Source[], options: Options): Source[] {
  switch (node.kind) {
    case 'Sequence': {
      const asked: Source[] = [];
      for (const each of node.nodes) asked.push(...completeNode(each, [...before, ...asked], options));
      return asked;
    }
    case 'Parallel':
      return node.nodes.flatMap((each) => completeNode(each, before, options));
    case 'Fetch':
      return [{ at: levelsOf([]), selections: selectionsOf(parse(node.operation)) }];
    case 'Subscription':
      return completeNode(node.primary, before, options);
    case 'Flatten': {
      if (node.node.kind !== 'Fetch') return [];
      // `requires` of the step itself is changed.
      const fetch = node.node as FetchNode & Joined;
      Object.assign(fetch, { alias: '_entities', paths: [node.path] });
      return completeJoins(fetch, [fetch], before, options);
    }
    case 'BatchFetch':
      return completeJoins(node, node.entityBatch.aliases, before, options);
    case 'Condition':
      return [node.ifClause, node.elseClause].flatMap((each) => (each ? completeNode(each, before, options) : []));
    default:
      return [];
  }
}

function completeJoins(
  { operation }: Pick<FetchNode | BatchFetchNode, 'operation'>,
  joins: readonly Joined[],
  before: readonly Source[],
  options: Options,
): Source[] {
  const asked = selectionsOf(parse(operation));
  return joins.flatMap((join) => {
    const entities = asked.selections.find((each) => each.kind === Kind.FIELD && keyOf(each) === join.alias);
    const selections = entities?.kind === Kind.FIELD ? entities.selectionSet : undefined;
    if (!selections) return [];
    for (const each of selections.selections) {
      if (each.kind !== Kind.INLINE_FRAGMENT || !options.interfaceObjects.has(each.typeCondition?.name.value ?? ''))
        continue;
      completeJoin(join, each.typeCondition?.name.value ?? '', { selections, before, options });
    }
    return join.paths.map((path) => ({ at: levelsOf(path), selections }));
  });
}

function completeJoin(
  join: Joined,
  interfaceName: string,
  { selections, before, options }: { selections: SelectionSetNode; before: readonly Source[]; options: Options },
): void {
  const { schema, wanted, root } = options;
  const { requires = [] } = join;
  const written = requires.flatMap((each) => (each.kind === 'InlineFragment' ? [each] : []));
  const [pattern] = written;
  const type = schema.getType(interfaceName);
  if (!pattern || !isAbstractType(type) || written.some(({ typeCondition }) => typeCondition === interfaceName)) return;
  const renamed = renamedKeys(join.outputRewrites);
  const paths = join.paths.map(levelsOf);
  for (const { name } of schema.getPossibleTypes(type)) {
    if (written.some(({ typeCondition }) => typeCondition === name)) continue;
    const given = fieldsAt(selections, [], name, schema).map((field) => renamed.get(keyOf(field)) ?? keyOf(field));
    for (const levels of paths) {
      const { types } = levels.at(-1) ?? {};
      if (types && !types.has(name) && !types.has(interfaceName)) continue;
      if (!typesAt(wanted, levels.slice(1), root, schema).has(name)) continue;
      const known = before.flatMap((source) => knownFrom(source, levels, name, schema));
      const isKnown = (key: string) => known.some((field) => keyOf(field) === key);
      const selected = fieldsAt(wanted, levels.slice(1), name, schema).map(keyOf);
      const lacking = given.filter((key) => key !== '__typename' && selected.includes(key) && !isKnown(key));
      if (lacking.length === 0) continue;
      refuseWithoutKeys(pattern.selections, isKnown, { name, lacking });
      requires.push({ ...pattern, typeCondition: name });
      break;
    }
  }
}

function knownFrom(
  { at, selections }: Source,
  place: readonly Level[],
  type: string,
  schema: GraphQLSchema,
): readonly FieldNode[] {
  const behind = levelsBehind(at, place);
  return behind ? fieldsAt(selections, behind, type, schema) : [];
}

/** An entity that cannot be asked for would be one that is not there. */
function refuseWithoutKeys(
  keys: readonly RequiresSelection[],
  isKnown: (key: string) => boolean,
  { name, lacking }: { name: string; lacking: readonly string[] },
): void {
  for (const key of keys) {
    if (key.kind === 'Field' && !isKnown(key.name) && !isKnown(key.alias ?? key.name)) {
      throw new Error(`The plan asks for ${name}.${lacking[0]} without having asked for ${name}.${key.name}.`);
    }
  }
}
