import {
  type FieldNode,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  Kind,
  parse,
  type SelectionSetNode,
} from 'graphql';
import type { World, WorldField } from './generate-world.ts';

/** An object of the world: `id` is `Entity3-4`, whatever the type is called where it was found. */
export interface WorldObject {
  readonly __typename: string;
  readonly id: string;
  /** In a subgraph: what it was told of it, and what it knows of it though others own it. */
  readonly given?: Readonly<Record<string, unknown>>;
  readonly provided?: string | undefined;
}

/** The same number for the same text, of any size (FNV-1a). */
export function numberOf(text: string): number {
  let hash = 2_166_136_261;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 16_777_619) >>> 0;
  return (hash ^ (hash >>> 15)) >>> 0;
}

const COLORS = ['RED', 'GREEN', 'BLUE'];

export function fieldsByName(world: World): ReadonlyMap<string, WorldField> {
  const all = [...world.types.values()].flatMap(({ fields }) => fields);
  return new Map([...all, ...world.query, ...world.mutation].map((field) => [field.name, field]));
}

/** What a field of an object is, for anybody who has it: always the same. */
export function valueOf({ name, type, members, provides }: WorldField, of: string, args: object): unknown {
  const told = JSON.stringify(args);
  const valueAt = (wanted: string, place: string): unknown => {
    const seed = numberOf(`${of} ${name} ${told} ${place}`);
    if (wanted.endsWith('!')) return valueAt(wanted.slice(0, -1), `${place}!`) ?? valueAt(wanted.slice(0, -1), `${place}?!`);
    if (seed % 7 === 0 && !place.endsWith('!')) return null;
    if (wanted.startsWith('[')) {
      return Array.from({ length: seed % 3 }, (_, at) => valueAt(wanted.slice(1, -1), `${place}.${at}`));
    }
    if (wanted === 'Int') return seed % 1000;
    if (wanted === 'Float') return (seed % 1000) / 8;
    if (wanted === 'Boolean') return seed % 2 === 0;
    if (wanted === 'Color') return COLORS[seed % 3];
    if (wanted === 'String') return `${name} ${seed % 1000} of ${of} ${told}`;
    const concrete = members ? (members[seed % members.length] as string) : wanted;
    return { __typename: concrete, id: `${concrete}-${seed % 8}`, provided: provides };
  };
  return valueAt(type, '');
}

/** The fields of keys: all that is known of an object by its name alone. */
export function keyOf({ id }: WorldObject, field: string): unknown {
  if (field === 'id') return id;
  if (field === 'sku') return id.replace('-', '+');
  return field === 'place' ? { code: id.replace('-', '/'), area: { code: id.replace('-', ':') } } : undefined;
}

/** What is worked out from the fields that a field requires. */
export function madeOf(field: WorldField, requires: SelectionSetNode, source: unknown): string {
  const take = (value: unknown, set: SelectionSetNode | undefined): unknown => {
    if (value === undefined) throw new Error(`${field.name} was not told all that it requires: ${field.requires}`);
    if (value === null || !set) return value;
    if (Array.isArray(value)) return value.map((item) => take(item, set));
    return nodesOf(set).map((node) => take((value as Record<string, unknown>)[node.name.value], node.selectionSet));
  };
  return `${field.name} ${JSON.stringify(take(source, requires))}`;
}

export function selectionOf(fieldSet: string): SelectionSetNode {
  const [definition] = parse(`{ ${fieldSet} }`).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`${fieldSet} is no set of fields.`);
  return definition.selectionSet;
}

const nodesOf = ({ selections }: SelectionSetNode) => selections as readonly FieldNode[];

/** The world as one schema has it. */
export function resolveWhole(world: World, schema: GraphQLSchema): GraphQLFieldResolver<WorldObject | undefined, unknown> {
  const fields = fieldsByName(world);
  const resolve = (type: GraphQLObjectType, source: WorldObject | undefined, name: string, args: object): unknown => {
    const field = fields.get(name);
    if (!field) return source && (source.id ? keyOf(source, name) : (source as unknown as Record<string, unknown>)[name]);
    const id = source?.id ?? '';
    if (field.requires === undefined) return valueOf(field, id, args);
    const selection = selectionOf(field.requires);
    return `${madeOf(field, selection, told(type, source, selection))} ${JSON.stringify(args)}`;
  };
  /** The required fields of an object, as a service would be told of them. */
  const told = (type: GraphQLObjectType, source: WorldObject | undefined, set: SelectionSetNode): unknown =>
    Object.fromEntries(
      nodesOf(set).map((node) => {
        const name = node.name.value;
        const definition = type.getFields()[name];
        const args = definition ? getArgumentValues(definition, node) : {};
        const value = resolve(type, source, name, args);
        const within = (each: unknown): unknown => {
          if (Array.isArray(each)) return each.map(within);
          if (each === null || !node.selectionSet) return each;
          const behind = each as WorldObject;
          return told(schema.getType(behind.__typename) as GraphQLObjectType, behind, node.selectionSet);
        };
        return [name, within(value)];
      }),
    );
  return (source, args, _context, info) => resolve(info.parentType, source, info.fieldName, args);
}

/** The part of the world that one subgraph has: what it is not told and does not have, it does not know. */
export function resolvePart(world: World, subgraph: string): GraphQLFieldResolver<WorldObject | undefined, unknown> {
  const fields = fieldsByName(world);
  return (source, args, _context, info) => {
    const name = info.fieldName;
    const field = fields.get(name);
    if (!field) return source && (source.id ? keyOf(source, name) : (source as unknown as Record<string, unknown>)[name]);
    if (!field.subgraphs.includes(subgraph) && !(field.name.startsWith('mark') && source)) {
      if (source?.given && name in source.given) return source.given[name];
      if (source?.provided !== name) throw new Error(`The subgraph ${subgraph} does not have ${name}.`);
    }
    if (field.requires === undefined) return inside(valueOf(field, source?.id ?? '', args), world, subgraph);
    return `${madeOf(field, selectionOf(field.requires), source?.given)} ${JSON.stringify(args)}`;
  };
}

/** Where an interface is an object, nothing is known of the types that it stands for. */
function inside(value: unknown, world: World, subgraph: string): unknown {
  if (Array.isArray(value)) return value.map((item) => inside(item, world, subgraph));
  if (typeof value !== 'object' || value === null) return value;
  const object = value as WorldObject;
  if (world.types.get(object.__typename)?.keys.has(subgraph)) return object;
  return { ...object, __typename: 'Thing' };
}

/** The object that a representation is about, by whichever key. */
export function objectOf(representation: Readonly<Record<string, unknown>>, world: World, subgraph: string): WorldObject {
  const { __typename, id, sku, place } = representation as Record<string, string> & { place?: { code?: string; area?: { code: string } } };
  const key = id ?? sku ?? place?.code ?? place?.area?.code;
  if (typeof key !== 'string') throw new Error(`Nobody knows ${JSON.stringify(representation)}.`);
  const type = world.types.get(String(__typename));
  const isTold = type?.kind === 'interface' && type.objectIn !== subgraph;
  const known = isTold ? key.replace(/[-+/:].*/, '') : String(__typename);
  return { __typename: known, id: key.replace(/[+/:]/, '-'), given: representation };
}
