import type { GeneratorValue } from 'fast-check';
import * as fc from 'fast-check';
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';

export interface RandomOperation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Whether it is sent by somebody who is signed in. */
  readonly signedIn: boolean;
}

/** What is worth putting into arguments: real ids and cursors, beside values that nobody foresaw. */
export interface KnownValues {
  readonly ids: readonly string[];
  readonly cursors: readonly string[];
}

const DEEPEST = 7;
/** One in so many operations is damaged after it was written: a valid one, almost. */
const DAMAGED_IN = 5;

/** What shows nothing, turns what is around it, folds to something else, or counts differently by whoever counts. */
const TROUBLESOME = fc.constantFrom(
  ...['\u200b', '\u00ad', '\u3164', '\u2800', '\u202e', '\u2068', '\u2069', '\u0301', '\ufeff', '\ud800', '\0', ' '],
  ...['İ', 'ı', 'ß', 'ς', 'ﬁ', 'ﷺ', '’', '𝓐', '小', '김', 'ｶﾞ', '👩‍👧', 'a'],
);

/** Random operations over the schema: most of them valid, some nearly so, with values of every kind in their variables. */
export function anyOperation(schema: GraphQLSchema, known: KnownValues): fc.Arbitrary<RandomOperation> {
  // `gen` takes a copy of the random source: without something drawn in between, operations side by side are the same.
  return fc.tuple(fc.nat(), fc.gen()).map(([, draw]) => new OperationWriter(schema, known, draw).write());
}

class OperationWriter {
  readonly #schema: GraphQLSchema;
  readonly #known: KnownValues;
  readonly #draw: GeneratorValue;
  readonly #variables: Record<string, unknown> = {};
  readonly #definitions: string[] = [];

  constructor(schema: GraphQLSchema, known: KnownValues, draw: GeneratorValue) {
    this.#schema = schema;
    this.#known = known;
    this.#draw = draw;
  }

  write(): RandomOperation {
    const kind = this.#oneOf(['query', 'query', 'query', 'mutation']);
    const root = kind === 'query' ? this.#schema.getQueryType()! : this.#schema.getMutationType()!;
    const selection = this.#selectionOf(root, 0);
    const definitions = this.#definitions.length === 0 ? '' : `(${this.#definitions.join(', ')})`;
    const query = `${kind} Random${definitions} ${selection}`;
    const signedIn = this.#number(4) > 0;
    const damaged = this.#number(DAMAGED_IN) === 0;
    return { query: damaged ? this.#damage(query) : query, variables: this.#variables, signedIn };
  }

  #number(below: number): number {
    return this.#draw(fc.nat, { max: below - 1 });
  }
  #oneOf<Item>(items: readonly Item[]): Item {
    return items[this.#number(items.length)]!;
  }

  #selectionOf(type: GraphQLNamedOutputType, depth: number): string {
    if (isAbstractType(type)) {
      const possible = this.#oneOf(this.#schema.getPossibleTypes(type));
      return `{ __typename ... on ${possible.name} ${this.#selectionOf(possible, depth)} }`;
    }
    if (!isObjectType(type)) return '';
    const fields = Object.values(type.getFields()).filter(
      (field) => depth < DEEPEST || !isObjectType(getNamedType(field.type)),
    );
    if (fields.length === 0) return '{ __typename }';
    const chosen = Array.from({ length: 1 + this.#number(depth === 0 ? 2 : 4) }, () => this.#oneOf(fields));
    return `{ ${chosen.map((field, index) => this.#field(field, index, depth)).join(' ')} }`;
  }

  #field(field: GraphQLField<unknown, unknown>, index: number, depth: number): string {
    const alias = this.#number(3) === 0 ? `a${index}: ` : '';
    const given = field.args.filter(({ type }) => isNonNullType(type) || this.#number(2) === 0);
    const args = given.map(({ name, type }) => `${name}: ${this.#variable(name, type)}`);
    const directive = this.#number(12) === 0 ? ` @include(if: ${this.#oneOf(['true', 'false'])})` : '';
    const selection = this.#selectionOf(getNamedType(field.type), depth + 1);
    return `${alias}${field.name}${args.length === 0 ? '' : `(${args.join(', ')})`}${directive} ${selection}`;
  }

  #variable(name: string, type: GraphQLInputType): string {
    const variable = `v${this.#definitions.length}`;
    this.#definitions.push(`$${variable}: ${String(type)}`);
    this.#variables[variable] = this.#number(15) === 0 ? this.#anything() : this.#valueOf(name, type);
    return `$${variable}`;
  }

  #valueOf(name: string, type: GraphQLInputType): unknown {
    if (isNonNullType(type)) return this.#valueOf(name, type.ofType);
    if (this.#number(12) === 0) return null;
    if (isListType(type)) return Array.from({ length: this.#number(4) }, () => this.#valueOf(name, type.ofType));
    if (isEnumType(type)) return this.#oneOf(type.getValues()).name;
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter((f) => isNonNullType(f.type) || this.#number(2) === 0);
      return Object.fromEntries(fields.map((field) => [field.name, this.#valueOf(field.name, field.type)]));
    }
    switch (type.name) {
      case 'Int':
        return this.#number(3) === 0 ? this.#draw(fc.integer) : 1 + this.#number(30);
      case 'Boolean':
        return this.#draw(fc.boolean);
      case 'ID':
        return this.#number(5) === 0 ? this.#text() : this.#oneOf(this.#known.ids);
      default:
        if (name === 'avatarUrl' && this.#number(3) > 0) return this.#address();
        return name === 'after' && this.#number(2) === 0 ? this.#oneOf(this.#known.cursors) : this.#text();
    }
  }

  #text(): string {
    return this.#draw(fc.string, {
      unit: this.#oneOf([TROUBLESOME, 'binary', 'grapheme', 'grapheme-ascii'] as const),
      maxLength: 80,
    });
  }

  /** Of a host by name or number, in any spelling that a URL may have. */
  #address(): string {
    const host = this.#oneOf([
      () => this.#draw(fc.domain),
      () => this.#draw(fc.ipV4Extended),
      () => `[${this.#draw(fc.ipV6)}]`,
      () => this.#draw(fc.webAuthority, { withUserInfo: true, withPort: true }),
    ])();
    return `${this.#oneOf(['https://', 'https:', 'https:\\\\', 'HTTPS:///'])}${host}/${this.#draw(fc.webPath)}`;
  }

  #anything(): unknown {
    return this.#draw(fc.jsonValue);
  }

  /** A piece is taken out, doubled, or replaced by something else. */
  #damage(query: string): string {
    const from = this.#number(query.length);
    const to = Math.min(query.length, from + 1 + this.#number(6));
    const piece = query.slice(from, to);
    const instead = this.#oneOf([
      '',
      piece + piece,
      '{',
      '}',
      '$',
      '...',
      '@skip',
      '"',
      '\u0000',
      '#',
      '__typename',
      '"""',
      ')',
      '0x',
      '🕊',
    ]);
    return query.slice(0, from) + instead + query.slice(to);
  }
}
