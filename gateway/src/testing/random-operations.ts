import fc from 'fast-check';
import {
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isLeafType,
  isObjectType,
} from 'graphql';

/** Fields are often called what another field is called. */
const ALIASES = ['id', 'nickname', 'friends', '__proto__', '_entities', 'x'];
const ARGUMENTS: Readonly<Record<string, string>> = {
  user: '(id: $id)',
  people: '(ids: ["p1", $id, "nobody", "p8", "p5"])',
  rename: '(id: $id)',
  touch: '(id: $id)',
  befriend: '(id: $id)',
};
/** The same field, with arguments that are the same, differ, or are the same in another order. */
const OPTIONAL: Readonly<Record<string, readonly string[]>> = {
  friends: ['', '(first: 3)', '(first: 0)'],
  says: [
    '',
    '(times: 2)',
    '(times: null)',
    '(to: { name: $id, loud: true })',
    '(to: { loud: true, name: $id })',
    '(times: 2, to: { name: "you" })',
    '(to: { name: "you" }, times: 2)',
  ],
};
const CONDITIONS = ['@include(if: $yes)', '@include(if: $no)', '@skip(if: $no)', '@skip(if: true)', '@skip(if: $yes)'];

/** Random selections of a schema, valid or nearly; the variables are `VARIABLES`. */
export function randomOperations(schema: GraphQLSchema): fc.Arbitrary<string> {
  const choice = fc.infiniteStream(fc.nat({ max: 999 }));
  const operation = fc.constantFrom('query', 'query', 'query', 'mutation');
  return fc.tuple(operation, choice).map(([kind, stream]) => {
    const next = (below: number) => (stream.next().value as number) % below;
    const root = kind === 'query' ? schema.getQueryType()! : schema.getMutationType()!;
    return `${kind} Random($id: ID!, $yes: Boolean!, $no: Boolean = false) ${selectionOf(schema, root, 4, next)}`;
  });
}

export const VARIABLES = [
  { id: 'p1', yes: true },
  { id: 'p2', yes: false },
  { id: 'p3', yes: true, no: true },
  { id: 'nobody', yes: true },
];

function selectionOf(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
  depth: number,
  next: (below: number) => number,
): string {
  const selections = Array.from({ length: 1 + next(3) }, () => {
    const condition = next(6) === 0 ? ` ${CONDITIONS[next(CONDITIONS.length)]}` : '';
    const within = typeWithin(schema, type, next);
    if (within) return `... on ${within.name}${condition} ${selectionOf(schema, within, depth, next)}`;
    if (!('getFields' in type) || next(8) === 0) return `${aliased('__typename', next)}${condition}`;
    const field = pick(type as GraphQLObjectType, depth, next);
    const named = getNamedType(field.type);
    const optional = OPTIONAL[field.name];
    const given = ARGUMENTS[field.name] ?? (optional ? optional[next(optional.length)] : '');
    const behind = isLeafType(named) ? '' : ` ${selectionOf(schema, named, depth - 1, next)}`;
    return `${aliased(field.name, next)}${given}${condition}${behind}`;
  });
  return `{ ${selections.join(' ')} }`;
}

function typeWithin(schema: GraphQLSchema, type: GraphQLNamedType, next: (below: number) => number) {
  if (isAbstractType(type)) {
    const types = schema.getPossibleTypes(type);
    return 'getFields' in type && next(3) === 0 ? undefined : types[next(types.length)];
  }
  return isObjectType(type) && next(12) === 0 ? type : undefined;
}

function pick(type: GraphQLObjectType, depth: number, next: (below: number) => number) {
  const fields = Object.values(type.getFields());
  const leaves = fields.filter((field) => isLeafType(getNamedType(field.type)));
  const from = depth <= 1 && leaves.length > 0 ? leaves : fields;
  return from[next(from.length)]!;
}

function aliased(name: string, next: (below: number) => number): string {
  return next(3) === 0 ? `${ALIASES[next(ALIASES.length)]}: ${name}` : name;
}

/**
 * Operations that ask types which exclude each other, under one response name, for other fields or for the same with
 * other arguments, at every level: valid GraphQL, most of it.
 */
export function conflictingOperations(schema: GraphQLSchema): fc.Arbitrary<string> {
  return fc.infiniteStream(fc.nat({ max: 999 })).map((stream) => {
    const next = (below: number) => (stream.next().value as number) % below;
    const [from, types] = next(2) === 0 ? ['latest', EVENTS] : ['top { found', FOUND];
    const selections = Array.from({ length: 2 + next(3) }, () => {
      const type = types[next(types.length)]!;
      return `... on ${type} ${likeOthers(schema, schema.getType(type)!, next(3), next)}`;
    });
    const asked = `${from} { ${selections.join(' ')} }${from === 'latest' ? '' : ' }'}`;
    return `query Random($id: ID!, $yes: Boolean!, $no: Boolean = false) { ${asked} }`;
  });
}

const EVENTS = ['Joined', 'Left'];
const FOUND = ['Joined', 'Left', 'User'];
/** What several types have, or what takes arguments. */
const SHARED = ['about', 'sign', 'of', 'best', 'says', 'friends'];

/** One or two fields, under names that those of other types have as well. */
function likeOthers(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
  depth: number,
  next: (below: number) => number,
): string {
  if (isAbstractType(type)) {
    const within = schema
      .getPossibleTypes(type)
      .map((each) => `... on ${each} ${likeOthers(schema, each, depth, next)}`);
    return `{ ${within.join(' ')} }`;
  }
  const fields = Object.values((type as GraphQLObjectType).getFields());
  const wanted = fields.filter((field) => isLeafType(getNamedType(field.type)) === depth <= 0);
  const from = wanted.length > 0 ? wanted : fields;
  const selections = Array.from({ length: 1 + next(2) }, (_, index) => {
    const shared = from.filter(({ name }) => SHARED.includes(name));
    const among = shared.length > 0 && next(3) > 0 ? shared : from;
    const field = among[next(among.length)]!;
    const named = getNamedType(field.type);
    const optional = OPTIONAL[field.name] ?? [''];
    const alias = next(4) === 0 ? `${['a', 'b'][index]}: ` : '';
    const behind = isLeafType(named) ? '' : ` ${likeOthers(schema, named, depth - 1, next)}`;
    return `${alias}${field.name}${optional[next(optional.length)]}${behind}`;
  });
  return `{ ${selections.join(' ')} }`;
}
