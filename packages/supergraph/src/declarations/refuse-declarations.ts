import { KIND_OF_LIST, LIVE_LIMITS, type LiveLimit } from '@kith/event-contracts';
import {
  buildASTSchema,
  type DocumentNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type GraphQLType,
  getNamedType,
  getNullableType,
  isAbstractType,
  isObjectType,
  isRequiredArgument,
  isTypeSubTypeOf,
  type NamedTypeNode,
  parseType,
  typeFromAST,
} from 'graphql';
import { findEndless } from './find-endless-types.ts';
import { type LiveList, nameOfLive, readLiveLists } from './read-live-lists.ts';
import { argumentsOf, graphsOfField } from './read-supergraph-graphs.ts';

/** Why a declaration of a live list cannot work. */
export interface Problem {
  readonly code: ProblemCode;
  /** A sentence for whoever wrote the schema. */
  readonly message: string;
}

export type ProblemCode =
  | 'LIVE_NOT_A_SUBSCRIPTION'
  | 'LIVE_KIND_INVALID'
  | 'LIVE_KIND_TWICE'
  | 'LIVE_IN_SEVERAL_SUBGRAPHS'
  | 'LIVE_NO_SUCH_QUERY'
  | 'LIVE_QUERY_ELSEWHERE'
  | 'LIVE_NO_SUCH_ARGUMENT'
  | 'LIVE_UNKNOWN_ARGUMENT'
  | 'LIVE_WRONG_TYPE'
  | 'LIVE_ENDLESS'
  | 'LIVE_LIMIT_INVALID'
  | 'LIVE_STANDS_IS_PUBLIC';

/** Subjects under `live.` that are no lists' (`subjects.ts` of event-contracts). */
const TAKEN = new Set(['session-ended', 'tokens-ended']);

/** Everything that is wrong with the live lists that a supergraph declares; none when they can be served. */
export function problemsOfLiveLists(supergraph: DocumentNode): Problem[] {
  const schema = buildASTSchema(supergraph, { assumeValid: true, assumeValidSDL: true });
  const lists = readLiveLists(supergraph);
  return [
    ...elsewhere(schema, nameOfLive(supergraph)),
    ...kindsOf(lists),
    ...lists.flatMap((list) => problemsOfList(schema, list)),
  ];
}

/** `@live` where it says nothing. */
function elsewhere(schema: GraphQLSchema, live: string | undefined): Problem[] {
  if (live === undefined) return [];
  return Object.values(schema.getTypeMap()).flatMap((type) => {
    if (type === schema.getSubscriptionType() || !('getFields' in type)) return [];
    return Object.values(type.getFields())
      .filter(({ astNode }) => astNode && argumentsOf(astNode, live).length > 0)
      .map(({ name }) => ({
        code: 'LIVE_NOT_A_SUBSCRIPTION' as const,
        message: `${type.name}.${name} has @${live}: only a field of the subscription type can be a live list.`,
      }));
  });
}

function kindsOf(lists: readonly LiveList[]): Problem[] {
  const problems: Problem[] = [];
  const fieldOf = new Map<string, string>();
  for (const { kind, field } of lists) {
    if (!KIND_OF_LIST.test(kind) || TAKEN.has(kind)) {
      const why = TAKEN.has(kind) ? 'is taken' : 'is not made of lower-case letters, digits and hyphens';
      problems.push({ code: 'LIVE_KIND_INVALID', message: `Subscription.${field}: the kind "${kind}" ${why}.` });
    }
    const other = fieldOf.get(kind);
    if (other !== undefined) {
      const message = `Subscription.${other} and Subscription.${field} both are the kind "${kind}": each list has one of its own.`;
      problems.push({ code: 'LIVE_KIND_TWICE', message });
    }
    fieldOf.set(kind, field);
  }
  return problems;
}

