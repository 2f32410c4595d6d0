import { createHash } from 'node:crypto';
import type { PlanNode } from '@graphql-hive/router-query-planner';
import { present } from '@kith/service-kit';
import {
  type DocumentNode,
  type FieldNode,
  GraphQLError,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  visit,
} from 'graphql';
import type { AskedPlan } from '../planner/plan-in-processes-apart.ts';
import { PlanRefused } from '../planner/plan-refused.ts';
import type { Supergraph } from '../subgraphs/read-supergraph.ts';
import { type CompleteSelection, compileSelection } from './complete-selection.ts';
import { askForEveryMember } from './completed/ask-for-every-member.ts';
import { askForEveryType } from './completed/ask-for-every-type.ts';
import { type AskedSubscription, askSubscription } from './gather/ask-subscription.ts';
import type { PlanOptions, PlanStep } from './gather/gathered.ts';
import { abstractTypes } from './gather/represent-entities.ts';
import { compilePlan } from './gather/run-plan.ts';
import { introspectionOf, planningDocumentOf } from './planning-document.ts';
import { type SourceKeyOf, sourceKeys } from './source-key.ts';

type Variables = Record<string, unknown>;

/** An operation, ready to be run: everything about it that does not depend on its data. */
export interface PlannedOperation {
  /** Asks the services; undefined when none has to be asked. */
  readonly gather: PlanStep | undefined;
  readonly complete: CompleteSelection;
  /** The names under which services were asked for the fields of the document. */
  readonly sourceKeyOf: SourceKeyOf;
  /** What a query asks about the schema. */
  readonly introspection: DocumentNode | undefined;
  /** Of a live list. */
  readonly announced: Announced | undefined;
  /** Of a subscription that is none. */
  readonly passedThrough: PassedThrough | undefined;
}

/** What is subscribed to at a subgraph. */
export interface PassedThrough extends AskedSubscription {
  readonly field: string;
}

/** What is taken of each announcement of the field that is subscribed to. */
export interface Announced {
  readonly field: FieldNode;
  /** The part of the selection that an announcement has; all of it when there is nothing to `gather`. */
  readonly take: CompleteSelection;
}

/** Why an operation is not run; made anew for each answer. */
interface NotPlanned {
  readonly errors: readonly GraphQLError[];
}

/**
 * `variables` are coerced; `from` says who asks. The same document, and the same values of what its conditions depend
 * on, are planned once. Never rejects.
 */
export type PlanOperation = (
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
  from?: string,
) => Promise<PlannedOperation | NotPlanned>;

/** As many combinations of its conditions are remembered of one document. */
const MOST_VARIANTS = 32;

interface Planned {
  /** The variables that `@skip` and `@include` depend on. */
  readonly conditions: readonly string[];
  readonly variants: Map<string, Promise<PlannedOperation | NotPlanned>>;
}

/**
 * A plan cache: plans are kept as long as their parsed documents are, which whoever parses remembers in a bounded
 * number.
 */
export function planOperations(supergraph: Supergraph, subgraphs: Subgraphs): PlanOperation {
  const byDocument = new WeakMap<DocumentNode, Planned>();

  function plannedOf(document: DocumentNode): Planned {
    let planned = byDocument.get(document);
    if (!planned) {
      planned = { conditions: conditionsOf(document), variants: new Map() };
      byDocument.set(document, planned);
    }
    return planned;
  }

  return (document, operation, variables, from = '') => {
    const { conditions, variants } = plannedOf(document);
    const variant = JSON.stringify([operation.name?.value, ...conditions.map((name) => variables[name])]);
    const known = variants.get(variant);
    if (known) return known;
    if (variants.size === MOST_VARIANTS) variants.clear();
    const fresh = planOrRefuse(supergraph, subgraphs, { document, operation, variables, from });
    variants.set(variant, fresh);
    void fresh.then((planned) => {
      const mayBePlannedLater = planned instanceof PlanRefused && !planned.forGood;
      if (mayBePlannedLater && variants.get(variant) === fresh) variants.delete(variant);
    });
    return fresh;
  };
}

type Subgraphs = PlanOptions['subgraphs'];

export interface AskedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Variables;
  readonly from: string;
  /** See AskedPlan. */
  readonly trial?: boolean;
}

