import type { EntityBatchAlias, FetchNode, PlanNode } from '@graphql-hive/router-query-planner';
import { subgraphOf } from '../../subgraphs/knowing-subgraphs-first.ts';
import { askEntities } from './ask-entities.ts';
import { askRootFields } from './ask-root-fields.ts';
import { compilePath, type Join } from './find-entities.ts';
import type { PlanOptions, PlanStep } from './gathered.ts';
import { compileRepresentation } from './represent-entities.ts';
import { compileRewrites, renamedKeys } from './rewrite-answers.ts';

/** Compiles what the planner made of an operation. Throws for a kind of step that our operations never need. */
export function compilePlan(node: PlanNode, options: PlanOptions): PlanStep {
  switch (node.kind) {
    case 'Sequence': {
      const steps = node.nodes.map((each) => compilePlan(each, options));
      return async (gathered) => {
        for (const step of steps) await step(gathered);
      };
    }
    case 'Parallel': {
      const steps = node.nodes.map((each) => compilePlan(each, options));
      return (gathered) => Promise.all(steps.map((step) => step(gathered)));
    }
    case 'Fetch':
      return askRootFields(node, options);
    case 'Flatten': {
      const { path, node: fetch } = node;
      if (fetch.kind !== 'Fetch') throw new Error(`The plan joins by a ${fetch.kind}, which is not known here.`);
      const asked = { ...fetch, alias: '_entities', variable: 'representations', paths: [path] };
      return askEntities(fetch, [joinOf(fetch, { requires: [], ...asked }, options)], options);
    }
    case 'BatchFetch': {
      const joins = node.entityBatch.aliases.map(({ representationsVariableName, ...join }) =>
        joinOf(node, { ...join, variable: representationsVariableName }, options),
      );
      return askEntities(node, joins, options);
    }
    case 'Condition': {
      // Plans are made for one set of conditions each.
      const clause = options.variables[node.condition] === true ? node.ifClause : node.elseClause;
      return clause ? compilePlan(clause, options) : async () => undefined;
    }
    default:
      throw new Error(`The plan has a ${node.kind}, which is not known here.`);
  }
}

function joinOf(
  { serviceName }: Pick<FetchNode, 'serviceName'>,
  join: Pick<Join, 'alias' | 'variable'> & Omit<EntityBatchAlias, 'representationsVariableName'>,
  { schema, variables, keysOf }: PlanOptions,
): Join {
  const { alias, variable, paths, requires, inputRewrites, outputRewrites } = join;
  const keysOfService = (type: string) => keysOf(subgraphOf(serviceName), type);
  return {
    ...{ alias, variable, paths: paths.map((path) => compilePath(path, schema)) },
    represent: compileRepresentation(requires, inputRewrites, { schema, variables, keysOf: keysOfService }),
    rewrite: compileRewrites(outputRewrites, schema),
    renamed: renamedKeys(outputRewrites),
  };
}
