import {
  type DocumentNode,
  type FieldNode,
  type GraphQLError,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
  visit,
} from 'graphql';
import { type CompleteSelection, compileSelection } from './complete-selection.ts';
import { introspectionOf, planningDocumentOf } from './planning-document.ts';
import { type Projection, projectionOf } from './project-announcement.ts';
import type { Supergraph } from './read-supergraph.ts';
import { compilePlan, type PlanOptions, type PlanStep } from './run-plan.ts';
import { sourceKeys } from './source-key.ts';

type Variables = Record<string, unknown>;

/** An operation, ready to be run: everything about it that does not depend on its data. */
export interface PlannedOperation {
  /** Asks the services; undefined when none has to be asked. */
  readonly gather: PlanStep | undefined;
  readonly complete: CompleteSelection;
  /** What a query asks about the schema. */
  readonly introspection: DocumentNode | undefined;
  /** Of a subscription. */
  readonly announced: Announced | undefined;
}

/** What is done with each announcement of the field that is subscribed to. */
export type Announced = { readonly field: FieldNode } & (
  | { /** All that is selected stands in it. */ readonly projection: Projection }
  | { /** The part that stands in it; services are asked for the rest. */ readonly take: CompleteSelection }
);

/** `variables` are coerced. The same document, and the same values of what its conditions depend on, are planned once. */
export type PlanOperation = (
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
) => Promise<PlannedOperation>;

/** As many combinations of its conditions are remembered of one document. */
const MOST_VARIANTS = 32;

interface Planned {
  /** The variables that `@skip` and `@include` depend on. */
  readonly conditions: readonly string[];
  readonly variants: Map<string, Promise<PlannedOperation>>;
}

/** What a client may see of an error. */
type Mask = (error: GraphQLError) => GraphQLError;

/** Plans are kept as long as their parsed documents are, which whoever parses remembers in a bounded number. */
export function planOperations(supergraph: Supergraph, subgraphs: PlanOptions['subgraphs'], mask: Mask): PlanOperation {
  const byDocument = new WeakMap<DocumentNode, Planned>();

  function plannedOf(document: DocumentNode): Planned {
    let planned = byDocument.get(document);
    if (!planned) {
      planned = { conditions: conditionsOf(document), variants: new Map() };
      byDocument.set(document, planned);
    }
    return planned;
  }

  return (document, operation, variables) => {
    const { conditions, variants } = plannedOf(document);
    const variant = JSON.stringify([operation.name?.value, ...conditions.map((name) => variables[name])]);
    const known = variants.get(variant);
    if (known) return known;
    if (variants.size === MOST_VARIANTS) variants.clear();
    const fresh = planOperation(supergraph, { subgraphs, mask }, { document, operation, variables });
    variants.set(variant, fresh);
    return fresh;
  };
}

async function planOperation(
  { schema, planner }: Supergraph,
  { subgraphs, mask }: { subgraphs: PlanOptions['subgraphs']; mask: Mask },
  asked: { document: DocumentNode; operation: OperationDefinitionNode; variables: Variables },
): Promise<PlannedOperation> {
  const sourceKeyOf = sourceKeys();
  const complete = compileSelection({ schema, ...asked, sourceKeyOf });
  const introspection = introspectionOf(asked.document, asked.operation);
  const { text, responseKeys } = planningDocumentOf(
    schema,
    asked.document,
    asked.operation,
    asked.variables,
    sourceKeyOf,
  );
  if (text === undefined) return { gather: undefined, complete, introspection, announced: undefined };

  const { node } = await planner.planAsync(text, asked.operation.name?.value, NO_LABELS, 0);
  if (!node) throw new Error('The planner has no plan for an operation that asks for something.');
  const compile = (each: typeof node) => compilePlan(each, { subgraphs, schema, responseKeys });
  if (asked.operation.operation !== 'subscription') {
    return { gather: compile(node), complete, introspection, announced: undefined };
  }
  const [first, ...joins] = node.kind === 'Sequence' ? node.nodes : [node];
  if (first?.kind !== 'Subscription') throw new Error('The plan of a subscription does not begin with it.');
  const document = parse(first.primary.operation);
  const operation = getOperationAST(document)!;
  const [field] = operation.selectionSet.selections;
  if (field?.kind !== Kind.FIELD) throw new Error('The plan of a subscription does not begin with a field.');
  if (joins.length === 0) {
    const all = compileSelection({ schema, ...asked, sourceKeyOf: asAnnounced });
    const projection = projectionOf(field.name.value, all, mask);
    return { gather: undefined, complete, introspection, announced: { field, projection } };
  }
  const take = compileSelection({ schema, document, operation, variables: {}, sourceKeyOf: asAnnounced });
  const gather = compile({ kind: 'Sequence', nodes: joins });
  return { gather, complete, introspection, announced: { field, take } };
}

const asAnnounced = ({ name }: FieldNode) => name.value;

/** Progressive overrides, which our subgraphs have none of. */
const NO_LABELS = new Set<string>();

function conditionsOf(document: DocumentNode): string[] {
  const names = new Set<string>();
  visit(document, {
    Directive(directive) {
      if (directive.name.value !== 'skip' && directive.name.value !== 'include') return;
      for (const { value } of directive.arguments ?? []) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names];
}
