import type { BatchFetchNode, FetchNode, PlanNode } from '@graphql-hive/router-query-planner';
import type { KnownByGraphs } from '@kith/supergraph';
import {
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  OperationTypeNode,
  parse,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { subgraphOf } from '../../subgraphs/knowing-subgraphs-first.ts';
import { renamedKeys } from '../gather/rewrite-answers.ts';
import { type SelectedOfMember, selectionOfMember, typeOfField } from './select-of-member.ts';
import {
  fieldsAt,
  fieldsFor,
  keyOf,
  type Level,
  levelsBehind,
  levelsOf,
  selectionsOf,
} from './what-a-selection-has.ts';
import { withSelections } from './with-selections.ts';

interface Completing {
  readonly schema: GraphQLSchema;
  readonly knownByGraphs: KnownByGraphs;
  /** What was to be planned. */
  readonly text: string;
}

/** What some step of the plan asks for, and where. */
interface Asked {
  readonly at: readonly Level[];
  readonly selections: SelectionSetNode;
  readonly renamed: ReadonlyMap<string, string>;
}

interface Options extends Completing, SelectedOfMember {
  readonly wanted: SelectionSetNode;
  readonly root: GraphQLNamedType;
  readonly asked: readonly Asked[];
}

type Fetched = FetchNode | BatchFetchNode;

/**
 * Completes a plan over partial unions and interfaces, whose members differ between subgraphs: whoever is asked for one
 * is asked for what the client selects of each member that it knows itself. Where several subgraphs could answer, the
 * planner takes only the members that all of them know, and fields of the others would be null without an error.
 *
 * @throws {Error} when the subgraph does not have all that is selected of such a member, and no other step asks for it
 */
export function askForEveryMember(node: PlanNode, completing: Completing): PlanNode {
  if (completing.knownByGraphs.partial.size === 0) return node;
  const document = parse(completing.text);
  const root = completing.schema.getRootType(getOperationAST(document)?.operation ?? OperationTypeNode.QUERY);
  if (!root) return node;
  const completed = structuredClone(node);
  const fetches = fetchesOf(completed, []);
  const asked = fetches.flatMap((each) => each.asked);
  const wanted = selectionsOf(document);
  for (const { fetch, asked: own, selections } of fetches) {
    const options = { ...completing, wanted, root, asked, subgraph: subgraphOf(fetch.serviceName) };
    let added = false;
    for (const each of own) added = completePlace(each, options) || added;
    if (added) withSelections(fetch, selections, document);
  }
  return completed;
}

interface FetchInPlan {
  readonly fetch: Fetched;
  /** Of the whole operation: those in `asked` are parts of them, and are changed in place. */
  readonly selections: SelectionSetNode;
  readonly asked: readonly Asked[];
}

function fetchesOf(node: PlanNode, path: readonly Level[]): FetchInPlan[] {
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      return node.nodes.flatMap((each) => fetchesOf(each, path));
    case 'Flatten':
      return fetchesOf(node.node, levelsOf(node.path));
    case 'Subscription':
      return fetchesOf(node.primary, path);
    case 'Condition':
      return [node.ifClause, node.elseClause].flatMap((each) => (each ? fetchesOf(each, path) : []));
    case 'Fetch': {
      const selections = selectionsOf(parse(node.operation));
      const renamed = renamedKeys(node.outputRewrites);
      if (path.length === 0) return [{ fetch: node, selections, asked: [{ at: levelsOf([]), selections, renamed }] }];
      return [{ fetch: node, selections, asked: entitiesIn(selections, '_entities', [path], renamed) }];
    }
    case 'BatchFetch': {
      const selections = selectionsOf(parse(node.operation));
      const asked = node.entityBatch.aliases.flatMap(({ alias, paths, outputRewrites }) =>
        entitiesIn(selections, alias, paths.map(levelsOf), renamedKeys(outputRewrites)),
      );
      return [{ fetch: node, selections, asked }];
    }
    default:
      return [];
  }
}

function entitiesIn(
  { selections }: SelectionSetNode,
  alias: string,
  places: readonly (readonly Level[])[],
  renamed: ReadonlyMap<string, string>,
): Asked[] {
  return selections.flatMap((each) => {
    if (each.kind !== Kind.FIELD || keyOf(each) !== alias || !each.selectionSet) return [];
    const entities = each.selectionSet;
    return places.map((at) => ({ at, selections: entities, renamed }));
  });
}

