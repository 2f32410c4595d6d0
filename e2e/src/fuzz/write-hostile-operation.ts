import type { GeneratorValue } from 'fast-check';
import * as fc from 'fast-check';
import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isLeafType,
  isNonNullType,
} from 'graphql';
import type { KnownValues, RandomOperation } from './write-operation.ts';

const DEEPEST = 4;
const HUGE = ['9223372036854775808', '-99999999999999999999', `1${'0'.repeat(400)}`, '1e400', '0.1e-400', '4294967296'];

/**
 * Operations that others' servers did not survive: arguments that differ under types that exclude each other,
 * descriptions before operations, fragments and variables, literals beyond every number and text, and conditions that are
 * null, missing or of no use.
 */
export function hostileOperation(schema: GraphQLSchema, known: KnownValues): fc.Arbitrary<RandomOperation> {
  return fc.tuple(fc.nat(), fc.gen()).map(([, draw]) => new HostileWriter(schema, known, draw).write());
}

class HostileWriter {
  readonly #schema: GraphQLSchema;
  readonly #known: KnownValues;
  readonly #draw: GeneratorValue;

  constructor(schema: GraphQLSchema, known: KnownValues, draw: GeneratorValue) {
    this.#schema = schema;
    this.#known = known;
    this.#draw = draw;
  }

  write(): RandomOperation {
    const kind = this.#oneOf(['query', 'query', 'subscription'] as const);
    const root = kind === 'query' ? this.#schema.getQueryType()! : this.#schema.getSubscriptionType()!;
    const fields = Object.values(root.getFields());
    const chosen = kind === 'query' ? [this.#oneOf(fields), this.#oneOf(fields)] : [this.#oneOf(fields)];
    const selections = chosen.map((field, at) => this.#field(field, kind === 'query' ? `r${at}: ` : '', 0));
    const fragment = this.#number(3) === 0 ? ` ${this.#description()}fragment Unused on User { id }` : '';
    const spread = fragment && kind === 'query' ? ' me { ...Unused }' : '';
    const operation = `${kind} Hostile(${this.#description()}$c: Boolean) { ${selections.join(' ')}${spread} }`;
    return {
      query: `${this.#description()}${operation}${fragment}`,
      variables: this.#oneOf([{}, { c: null }, { c: true }, { c: false }, { c: 'yes' }]),
      signedIn: this.#number(3) > 0,
    };
  }

  #number(below: number): number {
    return this.#draw(fc.nat, { max: below - 1 });
  }
  #oneOf<Item>(items: readonly Item[]): Item {
    return items[this.#number(items.length)]!;
  }

  #description(): string {
    return this.#number(3) > 0
      ? ''
      : this.#oneOf(['"what it is" ', '"""\nmany\n  lines\n""" ', '"" ', '"\\u{1F54A}" ']);
  }

  /** Of an interface or a union each type has the same fields, with arguments of its own. */
  #selectionOf(type: GraphQLNamedType, depth: number): string {
    if (isLeafType(type)) return '';
    if (isAbstractType(type)) {
      const types = this.#schema.getPossibleTypes(type);
      const within = Array.from({ length: 3 }, () => this.#oneOf(types)).map(
        (each) => `... on ${each}${this.#condition()} ${this.#selectionOf(each, depth)}`,
      );
      return `{ __typename ${within.join(' ')} }`;
    }
    const fields = Object.values((type as GraphQLObjectType).getFields());
    const objects = fields.filter((field) => !isLeafType(getNamedType(field.type)));
    const withArguments = objects.filter((field) => field.args.length > 0);
    const leaves = fields.filter((field) => isLeafType(getNamedType(field.type)));
    const from =
      depth >= DEEPEST ? leaves : withArguments.length > 0 && this.#number(2) === 0 ? withArguments : objects;
    const chosen = [from, leaves].flatMap((each) => (each.length > 0 ? [this.#oneOf(each)] : []));
    const asked = chosen.map((field) =>
      this.#field(field, this.#number(4) === 0 ? `${this.#oneOf(['id', 'x', '_1_x', 'user'])}: ` : '', depth + 1),
    );
    return `{ __typename ${asked.join(' ')} }`;
  }

  #field(field: GraphQLField<unknown, unknown>, alias: string, depth: number): string {
    const given = field.args.filter(({ type }) => isNonNullType(type) || this.#number(2) === 0);
    const args = given.map(({ name, type }) => `${name}: ${this.#literal(String(getNamedType(type)))}`);
    const written = `${alias}${field.name}${args.length === 0 ? '' : `(${args.join(', ')})`}${this.#condition()}`;
    return `${written} ${this.#selectionOf(getNamedType(field.type), depth)}`;
  }

  #condition(): string {
    if (this.#number(5) > 0) return '';
    const which = this.#oneOf(['include', 'skip']);
    return ` @${which}${this.#oneOf(['(if: null)', '(if: $c)', '(if: true)', '(if: false)', '', '(if: 1)', '(if: $none)'])}`;
  }

  #literal(type: string): string {
    if (this.#number(6) === 0) return this.#oneOf(HUGE);
    if (this.#number(12) === 0) return `"${'x'.repeat(1 + this.#number(20_000))}"`;
    if (this.#number(12) === 0) return `${'['.repeat(1 + this.#number(60))}1`;
    if (type === 'Int') return String(1 + this.#number(9));
    if (type === 'ID') return `"${this.#oneOf(this.#known.ids)}"`;
    return this.#oneOf(['null', '"text"', '"""text"""', 'true', 'WORD', '[]', '{}']);
  }
}
