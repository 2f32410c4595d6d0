import type { Logger } from '@kith/service-kit';
import {
  type DocumentNode,
  type GraphQLField,
  type GraphQLNamedOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isLeafType,
  isNonNullType,
  Kind,
  OperationTypeNode,
  parse,
  validate,
} from 'graphql';
import { PlanRefused } from '../planner/plan-refused.ts';
import type { Supergraph } from '../subgraphs/read-supergraph.ts';
import type { PlanOptions } from './gather/gathered.ts';
import { conditionsOf, planOperation } from './plan-operations.ts';

/** What a supergraph can be asked for, by its fields of the roots: `query name`. */
export interface TriedSupergraph {
  /** The fields that have no plan with all that they lead to: what the planner refuses of them is refused to clients. */
  readonly withoutPlan: ReadonlySet<string>;
  /** The largest document of each field that has a plan, as text: the next supergraph has to have one of it too. */
  readonly planned: ReadonlyMap<string, string>;
}

/**
 * Plans one document for each field of the roots, with every type that it leads to, and each document that is trusted. A
 * field that the planner refuses with all that it leads to is told, and the rest is served; what had a plan `before` must
 * still have one. Rejects when it has none any more, when a trusted document has no plan, or when a plan has a step that
 * cannot be run here. What is trusted and does not fit the schema is told: its clients are refused as any other would be.
 */
export async function trySupergraph(
  supergraph: Supergraph,
  subgraphs: PlanOptions['subgraphs'],
  options: {
    readonly trusted: readonly string[];
    /** Of the supergraph in whose place this one comes, if there is one. */
    readonly before: TriedSupergraph['planned'] | undefined;
    readonly log: Pick<Logger, 'warn'>;
  },
): Promise<TriedSupergraph> {
  const { schema } = supergraph;
  const { trusted, before, log } = options;
  const withoutPlan = new Set<string>();
  const planned = new Map<string, string>();
  for (const text of documentsOfRootFields(schema)) {
    const [field = ''] = text.match(/^\w+ \w+/) ?? [];
    try {
      await tryDocument(supergraph, subgraphs, parse(text));
      planned.set(field, text);
    } catch (error) {
      const isRefused = error instanceof Error && error.cause instanceof PlanRefused && error.cause.forGood;
      if (!isRefused) throw error;
      const known = before?.get(field);
      if (known !== undefined) {
        const [document, fits] = parsed(schema, known);
        if (!document || !fits) throw error;
        await tryDocument(supergraph, subgraphs, document);
        planned.set(field, known);
      }
      withoutPlan.add(field);
      log.warn({ field, why: error.message }, 'the planner has no plan for a field with all that it leads to');
    }
  }
  for (const text of trusted) {
    const [document, fits] = parsed(schema, text);
    if (document && fits) await tryDocument(supergraph, subgraphs, document);
    else log.warn({ document: text.slice(0, 200) }, 'a trusted document does not fit the supergraph');
  }
  return { withoutPlan, planned };
}

async function tryDocument(
  supergraph: Supergraph,
  subgraphs: PlanOptions['subgraphs'],
  document: DocumentNode,
): Promise<void> {
  const names = conditionsOf(document);
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const holds of names.length > 0 ? [true, false] : [true]) {
      const variables = Object.fromEntries(names.map((name) => [name, holds]));
      try {
        await planOperation(supergraph, subgraphs, {
          document,
          operation: definition,
          variables,
          from: '',
          trial: true,
        });
      } catch (cause) {
        // What its conditions leave out altogether is the client's mistake.
        if (names.length > 0 && cause instanceof Error && cause.name === 'GraphQLError') continue;
        const what = `${definition.operation} ${definition.name?.value ?? ''}`.trim();
        throw new Error(`The supergraph's ${what} cannot be run: ${(cause as Error).message}`, { cause });
      }
    }
  }
}

function parsed(schema: GraphQLSchema, text: string): [DocumentNode | undefined, boolean] {
  try {
    const document = parse(text);
    return [document, validate(schema, document).length === 0];
  } catch {
    return [undefined, false];
  }
}

/** One for each field of the roots; it is called by the field. Every type stands in it once with all of its fields. */
function documentsOfRootFields(schema: GraphQLSchema): string[] {
  return Object.values(OperationTypeNode).flatMap((kind) => {
    return Object.values(schema.getRootType(kind)?.getFields() ?? {}).map((field) => {
      const variables: string[] = [];
      const selection = selectionOfField(schema, field, '', { seen: new Set(), variables });
      const declared = variables.length === 0 ? '' : `(${variables.join(', ')})`;
      return `${kind} ${field.name}${declared} { ${selection} }`;
    });
  });
}

interface Written {
  readonly seen: Set<string>;
  readonly variables: string[];
}

/** `alias`: under types that exclude each other the same name may stand for what does not go together. */
function selectionOfField(
  schema: GraphQLSchema,
  field: GraphQLField<unknown, unknown>,
  alias: string,
  written: Written,
): string {
  const given = field.args
    .filter((argument) => isNonNullType(argument.type) && argument.defaultValue === undefined)
    .map(({ name, type }) => {
      const variable = `$v${written.variables.length}`;
      written.variables.push(`${variable}: ${type}`);
      return `${name}: ${variable}`;
    });
  const selection = selectionOf(schema, getNamedType(field.type), written);
  return `${alias}${field.name}${given.length === 0 ? '' : `(${given.join(', ')})`}${selection}`;
}

function selectionOf(schema: GraphQLSchema, type: GraphQLNamedOutputType, written: Written): string {
  if (isLeafType(type)) return '';
  const within = (isAbstractType(type) ? schema.getPossibleTypes(type) : [type]).map((each) => {
    const isFirst = !written.seen.has(each.name);
    written.seen.add(each.name);
    const asked = Object.values(each.getFields())
      .filter((field) => isFirst || isLeafType(getNamedType(field.type)))
      .map((field) => selectionOfField(schema, field, isAbstractType(type) ? `${each}_${field.name}: ` : '', written));
    const inside = `{ __typename ${asked.join(' ')} }`;
    return isAbstractType(type) ? `... on ${each} ${inside}` : inside;
  });
  return isAbstractType(type) ? ` { __typename ${within.join(' ')} }` : ` ${within[0]}`;
}