function problemsOfList(schema: GraphQLSchema, list: LiveList): Problem[] {
  const subscription = schema.getSubscriptionType();
  const field = subscription?.getFields()[list.field];
  if (!subscription || !field) return [];
  const own = new Described(schema, `Subscription.${list.field}`, field, list);
  const graphs = graphsOfField(field.astNode ?? {}, subscription.astNode ?? {});
  if (graphs.length !== 1) {
    own.say('LIVE_IN_SEVERAL_SUBGRAPHS', `is in ${graphs.length} subgraphs: one has to have it.`);
  }
  own.takes({ after: 'String', ...(list.owner !== undefined && { [list.owner]: 'ID!' }) });
  own.takesNothingElse();
  own.isOfChanges(field.type);
  own.limits();
  const endless = findEndless(schema, getNamedType(field.type));
  if (endless) own.say('LIVE_ENDLESS', `has no end: ${endless} leads back to itself, and is no entity.`);
  return [...own.problems, ...problemsOfChanges(schema, list, field), ...problemsOfStands(schema, list)];
}

function problemsOfChanges(schema: GraphQLSchema, list: LiveList, live: GraphQLField<unknown, unknown>): Problem[] {
  const query = new Described(schema, `Query.${list.changes}`, queryOf(schema, list.changes), list);
  if (!query.isThere('changes')) return query.problems;
  query.takes({ after: 'String', first: 'Int!', ...(list.owner !== undefined && { [list.owner]: 'ID!' }) });
  query.needsNothingElse();
  const change = getNamedType(live.type).name;
  query.answers({ changes: `[${change}!]!`, cursor: 'String!', revision: 'Int!', hasMore: 'Boolean!' });
  return query.problems;
}

function problemsOfStands(schema: GraphQLSchema, list: LiveList): Problem[] {
  const query = new Described(schema, `Query.${list.stands}`, queryOf(schema, list.stands), list);
  if (!query.isThere('stands')) return query.problems;
  const ofOwner = list.owner !== undefined;
  query.takes({ owners: '[ID!]!', cursors: '[String!]', ...(ofOwner && { viewers: '[ID!]' }) });
  query.needsNothingElse();
  query.answers({
    timeline: 'ID! or String!',
    revisions: '[Int!]!',
    unchanged: '[Int]!',
    ...(ofOwner && { mayWatch: '[Boolean!]!' }),
  });
  if (argumentsOf(query.field?.astNode ?? {}, 'inaccessible').length === 0) {
    query.say('LIVE_STANDS_IS_PUBLIC', 'has to be @inaccessible: it answers for everybody’s lists, to the gateway.');
  }
  return query.problems;
}

const queryOf = (schema: GraphQLSchema, name: string) => schema.getQueryType()?.getFields()[name];

/** A field that has to fit a contract, and what is wrong with it. */
class Described {
  readonly problems: Problem[] = [];
  readonly field: GraphQLField<unknown, unknown> | undefined;
  readonly #schema: GraphQLSchema;
  readonly #name: string;
  readonly #list: LiveList;
  readonly #known = new Set<string>();

  constructor(schema: GraphQLSchema, name: string, field: GraphQLField<unknown, unknown> | undefined, list: LiveList) {
    this.#schema = schema;
    this.#name = name;
    this.field = field;
    this.#list = list;
  }

  say(code: ProblemCode, what: string): void {
    const { field, kind } = this.#list;
    const of = this.#name === `Subscription.${field}` ? '' : ` (of the live list "${kind}", Subscription.${field})`;
    this.problems.push({ code, message: `${this.#name}${of} ${what}` });
  }