/** Answers whether something was added. */
function completePlace({ at, selections, renamed }: Asked, options: Options): boolean {
  let wanted: readonly SelectionSetNode[] = [options.wanted];
  let types: ReadonlySet<string> | undefined = new Set([options.root.name]);
  for (const { field, types: further } of at.slice(1)) {
    wanted = behind(wanted, field ?? '', types, options.schema);
    types = further;
  }
  const parent = at.length === 1 ? options.root : undefined;
  return walk(selections, { parent, wanted, place: at, renamed, options });
}

interface Place {
  /** As its selection says; undefined for entities of any type. */
  readonly parent: GraphQLNamedType | undefined;
  readonly wanted: readonly SelectionSetNode[];
  readonly place: readonly Level[];
  readonly renamed: ReadonlyMap<string, string>;
  readonly options: Options;
}

function walk({ selections }: SelectionSetNode, here: Place): boolean {
  const { parent, wanted, place, renamed, options } = here;
  let added = false;
  for (const selection of selections) {
    if (selection.kind === Kind.FRAGMENT_SPREAD) continue;
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const condition = selection.typeCondition?.name.value;
      const within = condition === undefined ? parent : options.schema.getType(condition);
      added = walk(selection.selectionSet, { ...here, parent: within }) || added;
      continue;
    }
    const field =
      isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[selection.name.value] : undefined;
    if (!parent || !field || !selection.selectionSet) continue;
    const types = typesOf(parent, options.schema);
    const key = renamed.get(keyOf(selection)) ?? keyOf(selection);
    const typeThere = typeOfField(parent, field, options);
    const further = { ...here, parent: typeThere, wanted: behind(wanted, key, types, options.schema) };
    const at = [...place.slice(0, -1), { field: place.at(-1)?.field, types }, { field: key, types: undefined }];
    added = walk(selection.selectionSet, { ...further, place: at }) || added;
    const members = membersOf(getNamedType(field.type), typeThere, options);
    added = addMembers(selection.selectionSet, members, { ...further, place: at }) || added;
  }
  return added;
}

/** Those of a field that the subgraph may answer, and the planner may have left out. */
function membersOf(type: GraphQLNamedType, typeThere: GraphQLNamedType, options: Options): Iterable<string> {
  if (isAbstractType(type) && isObjectType(typeThere)) return [typeThere.name];
  return options.knownByGraphs.membersOf(options.subgraph, typeThere.name);
}

function addMembers(
  set: SelectionSetNode,
  members: Iterable<string>,
  { wanted, place, renamed, options }: Place,
): boolean {
  const { schema } = options;
  let added = false;
  for (const name of members) {
    const member = schema.getType(name);
    if (!isObjectType(member)) continue;
    const asked = new Set([
      '__typename',
      ...fieldsFor([set], new Set([name]), schema).map((field) => renamed.get(keyOf(field)) ?? keyOf(field)),
      ...options.asked.flatMap((each) => keysAskedAt(each, place, name, schema)),
    ]);
    const lacking = fieldsFor(wanted, new Set([name]), schema).filter((field) => !asked.has(keyOf(field)));
    if (lacking.length === 0) continue;
    const fragment = selectionOfMember(lacking, member, options);
    (set.selections as SelectionNode[]).push(fragment);
    added = true;
  }
  return added;
}

function keysAskedAt(
  { at, selections, renamed }: Asked,
  place: readonly Level[],
  type: string,
  schema: GraphQLSchema,
): readonly string[] {
  const levels = levelsBehind(at, place);
  const fields = levels ? fieldsAt(selections, levels, type, schema) : [];
  return fields.map((field) => renamed.get(keyOf(field)) ?? keyOf(field));
}

/** What is selected behind a field of objects of these types; undefined for any. */
function behind(
  sets: readonly SelectionSetNode[],
  key: string,
  types: ReadonlySet<string> | undefined,
  schema: GraphQLSchema,
): readonly SelectionSetNode[] {
  return fieldsFor(sets, types, schema).flatMap((field) =>
    keyOf(field) === key && field.selectionSet ? [field.selectionSet] : [],
  );
}

const typesOf = (type: GraphQLNamedType, schema: GraphQLSchema): ReadonlySet<string> =>
  new Set(isAbstractType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : [type.name]);
