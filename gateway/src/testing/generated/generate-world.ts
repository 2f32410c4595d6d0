// Longer than other files: all of its parts draw from one row of random numbers, in this order.

/** A field of a world, in the one subgraph, or those, that have it. */
export interface WorldField {
  readonly name: string;
  /** As SDL: `[Entity1!]!`. */
  readonly type: string;
  /** As SDL, with its brackets. */
  readonly args: string;
  readonly subgraphs: readonly string[];
  /** Of a field that is worked out from others, which its subgraph does not have: as in `@requires`. */
  readonly requires?: string;
  /** Fields that its subgraph has of the entity behind it, though others own them: as in `@provides`. */
  readonly provides?: string;
  /** Of an interface or a union: which types may stand here. */
  readonly members?: readonly string[];
  readonly directives?: string;
}

export interface WorldType {
  readonly name: string;
  readonly kind: 'entity' | 'value' | 'interface' | 'union';
  /** The keys by which each subgraph that has it knows it. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
  readonly fields: WorldField[];
  /** Of an interface or a union, in each subgraph that has it. */
  readonly members: Map<string, readonly string[]>;
  /** Of an interface: the subgraph that has it as an object. */
  readonly objectIn?: string;
}

export interface World {
  readonly subgraphs: readonly string[];
  readonly types: ReadonlyMap<string, WorldType>;
  readonly query: WorldField[];
  readonly mutation: WorldField[];
}

export type Random = (below: number) => number;

/** The same numbers for the same seed (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const KEYS = ['id', 'sku', 'id place { code }', 'place { code area { code } }'];
const LEAVES = ['Int', 'String', 'Boolean', 'Float', 'Color', '[Int!]', 'String!', '[[Color]!]', 'Int!'];
const ARGUMENTS = ['', '', '(a: Int = 3)', '(by: Filter, in: [Color!])', '(a: Int, at: ID)', '(n: [[Int!]])'];

/**
 * Twelve subgraphs, say, over entities with one key or several, simple or compound, value types, interfaces, unions and
 * interface objects, lists in lists, arguments, and fields that are shared, required, provided, overridden or hidden.
 */
export function generateWorld(seed: number, size = 12): World {
  const random = randomOf(seed);
  const subgraphs = Array.from({ length: size }, (_, at) => `s${at}`);
  const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)] as Item;
  const some = <Item>(items: readonly Item[], least: number, most: number): Item[] => {
    const left = [...items];
    const count = Math.min(left.length, least + random(most - least + 1));
    return Array.from({ length: count }, () => left.splice(random(left.length), 1)[0] as Item);
  };
  const types = new Map<string, WorldType>();
  const add = (name: string, kind: WorldType['kind'], keys: WorldType['keys'], objectIn?: string) => {
    const type = { name, kind, keys, fields: [], members: new Map(), ...(objectIn !== undefined && { objectIn }) };
    types.set(name, type);
    return type;
  };

  const entities = Array.from({ length: size + 4 }, (_, at) => {
    const [hub = '', ...others] = some(subgraphs, 2, 5);
    const all = some(KEYS, 1, 3);
    const keys = new Map<string, readonly string[]>([[hub, all]]);
    // Half of them have one key that every subgraph knows; to the others the way may lead over a third one.
    const common = random(2) === 0 ? all.slice(0, 1) : [];
    for (const each of others) keys.set(each, [...new Set([...common, pick(all)])]);
    return add(`Entity${at}`, 'entity', keys);
  });
  const values = Array.from({ length: 4 }, (_, at) => {
    return add(`Value${at}`, 'value', new Map(some(subgraphs, 2, 4).map((each) => [each, []])));
  });
  const within = (subgraph: string, among: readonly WorldType[]) => among.filter(({ keys }) => keys.has(subgraph));

  const abstract = Array.from({ length: 5 }, (_, at) => {
    const kind = at < 2 ? 'union' : 'interface';
    const type = add(`${kind === 'union' ? 'Union' : 'Shape'}${at}`, kind, new Map());
    for (const subgraph of some(subgraphs, 2, 3)) {
      const members = some(within(subgraph, [...entities, ...values]), 2, 4).map(({ name }) => name);
      if (members.length > 0) type.members.set(subgraph, members);
    }
    return type;
  });
  let named = 0;
  const nameOf = (what: string) => {
    named += 1;
    return `${what}${named}`;
  };
  const context: Context = { nameOf, random, pick, some, types, subgraphs, entities, values, abstract, within };
  for (const type of abstract) if (type.kind === 'interface') addMark(type, types);
  for (const type of [...entities, ...values]) addFields(type, context);
  for (const type of entities) addProvidedFields(type, context);
  for (const type of entities) if (hasCommonKey(type)) addRequiringFields(type, context);
  addInterfaceObjects(context, add);
  const query = subgraphs.flatMap((subgraph) => rootsOf(subgraph, 'find', context));
  const mutation = subgraphs.flatMap((subgraph) => rootsOf(subgraph, 'change', context).slice(0, 1));
  return { subgraphs, types, query, mutation };
}

