import { type DocumentNode, Kind, type SelectionNode, type SelectionSetNode } from 'graphql';

/** What a document asks for by its shape alone, whatever the schema says; see QueryLimits for the units. */
export interface Measured {
  readonly breadth: number;
  readonly duplicates: number;
  readonly fields: number;
  readonly introspection: number;
}

/** Fields of the introspection schema through which a type leads to other types. */
const LEADS_TO_TYPES = new Set(['fields', 'inputFields', 'interfaces', 'possibleTypes', 'types']);

interface Weight {
  readonly fields: number;
  readonly introspection: number;
}
const NOTHING: Weight = { fields: 0, introspection: 0 };

/** One walk over every definition; each fragment is walked once, however often it is spread. */
export function measureDocument(document: DocumentNode): Measured {
  const fragments = new Map(
    document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  );
  const weights = new Map<string, Weight>();
  let breadth = 0;
  let duplicates = 0;

  function weightOfFragment(name: string): Weight {
    const known = weights.get(name);
    if (known) return known;
    // One that spreads itself is refused by validation; here it ends.
    weights.set(name, NOTHING);
    const fragment = fragments.get(name);
    const weight = fragment ? weightOf(fragment.selectionSet) : NOTHING;
    weights.set(name, weight);
    return weight;
  }

  function weightOfSelection(selection: SelectionNode): Weight {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return weightOfFragment(selection.name.value);
    const inside = selection.selectionSet ? weightOf(selection.selectionSet) : NOTHING;
    if (selection.kind === Kind.INLINE_FRAGMENT) return inside;
    const step = LEADS_TO_TYPES.has(selection.name.value) ? 1 : 0;
    return { fields: inside.fields + 1, introspection: inside.introspection + step };
  }

  function weightOf({ selections }: SelectionSetNode): Weight {
    const counts = new Map<string, number>();
    let fields = 0;
    let introspection = 0;
    for (const selection of selections) {
      const key = keyOf(selection);
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      duplicates = Math.max(duplicates, count);
      const weight = weightOfSelection(selection);
      fields += weight.fields;
      introspection = Math.max(introspection, weight.introspection);
    }
    breadth = Math.max(breadth, selections.length);
    return { fields, introspection };
  }

  let fields = 0;
  let introspection = 0;
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const weight = weightOf(definition.selectionSet);
    fields = Math.max(fields, weight.fields);
    introspection = Math.max(introspection, weight.introspection);
  }
  return { breadth, duplicates, fields, introspection };
}

/** What makes two selections the same in the answer. */
function keyOf(selection: SelectionNode): string {
  if (selection.kind === Kind.FIELD) return selection.alias?.value ?? selection.name.value;
  if (selection.kind === Kind.FRAGMENT_SPREAD) return `...${selection.name.value}`;
  return `... on ${selection.typeCondition?.name.value ?? ''}`;
}
