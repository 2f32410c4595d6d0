import type { ExecutionResult, GraphQLError } from 'graphql';
import { Failures } from '../plan/gather/failures.ts';
import type { Announced } from '../plan/plan-operations.ts';
import { countProjection } from './live-metrics.ts';

/** Makes the answer from an announced object that has everything the client selected. */
export interface Projection {
  project(announced: object): ExecutionResult;
  /**
   * The same as JSON, its errors masked. All who hear of one change in a row, and selected the same, share one text.
   */
  textOf(announced: object): string;
}

/** What a client may see of an error. */
export type Mask = (error: GraphQLError) => GraphQLError;

/** Nobody was asked, so nobody has failed. */
const NO_FAILURES = new Failures();

/** Memoisation: one for each planned operation whose announcements have everything that it selects. */
export function rememberProjections(mask: Mask): (announced: Announced) => Projection {
  const known = new WeakMap<Announced, Projection>();
  return (announced) => {
    const projection = known.get(announced) ?? projectionOf(announced, mask);
    known.set(announced, projection);
    return projection;
  };
}

function projectionOf({ field, take }: Announced, mask: Mask): Projection {
  const project = (announced: object): ExecutionResult => {
    countProjection();
    const errors: GraphQLError[] = [];
    const data = take({ [field.name.value]: announced }, NO_FAILURES, errors);
    return errors.length > 0 ? { errors, data } : { data };
  };
  const textFor = (announced: object): string => {
    const { errors, data } = project(announced);
    return JSON.stringify(errors ? { errors: errors.map(mask), data } : { data });
  };
  let last: { readonly announced: object; readonly text: string } | undefined;
  return {
    project,
    textOf(announced) {
      if (last?.announced !== announced) last = { announced, text: textFor(announced) };
      return last.text;
    },
  };
}