interface Context {
  /** A name that nothing else has. */
  readonly nameOf: (what: string) => string;
  readonly random: Random;
  readonly pick: <Item>(items: readonly Item[]) => Item;
  readonly some: <Item>(items: readonly Item[], least: number, most: number) => Item[];
  readonly types: Map<string, WorldType>;
  readonly subgraphs: readonly string[];
  readonly entities: readonly WorldType[];
  readonly values: readonly WorldType[];
  readonly abstract: readonly WorldType[];
  readonly within: (subgraph: string, among: readonly WorldType[]) => WorldType[];
}

/** What every type of an interface has, wherever it is one of its types. */
function addMark(type: WorldType, types: ReadonlyMap<string, WorldType>): void {
  const name = `mark${type.name}`;
  const mark = { name, type: 'String', args: '', directives: '@shareable' };
  type.fields.push({ ...mark, directives: '', subgraphs: [...type.members.keys()] });
  for (const member of new Set([...type.members.values()].flat())) {
    const of = types.get(member);
    const subgraphs = [...(of?.keys.keys() ?? [])].filter(
      (each) => of?.kind === 'value' || type.members.get(each)?.includes(member),
    );
    of?.fields.push({ ...mark, subgraphs });
  }
}

/** Fields that a subgraph has of a type, whoever has the rest. */
function addFields(type: WorldType, context: Context): void {
  const { nameOf, random, pick, within, entities, values, abstract } = context;
  const subgraphs = [...type.keys.keys()];
  if (type.kind === 'value') {
    for (let count = 2 + random(3); count > 0; count -= 1) {
      type.fields.push({ name: nameOf('leaf'), type: pick(LEAVES), args: pick(ARGUMENTS), subgraphs });
    }
    const everywhere = entities.filter(({ keys }) => subgraphs.every((subgraph) => keys.has(subgraph)));
    const [other] = everywhere;
    if (other) type.fields.push({ name: nameOf('link'), type: other.name, args: '', subgraphs });
    return;
  }
  for (const subgraph of subgraphs) {
    const own = [subgraph];
    for (let count = 1 + random(3); count > 0; count -= 1) {
      const directives = random(12) === 0 ? '@inaccessible' : '';
      type.fields.push({ name: nameOf('leaf'), type: pick(LEAVES), args: pick(ARGUMENTS), subgraphs: own, directives });
    }
    const others = within(subgraph, [...entities, ...values]);
    for (let count = random(3); count > 0; count -= 1) {
      type.fields.push({ name: nameOf('link'), type: wrapped(pick(others).name, random), args: '', subgraphs: own });
    }
    for (const each of abstract) {
      const members = each.members.get(subgraph);
      if (!members || random(2) === 0) continue;
      type.fields.push({ name: nameOf('any'), type: wrapped(each.name, random), args: '', subgraphs: own, members });
    }
  }
  const [first, second] = subgraphs;
  if (first !== undefined && second !== undefined && random(2) === 0) {
    const shared = { args: '', subgraphs: [first, second], directives: '@shareable' };
    type.fields.push({ name: nameOf('shared'), type: pick(LEAVES), ...shared });
    const overridden = { args: '', subgraphs: [first], directives: `@override(from: "${second}")` };
    type.fields.push({ name: nameOf('moved'), type: pick(LEAVES), ...overridden });
  }
}

const wrapped = (name: string, random: Random): string =>
  [name, `${name}!`, `[${name}!]!`, `[${name}]`, `[[${name}!]]!`][random(5)] as string;

/** The planner has no plan for `@requires` where a third subgraph has to be asked for the key first. */
const hasCommonKey = ({ keys }: WorldType): boolean => {
  const [first = [], ...others] = keys.values();
  return first.some((key) => others.every((each) => each.includes(key)));
};

const leavesOf = ({ fields }: WorldType, besides: string) =>
  fields.filter((field) => {
    const isLeaf = /^leaf|^shared/.test(field.name) && !/inaccessible/.test(field.directives ?? '');
    return isLeaf && !field.requires && !field.subgraphs.includes(besides);
  });

