import { type DocumentNode, Kind } from 'graphql';
import { argumentsOf } from './read-supergraph-graphs.ts';

export interface OverrideProblem {
  readonly code: 'OVERRIDE_BY_PERCENT';
  readonly message: string;
}

/**
 * Progressive overrides (`@override` with a `label`) that no gateway honours: a plan is made once for all who ask, so none
 * can be for a part of them. Any other label is one that nobody has switched on: its field stays where it was.
 */
export function problemsOfOverrides(supergraph: DocumentNode): OverrideProblem[] {
  return supergraph.definitions.flatMap((type) => {
    if (type.kind !== Kind.OBJECT_TYPE_DEFINITION && type.kind !== Kind.INTERFACE_TYPE_DEFINITION) return [];
    return (type.fields ?? []).flatMap((field) => {
      const labels = argumentsOf(field, 'join__field').map(({ overrideLabel }) => String(overrideLabel ?? ''));
      const percent = labels.find((label) => label.startsWith('percent('));
      if (percent === undefined) return [];
      const message = `${type.name.value}.${field.name.value} is overridden for ${percent} of the requests, which the gateway cannot do: leave the label out to move the field, or take another label to leave it where it is.`;
      return [{ code: 'OVERRIDE_BY_PERCENT' as const, message }];
    });
  });
}