async function planOrRefuse(
  supergraph: Supergraph,
  subgraphs: Subgraphs,
  asked: AskedOperation,
): Promise<PlannedOperation | NotPlanned> {
  try {
    return await planOperation(supergraph, subgraphs, asked);
  } catch (error) {
    if (error instanceof PlanRefused) return error;
    if (error instanceof GraphQLError) return { errors: [error] };
    return supergraph.planner.refuse(askedOf(textOf(asked.document), asked), error);
  }
}

/** Rejects with PlanRefused, or with whatever else is in the way. */
export async function planOperation(
  supergraph: Supergraph,
  subgraphs: Subgraphs,
  asked: AskedOperation,
): Promise<PlannedOperation> {
  const { schema, planner, keysOf, interfaceObjects, inaccessible, knownByGraphs } = supergraph;
  const { askedForByPlans, plainSubscriptions } = supergraph;
  const { document, operation, variables } = asked;
  const selected = { schema, document, operation, variables, interfaceObjects, inaccessible };
  const sourceKeyOf = sourceKeys(askedForByPlans);
  const complete = compileSelection({ ...selected, sourceKeyOf });
  const planned = { complete, sourceKeyOf, introspection: introspectionOf(document, operation) };
  const { text, responseKeys } = planningDocumentOf({ ...selected, sourceKeyOf });
  if (text === undefined) {
    if (operation.operation === 'subscription') throw new GraphQLError('The subscription asks for nothing.');
    return { ...planned, gather: undefined, announced: undefined, passedThrough: undefined };
  }

  const planMade = await planner.plan(askedOf(text, asked));
  if (!planMade) throw new Error('The planner has no plan for an operation that asks for something.');
  let node: PlanNode;
  try {
    const ofEveryType = askForEveryType(planMade, { schema, interfaceObjects, text });
    node = askForEveryMember(ofEveryType, { schema, knownByGraphs, text });
  } catch (tooLittle) {
    throw planner.refuse(askedOf(text, asked), tooLittle);
  }
  const options = { subgraphs, schema, responseKeys, variables, keysOf, abstract: abstractTypes(schema) };
  const compile = (each: typeof node) => compilePlan(each, options);
  if (operation.operation !== 'subscription') {
    return { ...planned, gather: compile(node), announced: undefined, passedThrough: undefined };
  }
  const [first, ...joins] = node.kind === 'Sequence' ? node.nodes : [node];
  if (first?.kind !== 'Subscription') throw new Error('The plan of a subscription does not begin with it.');
  const announcement = parse(first.primary.operation);
  const announcing = present(getOperationAST(announcement), 'a document made here has one operation');
  const [field] = announcing.selectionSet.selections;
  if (field?.kind !== Kind.FIELD) throw new Error('The plan of a subscription does not begin with a field.');
  const gather = joins.length === 0 ? undefined : compile({ kind: 'Sequence', nodes: joins });
  if (plainSubscriptions.has(field.name.value)) {
    const passedThrough = { ...askSubscription(first.primary, options), field: field.name.value };
    return { ...planned, gather, announced: undefined, passedThrough };
  }
  if (!gather) {
    const all = compileSelection({ ...selected, sourceKeyOf: asAnnounced });
    return { ...planned, gather, announced: { field, take: all }, passedThrough: undefined };
  }
  const take = compileSelection({
    schema,
    document: announcement,
    operation: announcing,
    variables: {},
    interfaceObjects,
    inaccessible,
    sourceKeyOf: asAnnounced,
  });
  return { ...planned, gather, announced: { field, take }, passedThrough: undefined };
}

function askedOf(text: string, { document, operation, from, trial = false }: AskedOperation): AskedPlan {
  const hash = createHash('sha256').update(textOf(document)).digest('hex');
  return { text, operationName: operation.name?.value, hash, from, trial };
}

/** As the client has sent it. */
function textOf(document: DocumentNode): string {
  return document.loc?.source.body ?? print(document);
}

const asAnnounced = ({ name }: FieldNode) => name.value;

/** The variables that what is asked for depends on. */
export function conditionsOf(document: DocumentNode): string[] {
  const names = new Set<string>();
  visit(document, {
    Directive(directive) {
      if (directive.name.value !== 'skip' && directive.name.value !== 'include') return;
      for (const { value } of directive.arguments ?? []) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names];
}