/** Fields that are worked out from those of other subgraphs, in themselves or in what is behind them. */
function addRequiringFields(type: WorldType, { nameOf, random, pick, some, types }: Context): void {
  for (const subgraph of type.keys.keys()) {
    const own = { type: 'String', subgraphs: [subgraph] };
    const needed = some(leavesOf(type, subgraph), 0, 2);
    if (needed.length > 0 && random(3) > 0) {
      const requires = needed.map(({ name, args }) => withArgument(name, args, random)).join(' ');
      type.fields.push({ ...own, name: nameOf('made'), args: pick(['', '(a: Int)']), requires });
    }
    const inside = type.fields.find(({ name, type: of, subgraphs }) => {
      return /^link/.test(name) && types.get(named(of))?.kind === 'value' && !subgraphs.includes(subgraph);
    });
    const value = inside && types.get(named(inside.type));
    const of = value?.keys.has(subgraph) ? value.fields.find(({ name }) => /^leaf/.test(name)) : undefined;
    if (!inside || !of) continue;
    type.fields.push({ ...own, name: nameOf('made'), args: '', requires: `${inside.name} { ${of.name} }` });
  }
}

/** Links behind which some of the fields that others own are known. */
function addProvidedFields(type: WorldType, { nameOf, random, pick, entities }: Context): void {
  for (const subgraph of type.keys.keys()) {
    const target = pick(entities);
    const known = target.keys.has(subgraph) ? leavesOf(target, subgraph).filter(({ name, args }) => args === '' && name.startsWith('leaf')) : [];
    if (!known[0] || random(2) === 0) continue;
    const provided = { args: '', subgraphs: [subgraph], provides: known[0].name };
    type.fields.push({ name: nameOf('near'), type: wrapped(target.name, random), ...provided });
  }
}

function withArgument(name: string, args: string, random: Random): string {
  return args.startsWith('(a: Int') && random(2) === 0 ? `${name}(a: ${random(3)})` : name;
}

/** An interface with a key, whose types one subgraph knows, while another one has it as an object. */
function addInterfaceObjects(
  { nameOf, subgraphs, entities, pick, within, random }: Context,
  add: (name: string, kind: 'interface', keys: WorldType['keys'], objectIn: string) => WorldType,
): void {
  const knowing = subgraphs.find(
    (subgraph) => within(subgraph, entities).filter(({ keys }) => keys.get(subgraph)?.includes('id')).length >= 2,
  );
  if (knowing === undefined) return;
  const members = within(knowing, entities).filter(({ keys }) => keys.get(knowing)?.includes('id'));
  const objectIn = pick(subgraphs.filter((each) => !members.some(({ keys }) => keys.has(each)) && each !== knowing));
  if (objectIn === undefined) return;
  const type = add('Thing', 'interface', new Map([[knowing, ['id']], [objectIn, ['id']]]), objectIn);
  const names = members.map(({ name }) => name);
  type.members.set(knowing, names);
  for (let count = 2 + random(2); count > 0; count -= 1) {
    type.fields.push({ name: nameOf('leaf'), type: pick(LEAVES), args: pick(ARGUMENTS), subgraphs: [objectIn] });
  }
  for (const [subgraph, of] of [[knowing, names], [objectIn, names]] as const) {
    const [first] = within(subgraph, entities);
    first?.fields.push({ name: nameOf('any'), type: '[Thing!]!', args: '', subgraphs: [subgraph], members: of });
  }
}

/** What a subgraph answers by itself: one, several, or any of an interface or a union. */
function rootsOf(subgraph: string, verb: string, { nameOf, within, entities, abstract, types, pick }: Context): WorldField[] {
  const subgraphs = [subgraph];
  const found = within(subgraph, entities).map(({ name }) => ({
    ...{ name: nameOf(verb), type: pick([name, `[${name}!]!`, `[${name}]`]), args: '(n: Int! = 1)', subgraphs },
  }));
  const any = abstract.flatMap(({ name, members }) => {
    const of = members.get(subgraph);
    return of ? [{ name: nameOf(verb), type: `[${name}]`, args: '(n: Int)', subgraphs, members: of }] : [];
  });
  const thing = types.get('Thing');
  if (!thing?.keys.has(subgraph)) return [...found, ...any];
  const members = [...thing.members.values()].flat();
  return [...found, ...any, { name: nameOf(verb), type: '[Thing!]!', args: '(n: Int)', subgraphs, members }];
}

/** The type in lists and exclamation marks. */
export const named = (type: string): string => type.replace(/[[\]!]/g, '');
