import type { PlanNode } from '@graphql-hive/router-query-planner';
import { askEntities } from './ask-entities.ts';
import { askRootFields } from './ask-root-fields.ts';
import type { PlanOptions, PlanStep } from './gathered.ts';

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
      const join = { alias: '_entities', variable: 'representations', paths: [path], requires: fetch.requires ?? [] };
      return askEntities(fetch, [join], options);
    }
    case 'BatchFetch': {
      const joins = node.entityBatch.aliases.map(({ representationsVariableName, ...join }) => ({
        ...join,
        variable: representationsVariableName,
      }));
      return askEntities(node, joins, options);
    }
    default:
      throw new Error(`The plan has a ${node.kind}, which is not known here.`);
  }
}
