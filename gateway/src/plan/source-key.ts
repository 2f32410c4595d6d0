import { type FieldNode, Kind, print, type ValueNode } from 'graphql';

/** The name under which a service is asked for a field, within one document. */
export type SourceKeyOf = (field: FieldNode) => string;

/**
 * Aliases of our own for the fields of one document. An alias of the client's would be in the way of the keys that plans
 * ask for besides (`{ me { id: nickname friends { totalCount } } }` needs the real id); none of these can be. Under
 * types that exclude each other one response name may stand for several fields, or for one with several arguments
 * (https://spec.graphql.org/October2021/#sec-Field-Selection-Merging), while a plan asks a service for all of them side
 * by side: so whatever differs in alias, name or arguments has a name of its own. Most documents hold no such thing, and
 * ask for a field by its own name. What is in `planned`, a plan may ask for besides in a way of its own.
 */
export function sourceKeys(planned: ReadonlySet<string> = NONE): SourceKeyOf {
  const ofName = new Map<string, Map<string, string>>();
  return (field) => {
    const name = nameOf(field);
    const askedAs = JSON.stringify([field.alias?.value ?? field.name.value, field.name.value, argumentsOf(field)]);
    let keys = ofName.get(name);
    if (!keys) {
      keys = new Map();
      ofName.set(name, keys);
    }
    const known = keys.get(askedAs);
    if (known !== undefined) return known;
    // No alias begins with a digit: what begins with `_1_`, or `_0_`, is nobody else's.
    const key = keys.size === 0 && !planned.has(name) ? name : `_${keys.size}_${name}`;
    keys.set(askedAs, key);
    return key;
  };
}

const NONE: ReadonlySet<string> = new Set();

function nameOf({ alias, name }: FieldNode): string {
  return alias === undefined || alias.value === name.value ? name.value : `_${alias.value}__${name.value}`;
}

/** The same text for arguments that GraphQL takes for the same, in whatever order they stand. */
function argumentsOf({ arguments: given = [] }: FieldNode): string {
  return given
    .map(({ name, value }) => `${name.value}:${textOf(value)}`)
    .sort()
    .join();
}

function textOf(value: ValueNode): string {
  if (value.kind === Kind.LIST) return `[${value.values.map(textOf).join()}]`;
  if (value.kind !== Kind.OBJECT) return print(value);
  const fields = value.fields.map((field) => `${field.name.value}:${textOf(field.value)}`);
  return `{${fields.sort().join()}}`;
}
