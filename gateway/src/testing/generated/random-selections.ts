import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql';
import type { Random } from './generate-world.ts';

export interface RandomOperation {
  readonly text: string;
  readonly variables: Record<string, unknown>;
}

interface Writing {
  readonly schema: GraphQLSchema;
  readonly random: Random;
  readonly variables: Map<string, string>;
  readonly values: Record<string, unknown>;
  readonly fragments: string[];
  left: number;
}

const CONDITIONS = ['@include(if: $yes)', '@skip(if: $no)', '@include(if: $no)', '@skip(if: true)', '@include(if: true)'];

/** An operation with arguments, variables, aliases, fragments and conditions; valid, or nearly. */
export function randomOperation(schema: GraphQLSchema, random: Random): RandomOperation {
  const isMutation = random(8) === 0;
  const root = (isMutation && schema.getMutationType()) || schema.getQueryType();
  if (!root) throw new Error('There is nothing to ask for.');
  const writing: Writing = { schema, random, variables: new Map(), values: {}, fragments: [], left: 12 + random(30) };
  const selection = selectionOf(root, 5, writing);
  writing.variables.set('yes', 'Boolean!').set('no', 'Boolean = false');
  writing.values.yes = random(2) === 0;
  if (random(2) === 0) writing.values.no = random(2) === 0;
  const declared = [...writing.variables].map(([name, type]) => `$${name}: ${type}`).join(', ');
  const kind = root === schema.getQueryType() ? 'query' : 'mutation';
  return { text: [`${kind} Random(${declared}) ${selection}`, ...writing.fragments].join('\n'), variables: writing.values };
}

function selectionOf(type: GraphQLNamedType, depth: number, writing: Writing): string {
  const { random } = writing;
  const selections = Array.from({ length: 1 + random(4) }, () => selectionIn(type, depth, writing));
  return `{ ${selections.join(' ')} }`;
}

function selectionIn(type: GraphQLNamedType, depth: number, writing: Writing): string {
  const { schema, random } = writing;
  writing.left -= 1;
  const condition = random(8) === 0 ? ` ${CONDITIONS[random(CONDITIONS.length)]}` : '';
  const isPlain = !isAbstractType(type);
  if (random(isPlain ? 14 : 2) === 0) {
    const within = isAbstractType(type) ? schema.getPossibleTypes(type) : [type];
    const of = random(5) === 0 ? type : within[random(within.length)];
    const behind = selectionOf(of as GraphQLNamedType, depth, writing);
    if (random(3) > 0) return `... on ${of?.name}${condition} ${behind}`;
    const name = `F${writing.fragments.length}`;
    writing.fragments.push(`fragment ${name} on ${of?.name} ${behind}`);
    return `...${name}${condition}`;
  }
  if (!('getFields' in type) || random(9) === 0) return `${alias(random)}__typename${condition}`;
  const fields = Object.values(type.getFields()) as GraphQLField<unknown, unknown>[];
  const leaves = fields.filter((field) => isLeafType(getNamedType(field.type)));
  const from = (depth <= 1 || writing.left <= 0) && leaves.length > 0 ? leaves : fields;
  const field = from[random(from.length)];
  if (!field) return '__typename';
  const of = getNamedType(field.type);
  const behind = isCompositeType(of) ? ` ${depth <= 0 ? '{ __typename }' : selectionOf(of, depth - 1, writing)}` : '';
  return `${alias(random)}${field.name}${argumentsOf(field, writing)}${condition}${behind}`;
}

const ALIASES = ['id', 'a', 'b', '_entities', 'sku', 'place'];
const alias = (random: Random): string => (random(6) === 0 ? `${ALIASES[random(ALIASES.length)]}: ` : '');

function argumentsOf(field: GraphQLField<unknown, unknown>, writing: Writing): string {
  const { random } = writing;
  const given = field.args.flatMap(({ name, type }) => {
    if (random(2) === 0) return [];
    if (random(3) > 0) return [`${name}: ${literalOf(type, random, 0)}`];
    const variable = `v${writing.variables.size}`;
    writing.variables.set(variable, String(type));
    const value = valueOf(type, random, 0);
    if (value !== undefined || isNonNullType(type)) writing.values[variable] = value ?? 1;
    return [`${name}: $${variable}`];
  });
  return given.length > 0 ? `(${given.join(', ')})` : '';
}

function valueOf(type: GraphQLInputType, random: Random, depth: number): unknown {
  if (isNonNullType(type)) return valueOf(type.ofType, random, depth) ?? valueOf(type.ofType, () => 1, depth);
  if (random(6) === 0) return null;
  if (isListType(type)) return Array.from({ length: random(3) }, () => valueOf(type.ofType, random, depth));
  if (isEnumType(type)) return type.getValues()[random(type.getValues().length)]?.name;
  if (!isInputObjectType(type)) return type.name === 'ID' ? `i${random(5)}` : random(5);
  const fields = Object.values(type.getFields()).filter(() => depth < 2 && random(2) === 0);
  return Object.fromEntries(fields.map((field) => [field.name, valueOf(field.type, random, depth + 1)]));
}

function literalOf(type: GraphQLInputType, random: Random, depth: number): string {
  const written = (value: unknown, of: GraphQLInputType): string => {
    if (isNonNullType(of)) return written(value, of.ofType);
    if (value === null || value === undefined) return 'null';
    if (isListType(of)) return `[${(value as unknown[]).map((item) => written(item, of.ofType)).join(', ')}]`;
    if (isEnumType(of)) return String(value);
    if (!isInputObjectType(of)) return JSON.stringify(value);
    const fields = Object.entries(value).map(([name, each]) => `${name}: ${written(each, of.getFields()[name]?.type ?? of)}`);
    return `{ ${fields.join(', ')} }`;
  };
  return written(valueOf(type, random, depth), type);
}
