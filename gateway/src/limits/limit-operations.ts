import { EnvelopArmor } from '@escape.tech/graphql-armor';
import {
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { costOfOperation } from './cost-of-operation.ts';
import { measureDocument } from './measure-document.ts';
import type { QueryLimit, QueryLimits } from './query-limits.ts';

const WHAT: Readonly<Record<QueryLimit, string>> = {
  tokens: 'tokens',
  depth: 'levels',
  aliases: 'aliases',
  directives: 'directives',
  breadth: 'selections in one place',
  duplicates: 'times the same selection in one place',
  fields: 'fields, with fragments counted wherever they are spread',
  cost: 'fields in its answer, with pages counted as long as they may be',
  introspection: 'levels of types in a question about the schema',
};

/** QUERY_TOO_COMPLEX; `extensions.limit` is the bound, `extensions.limitOf` which one. */
function tooComplex(limitOf: QueryLimit, limits: QueryLimits): GraphQLError {
  const limit = limits[limitOf];
  return new GraphQLError(`Ask for less in one operation: at most ${limit} ${WHAT[limitOf]}.`, {
    extensions: { code: 'QUERY_TOO_COMPLEX', limitOf, limit },
  });
}

/**
 * Bounds what an operation may ask for, before anything is spent on it: tokens while it is parsed, its shape before it is
 * validated, its cost, for which the variables are needed, before it is executed. Without `introspection` the schema
 * cannot be asked for, nor guessed from "Did you mean".
 */
export function limitOperations(options: {
  limits: QueryLimits;
  introspection: boolean;
  suggestions: boolean;
}): Plugin[] {
  const { limits, introspection, suggestions } = options;
  return [
    ...armor(limits, suggestions),
    limitNesting(limits),
    limitShape(limits),
    limitCost(limits),
    ...(introspection ? [] : [hideSchema]),
  ];
}

function armor(limits: QueryLimits, suggestions: boolean): Plugin[] {
  const refuseFor = (limitOf: QueryLimit) => [
    () => {
      throw tooComplex(limitOf, limits);
    },
  ];
  const { plugins } = new EnvelopArmor({
    maxTokens: { n: limits.tokens, onReject: refuseFor('tokens') },
    maxDepth: { n: limits.depth, flattenFragments: true, onReject: refuseFor('depth') },
    // Without its own list of exceptions `__typename` could be asked for under any number of names.
    maxAliases: { n: limits.aliases, allowList: [], onReject: refuseFor('aliases') },
    maxDirectives: { n: limits.directives, onReject: refuseFor('directives') },
    blockFieldSuggestion: { enabled: !suggestions },
    // It knows nothing of pages: ours below multiplies by `first`.
    costLimit: { enabled: false },
  }).protect();
  // Written for any envelop; yoga's plugins are that and more.
  return plugins as unknown as Plugin[];
}

/** Values in values are levels too: what is nested deeper than the stack is high is refused as any other depth. */
function limitNesting(limits: QueryLimits): Plugin {
  const orTooDeep = <Result>(step: () => Result): Result => {
    try {
      return step();
    } catch (error) {
      throw error instanceof RangeError ? tooComplex('depth', limits) : error;
    }
  };
  return {
    onParse({ parseFn, setParseFn }) {
      setParseFn((source, options) => orTooDeep(() => parseFn(source, options)));
    },
    onValidate({ validateFn, setValidationFn }) {
      setValidationFn((...args) => orTooDeep(() => validateFn(...args)));
    },
  };
}

function limitShape(limits: QueryLimits): Plugin {
  const withinLimits = new WeakSet<DocumentNode>();
  return {
    onValidate({ params: { documentAST } }) {
      if (withinLimits.has(documentAST)) return;
      const measured = measureDocument(documentAST);
      for (const limitOf of ['breadth', 'duplicates', 'fields', 'introspection'] as const) {
        if (measured[limitOf] > limits[limitOf]) throw tooComplex(limitOf, limits);
      }
      withinLimits.add(documentAST);
    },
  };
}

function limitCost(limits: QueryLimits): Plugin {
  const refusal = ({ schema, document, operationName, variableValues }: ExecutionArgs) => {
    const asked = { operationName: operationName ?? null, variables: variableValues ?? null };
    const cost = costOfOperation(schema as GraphQLSchema, document, asked);
    return cost > limits.cost ? { errors: [tooComplex('cost', limits)] } : undefined;
  };
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const refused = refusal(args);
      if (refused) setResultAndStopExecution(refused);
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const refused = refusal(args);
      if (refused) setResultAndStopExecution(refused);
    },
  };
}

const hideSchema: Plugin = {
  onValidate({ addValidationRule }) {
    addValidationRule(NoSchemaIntrospectionCustomRule);
  },
};
