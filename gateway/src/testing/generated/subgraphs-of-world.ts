import { FEDERATION } from '../subgraphs-in-hand.ts';
import { named, type World, type WorldField, type WorldType } from './generate-world.ts';

const INPUTS = 'enum Color { RED GREEN BLUE } input Filter { color: Color of: [ID!] within: Filter most: Int = 2 }';
const PLACE = 'type Place @shareable { code: String! area: Area! } type Area @shareable { code: String! }';
const KEY_FIELDS: Readonly<Record<string, string>> = { id: 'ID!', sku: 'String!', place: 'Place!' };

/** The first fields of a key: `id place { code }` has `id` and `place`. */
export const fieldsOfKey = (key: string): string[] => key.replace(/{.*}/g, '').trim().split(/\s+/);

/** A subgraph of the world as it is composed. */
export function sdlOf(world: World, subgraph: string): string {
  const own = [...world.types.values()].filter(
    ({ keys, members }) => keys.has(subgraph) || (members.get(subgraph)?.length ?? 0) > 0,
  );
  const roots = (name: string, fields: readonly WorldField[]) => {
    const there = fields.filter(({ subgraphs }) => subgraphs.includes(subgraph));
    return there.length > 0 ? `type ${name} { ${there.map(printed).join(' ')} }` : '';
  };
  const types = own.map((type) => typeOf(world, type, subgraph));
  const place = types.some((text) => text.includes(': Place!')) ? PLACE : '';
  return [
    FEDERATION,
    ...[roots('Query', world.query), roots('Mutation', world.mutation)],
    ...types,
    ...[place, INPUTS],
  ].join('\n');
}

function typeOf(world: World, type: WorldType, subgraph: string): string {
  const { name, kind, keys, members } = type;
  if (kind === 'union') return `union ${name} = ${members.get(subgraph)?.join(' | ')}`;
  const own = keys.get(subgraph) ?? [];
  const keyed = own.map((key) => `@key(fields: "${key}")`).join(' ');
  if (kind === 'interface') {
    const asObject = type.objectIn === subgraph;
    const fields = asObject || !type.objectIn ? type.fields.map(printed) : [];
    const id = own.length > 0 ? 'id: ID!' : '';
    return `${asObject ? 'type' : 'interface'} ${name} ${keyed} ${asObject ? '@interfaceObject' : ''} { ${id} ${fields.join(' ')} }`;
  }
  const interfaces = [...world.types.values()].filter(
    (each) => each.kind === 'interface' && each.members.get(subgraph)?.includes(name),
  );
  const is = interfaces.length > 0 ? `implements ${interfaces.map((each) => each.name).join(' & ')}` : '';
  const shared = kind === 'value' ? '@shareable' : '';
  const fields = [...keyFieldsOf(own), ...fieldsIn(world, type, subgraph)].join(' ');
  return `type ${name} ${is} ${keyed} ${shared} { ${fields} }`;
}

function keyFieldsOf(keys: readonly string[]): string[] {
  return [...new Set(keys.flatMap(fieldsOfKey))].map((name) => `${name}: ${KEY_FIELDS[name]}`);
}

/** What it has itself, and what it knows of others only by what it is told. */
function fieldsIn(world: World, type: WorldType, subgraph: string): string[] {
  const own = type.fields.filter(({ subgraphs }) => subgraphs.includes(subgraph));
  const needed = new Set(own.flatMap(({ requires = '' }) => [...requires.replace(/{.*?}|\(.*?\)/g, '').matchAll(/\w+/g)].map(([name]) => name)));
  for (const other of world.types.values()) {
    for (const { type: of, provides, subgraphs } of other.fields) {
      if (provides !== undefined && named(of) === type.name && subgraphs.includes(subgraph)) needed.add(provides);
    }
  }
  const external = type.fields.filter(({ name, subgraphs }) => needed.has(name) && !subgraphs.includes(subgraph));
  const moved = type.fields.filter(({ directives = '' }) => directives.includes(`"${subgraph}"`));
  return [
    ...own.map(printed),
    ...external.map(({ name, args, type: of }) => `${name}${args}: ${of} @external`),
    ...moved.map(({ name, args, type: of }) => `${name}${args}: ${of}`),
  ];
}

function printed({ name, args, type, requires, provides, directives = '' }: WorldField): string {
  const required = requires === undefined ? '' : ` @requires(fields: "${requires}")`;
  const provided = provides === undefined ? '' : ` @provides(fields: "${provides}")`;
  return `${name}${args}: ${type}${required}${provided} ${directives}`;
}