  /** In the subgraph of the list itself: the gateway asks that one. */
  isThere(argument: string): boolean {
    const { graph, subgraph } = this.#list;
    if (!this.field) {
      this.say('LIVE_NO_SUCH_QUERY', `is not in the schema: \`${argument}\` names a query of the same subgraph.`);
      return false;
    }
    const graphs = graphsOfField(this.field.astNode ?? {}, this.#schema.getQueryType()?.astNode ?? {});
    if (!graphs.includes(graph)) this.say('LIVE_QUERY_ELSEWHERE', `is not in the subgraph "${subgraph}".`);
    return true;
  }

  /** Arguments that the gateway gives, and the types of what it gives. */
  takes(given: Readonly<Record<string, string>>): void {
    for (const [name, type] of Object.entries(given)) {
      this.#known.add(name);
      const argument = this.field?.args.find((each) => each.name === name);
      if (!argument) this.say('LIVE_NO_SUCH_ARGUMENT', `takes no argument "${name}" (${type}).`);
      else if (
        !this.#fits(type, argument.defaultValue === undefined ? argument.type : getNullableType(argument.type))
      ) {
        this.say('LIVE_WRONG_TYPE', `takes "${name}" as ${argument.type}, and is given ${type}.`);
      }
    }
  }

  /** What the declaration says of limits. */
  limits(): void {
    for (const [limit, [least, most]] of Object.entries(LIVE_LIMITS)) {
      const said = this.#list[limit as LiveLimit];
      if (said === undefined || (Number.isInteger(said) && said >= least && said <= most)) continue;
      this.say('LIVE_LIMIT_INVALID', `has ${limit}: ${said}, which is not a whole number from ${least} to ${most}.`);
    }
  }

  takesNothingElse(): void {
    for (const { name } of this.field?.args ?? []) {
      if (!this.#known.has(name)) this.say('LIVE_UNKNOWN_ARGUMENT', `takes "${name}", which a live list knows not.`);
    }
  }

  needsNothingElse(): void {
    for (const argument of this.field?.args ?? []) {
      if (this.#known.has(argument.name) || !isRequiredArgument(argument)) continue;
      this.say('LIVE_UNKNOWN_ARGUMENT', `needs "${argument.name}", which the gateway does not give.`);
    }
  }

  answers(expected: Readonly<Record<string, string>>): void {
    const type = this.field && getNullableType(this.field.type);
    if (!isObjectType(type)) this.say('LIVE_WRONG_TYPE', `answers ${this.field?.type}, and not an object.`);
    else for (const [name, wanted] of Object.entries(expected)) this.#has(type, name, wanted);
  }

  #has(type: GraphQLObjectType, name: string, wanted: string): void {
    const field = type.getFields()[name];
    if (!field) this.say('LIVE_WRONG_TYPE', `answers ${type}, which has no "${name}" (${wanted}).`);
    else if (!wanted.split(' or ').some((each) => this.#fits(field.type, this.#type(each)))) {
      this.say('LIVE_WRONG_TYPE', `answers ${type}, whose "${name}" is ${field.type} and not ${wanted}.`);
    }
  }

  /** Whether whatever is of the one type is of the other. */
  #fits(given: GraphQLType | string, wanted: GraphQLType | undefined): boolean {
    const type = typeof given === 'string' ? this.#type(given) : given;
    return type !== undefined && wanted !== undefined && isTypeSubTypeOf(this.#schema, type, wanted);
  }

  #type(text: string): GraphQLType | undefined {
    return typeFromAST(this.#schema, parseType(text) as NamedTypeNode);
  }

  /** The type of a change, and each type that it can be. */
  isOfChanges(type: GraphQLOutputType): void {
    const change = getNullableType(type);
    const one = isObjectType(change) ? [change] : [];
    const possible = isAbstractType(change) ? this.#schema.getPossibleTypes(change) : one;
    if (possible.length === 0) {
      this.say('LIVE_WRONG_TYPE', `is ${type}: a change is an object, an interface or a union of some.`);
    }
    for (const each of possible) {
      this.#has(each, 'cursor', 'String!');
      this.#has(each, 'revision', 'Int!');
      if (each.getFields().complete) this.#has(each, 'complete', 'Boolean!');
    }
  }
}
