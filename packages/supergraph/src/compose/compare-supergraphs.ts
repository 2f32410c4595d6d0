import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { type GraphQLSchema, parse, print, separateOperations, validate } from 'graphql';
import { publicSchemaOf } from './compose-subgraphs.ts';

export interface SchemaChange {
  readonly level: 'breaking' | 'dangerous' | 'safe';
  /** A sentence: "Field 'remark' was removed from object type 'Friend'". */
  readonly message: string;
  /** Where in the schema: `Friend.remark`. */
  readonly path: string;
}

/** An operation that clients send, by the name under which it is told of. */
export interface KnownOperation {
  readonly name: string;
  readonly text: string;
}

export interface BrokenOperation {
  readonly name: string;
  /** Why it is not valid any more. */
  readonly message: string;
}

export interface Comparison {
  /** The breaking ones first. */
  readonly changes: readonly SchemaChange[];
  /** Of the known operations those that were valid, and are no longer. */
  readonly broken: readonly BrokenOperation[];
}

const LEVELS = {
  [CriticalityLevel.Breaking]: 'breaking',
  [CriticalityLevel.Dangerous]: 'dangerous',
  [CriticalityLevel.NonBreaking]: 'safe',
} as const;
const ORDER = ['breaking', 'dangerous', 'safe'];

/** What changes for clients from one supergraph to the other (both as text), and which operations it breaks. */
export async function compareSupergraphs(
  before: string,
  after: string,
  operations: readonly KnownOperation[] = [],
): Promise<Comparison> {
  const [then, now] = [publicSchemaOf(before), publicSchemaOf(after)];
  const changes = (await diff(then, now)).map(({ criticality, message, path = '' }) => ({
    ...{ level: LEVELS[criticality.level], message, path },
  }));
  changes.sort((one, other) => ORDER.indexOf(one.level) - ORDER.indexOf(other.level));
  return { changes, broken: brokenOf(operations, then, now) };
}

function brokenOf(operations: readonly KnownOperation[], then: GraphQLSchema, now: GraphQLSchema): BrokenOperation[] {
  return operations.flatMap(({ name, text }) => {
    const document = parse(text);
    if (validate(then, document).length > 0) return [];
    const [error] = validate(now, document);
    return error ? [{ name, message: error.message }] : [];
  });
}

/**
 * Operations from the text of a file: a manifest of trusted documents, `{ "<sha256>": "<document>" }`, or documents in
 * GraphQL. Each is called as it calls itself, else by its hash or its place.
 */
export function readOperations(text: string): KnownOperation[] {
  const manifest = readManifest(text);
  const documents = manifest ? Object.entries(manifest) : [['operation', text] as const];
  return documents.flatMap(([key, document]) =>
    Object.entries(separateOperations(parse(document))).map(([name, operation], at) => ({
      ...{ name: name || (manifest ? key : `${key} ${at + 1}`), text: print(operation) },
    })),
  );
}

function readManifest(text: string): Readonly<Record<string, string>> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // A query can begin with a brace as well.
    return undefined;
  }
}
