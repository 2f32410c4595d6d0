import type { ExecutionResult, GraphQLError } from 'graphql';
import type { CompleteSelection } from '../plan/complete-selection.ts';
import { Failures } from '../plan/gather/failures.ts';

/** Makes the answer to an announced object in which all stands that the client selected. */
export interface Projection {
  project(announced: object): ExecutionResult;
  /** The same as JSON, its errors masked. All who hear of one change in a row, and selected the same, share one text. */
  textOf(announced: object): string;
}

/** Nobody was asked, so nobody has failed. */
const NO_FAILURES = new Failures();

/** `complete` takes the announced object from under the name of the `field` that is subscribed to. */
export function projectionOf(
  field: string,
  complete: CompleteSelection,
  mask: (error: GraphQLError) => GraphQLError,
): Projection {
  const project = (announced: object): ExecutionResult => {
    const errors: GraphQLError[] = [];
    const data = complete({ [field]: announced }, NO_FAILURES, errors);
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
