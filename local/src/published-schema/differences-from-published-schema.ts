import {
  astFromValue,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  print,
} from 'graphql';

/**
 * Where a schema no longer is what was published, each by the coordinates of what changed (`User.friends(first:)`).
 * What was added is no difference, except where it breaks clients: an argument or input field that has to be given, and
 * an enum value that old clients do not know.
 */
export function differencesFromPublishedSchema(published: GraphQLSchema, actual: GraphQLSchema): string[] {
  return Object.values(published.getTypeMap())
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type) => differencesOfType(type, actual.getType(type.name)));
}

function differencesOfType(published: GraphQLNamedType, actual: GraphQLNamedType | undefined): string[] {
  if (!actual) return [`${published.name} is missing`];
  const kinds = [published, actual].map((type) => type.constructor.name);
  if (kinds[0] !== kinds[1]) return [`${published.name} is a ${kinds[1]}, and was published as a ${kinds[0]}`];
  if (isEnumType(published) && isEnumType(actual)) {
    const [were, are] = [published, actual].map((type) => type.getValues().map(({ name }) => name));
    return [
      ...were!.filter((value) => !are!.includes(value)).map((value) => `${published.name}.${value} is missing`),
      ...are!.filter((value) => !were!.includes(value)).map((value) => `${published.name}.${value} is new to clients`),
    ];
  }
  if (isInputObjectType(published) && isInputObjectType(actual)) {
    const place = (field: string) => `${published.name}.${field}`;
    return differencesOfInputs(place, Object.values(published.getFields()), Object.values(actual.getFields()));
  }
  if ((isObjectType(published) || isInterfaceType(published)) && (isObjectType(actual) || isInterfaceType(actual))) {
    const implemented = actual.getInterfaces().map(({ name }) => name);
    return [
      ...published
        .getInterfaces()
        .filter(({ name }) => !implemented.includes(name))
        .map(({ name }) => `${published.name} no longer implements ${name}`),
      ...Object.values(published.getFields()).flatMap((field) =>
        differencesOfField(`${published.name}.${field.name}`, field, actual.getFields()[field.name]),
      ),
    ];
  }
  return [];
}

function differencesOfField(
  place: string,
  published: GraphQLField<unknown, unknown>,
  actual: GraphQLField<unknown, unknown> | undefined,
): string[] {
  if (!actual) return [`${place} is missing`];
  return [
    ...differenceOfType(place, published, actual),
    ...differencesOfInputs((arg) => `${place}(${arg}:)`, published.args, actual.args),
  ];
}

type Input = GraphQLArgument | GraphQLInputField;

function differencesOfInputs(
  placeOf: (name: string) => string,
  published: readonly Input[],
  actual: readonly Input[],
): string[] {
  const were = new Map(published.map((input) => [input.name, input]));
  const are = new Map(actual.map((input) => [input.name, input]));
  const added = actual.filter(({ name, type }) => !were.has(name) && String(type).endsWith('!'));
  return [
    ...[...were].flatMap(([name, input]) => {
      const place = placeOf(name);
      const now = are.get(name);
      if (!now) return [`${place} is missing`];
      const defaults = [defaultOf(input), defaultOf(now)];
      return [
        ...differenceOfType(place, input, now),
        ...(defaults[0] === defaults[1] ? [] : [`${place} defaults to ${defaults[1]}, and to ${defaults[0]} before`]),
      ];
    }),
    ...added.map(({ name }) => `${placeOf(name)} has to be given, and was not there before`),
  ];
}

function differenceOfType(place: string, published: { type: unknown }, actual: { type: unknown }): string[] {
  if (String(published.type) === String(actual.type)) return [];
  return [`${place} is ${actual.type}, and was published as ${published.type}`];
}

function defaultOf(input: Input): string {
  if (input.defaultValue === undefined) return 'nothing';
  const value = astFromValue(input.defaultValue, input.type);
  return value ? print(value) : 'nothing';
}
