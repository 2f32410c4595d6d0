import { pathsOfFieldSet } from '@kith/supergraph';
import { composeSubgraphs } from '@kith/supergraph/compose';
import {
  buildASTSchema,
  type DocumentNode,
  type ExecutionResult,
  execute,
  extendSchema,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
} from 'graphql';
import type { SubgraphCall } from '../subgraphs/call-subgraph.ts';

/** A record of a type, by its fields; those that are functions are called with the arguments of the field. */
export type SubgraphRecord = Readonly<Record<string, unknown>>;

/** A subgraph of a test: what it is composed by, what it has of each type, and what its roots answer. */
export interface SubgraphInHand {
  readonly name: string;
  readonly sdl: string;
  readonly records?: Readonly<Record<string, readonly SubgraphRecord[]>>;
  readonly query?: SubgraphRecord;
  readonly mutation?: SubgraphRecord;
}

export interface AskedSubgraph {
  readonly subgraph: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** As `@link` of the federation specification has them, without its prefix. */
export const FEDERATION = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: [
  "@key", "@shareable", "@external", "@provides", "@requires", "@inaccessible", "@interfaceObject", "@override", "@tag"
])`;

const DEFINITIONS = `
  scalar FieldSet
  scalar _Any
  directive @key(fields: FieldSet!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE
  directive @shareable repeatable on FIELD_DEFINITION | OBJECT
  directive @external on FIELD_DEFINITION | OBJECT
  directive @provides(fields: FieldSet!) on FIELD_DEFINITION
  directive @requires(fields: FieldSet!) on FIELD_DEFINITION
  directive @override(from: String!, label: String) on FIELD_DEFINITION
  directive @tag(name: String!) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
  directive @interfaceObject on OBJECT
  directive @extends on OBJECT | INTERFACE
  directive @inaccessible on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ENUM | ENUM_VALUE | SCALAR | INPUT_OBJECT |
    INPUT_FIELD_DEFINITION | ARGUMENT_DEFINITION
`;

export const supergraphOf = (subgraphs: readonly SubgraphInHand[]) => composeSubgraphs(subgraphs);

/** The subgraphs as the gateway calls them: executed here, over JSON; what they are asked is added to `asked`. */
export function callable(subgraphs: readonly SubgraphInHand[], asked: AskedSubgraph[] = []) {
  return Object.fromEntries(
    subgraphs.map((subgraph) => {
      const answer = answerOf(subgraph);
      const call = async ({ query, variables = {} }: SubgraphCall): Promise<ExecutionResult> => {
        asked.push({ subgraph: subgraph.name, query, variables });
        return answer(query, JSON.parse(JSON.stringify(variables)));
      };
      return [subgraph.name, { call }];
    }),
  );
}

/** What it answers to an operation. */
export function answerOf(subgraph: SubgraphInHand) {
  const schema = executable(parse(subgraph.sdl));
  const entities = ({ representations }: { representations: SubgraphRecord[] }) =>
    representations.map((representation) => entityOf(schema, subgraph, representation));
  const rootValue = { ...subgraph.query, ...subgraph.mutation, _entities: entities };
  return async (query: string, variableValues: Record<string, unknown>): Promise<ExecutionResult> =>
    JSON.parse(JSON.stringify(await execute({ schema, document: parse(query), rootValue, variableValues })));
}

/** The record with the same key, and what came with the representation. */
function entityOf(schema: GraphQLSchema, { records = {} }: SubgraphInHand, representation: SubgraphRecord) {
  const { __typename, ...given } = representation;
  const type = schema.getType(String(__typename));
  if (!isObjectType(type) && !isInterfaceType(type)) throw new Error(`There are no entities of type ${__typename}.`);
  const types = isInterfaceType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : [];
  const keys = (type.astNode?.directives ?? [])
    .filter(({ name }) => name.value === 'key')
    .flatMap(({ arguments: args = [] }) =>
      args.flatMap(({ value }) => (value.kind === Kind.STRING ? [value.value] : [])),
    )
    .map((fields) => pathsOfFieldSet(fields));
  for (const name of [type.name, ...types]) {
    const found = records[name]?.find((record) =>
      keys.some((key) => key.every((field) => isSame(given, record, field))),
    );
    if (found) return { __typename: name, ...given, ...found, ...onlyExternal(type, given) };
  }
  return null;
}

/** Fields that others own, as they were given. */
function onlyExternal(type: { getFields(): Record<string, { astNode?: unknown }> }, given: SubgraphRecord) {
  const fields = type.getFields();
  return Object.fromEntries(
    Object.entries(given).filter(([name]) => {
      const node = fields[name]?.astNode as { directives?: readonly { name: { value: string } }[] } | undefined;
      return node?.directives?.some((directive) => directive.name.value === 'external');
    }),
  );
}

function isSame(given: SubgraphRecord, record: SubgraphRecord, path: readonly string[]): boolean {
  const at = (value: unknown) => path.reduce<unknown>((within, step) => (within as SubgraphRecord)?.[step], value);
  return at(given) !== undefined && String(at(given)) === String(at(record));
}

/** With what a subgraph has besides its own types, and without what only composition reads. */
export function executable(sdl: DocumentNode): GraphQLSchema {
  const roots = new Set(['Query', 'Mutation', 'Subscription']);
  const defined = new Set(
    sdl.definitions.flatMap((each) => (each.kind === Kind.OBJECT_TYPE_DEFINITION ? [each.name.value] : [])),
  );
  const own = sdl.definitions.flatMap((each) => {
    if (each.kind === Kind.SCHEMA_EXTENSION) return [];
    if (each.kind !== Kind.OBJECT_TYPE_EXTENSION || defined.has(each.name.value)) return [each];
    return [{ ...each, kind: Kind.OBJECT_TYPE_DEFINITION } as const];
  });
  const objects = own.flatMap((each) =>
    each.kind === Kind.OBJECT_TYPE_DEFINITION && !roots.has(each.name.value) ? [each.name.value] : [],
  );
  const entity = objects.length > 0 ? `union _Entity = ${objects.join(' | ')}` : 'type _Entity { none: Int }';
  const field = '_entities(representations: [_Any!]!): [_Entity]!';
  const query = own.some((each) => 'name' in each && each.name?.value === 'Query') ? 'extend type' : 'type';
  const more = parse(`${DEFINITIONS} ${entity} ${query} Query { ${field} }`);
  const whole = { ...more, definitions: [...own, ...more.definitions] };
  return extended(whole);
}

function extended(document: DocumentNode): GraphQLSchema {
  const [extensions, base] = [
    document.definitions.filter(({ kind }) => kind.endsWith('Extension')),
    document.definitions.filter(({ kind }) => !kind.endsWith('Extension')),
  ];
  const schema = buildASTSchema({ ...document, definitions: base }, { assumeValid: true, assumeValidSDL: true });
  return extendSchema(schema, { ...document, definitions: extensions }, { assumeValid: true, assumeValidSDL: true });
}
