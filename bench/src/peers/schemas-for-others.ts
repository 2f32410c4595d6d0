import {
  type ConstDirectiveNode,
  type DirectiveNode,
  type FieldDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  print,
  visit,
} from 'graphql';

/**
 * A service's schema without the directive of live lists, which others' composition does not know, and without
 * descriptions, which ends one of them.
 */
export function plainSchema(sdl: string): string {
  const others = visit(parse(sdl), {
    enter: (node) => ('description' in node && node.description ? { ...node, description: undefined } : undefined),
    DirectiveDefinition: ({ name }) => (name.value === 'live' ? null : undefined),
    Directive: (directive) => (isOfLiveLists(directive) ? null : undefined),
    // What is imported for nothing but them.
    StringValue: ({ value }) => (value === '@composeDirective' ? null : undefined),
  });
  return print(others);
}

function isOfLiveLists({ name, arguments: given = [] }: DirectiveNode): boolean {
  if (name.value === 'live' || name.value === 'composeDirective') return true;
  return (
    name.value === 'link' && given.some(({ value }) => value.kind === Kind.STRING && value.value.includes('/live/'))
  );
}

const OF_FEDERATION_2 = new Set(['shareable', 'inaccessible', 'extends']);

/**
 * Schemas of Federation 2 in the words of Federation 1, for a gateway that knows no other: who extends an entity says so
 * and owns nothing of it, and a root field that two services offer is the first one's alone.
 */
export function asFederation1(services: readonly { readonly name: string; readonly sdl: string }[]) {
  const offered = new Set<string>();
  return services.map(({ name, sdl }) => {
    const visited = visit(parse(plainSchema(sdl)), {
      SchemaExtension: () => null,
      ObjectTypeDefinition: {
        enter(type) {
          const fields = type.fields?.filter((field) => type.name.value !== 'Query' || isFirst(offered, field));
          return fields === undefined ? undefined : asExtension({ ...type, fields });
        },
      },
      Directive: (directive) => (OF_FEDERATION_2.has(directive.name.value) ? null : undefined),
    });
    return { name, sdl: print(visited) };
  });
}

function isFirst(offered: Set<string>, { name }: FieldDefinitionNode): boolean {
  const isNew = !offered.has(name.value);
  offered.add(name.value);
  return isNew;
}

const ROOTS = new Set(['Query', 'Mutation', 'Subscription']);
const EXTERNAL: ConstDirectiveNode = { kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: 'external' } };

function asExtension(type: ObjectTypeDefinitionNode) {
  const isRoot = ROOTS.has(type.name.value);
  if (!isRoot && !type.directives?.some(({ name }) => name.value === 'extends')) return type;
  const fields = type.fields?.map((field) =>
    !isRoot && field.name.value === 'id' ? { ...field, directives: [...(field.directives ?? []), EXTERNAL] } : field,
  );
  return { ...type, kind: Kind.OBJECT_TYPE_EXTENSION, ...(fields && { fields }) };
}
