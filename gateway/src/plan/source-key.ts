import type { FieldNode } from 'graphql';

/**
 * The name under which a service is asked for a field. An alias of the client's would be in the way of the keys that
 * plans ask for besides (`{ me { id: nickname friends { totalCount } } }` needs the real id); none of these can be.
 */
export function sourceKeyOf({ alias, name }: FieldNode): string {
  return alias === undefined || alias.value === name.value ? name.value : `_${alias.value}__${name.value}`;
}
