import { parseSync, Visitor } from 'vite';

/** An import whose name is computed at run time: its target cannot be known statically. */
export const COMPUTED = 'import()';

type Parsed = ReturnType<typeof parseSync>['program'];
type Calls = Required<ConstructorParameters<typeof Visitor>[0]>['CallExpression'];
type Call = Parameters<Calls>[0];
type Argument = Call['arguments'][number];

/**
 * What one source file imports, by the names it uses, in the order of first use. Every way to name another file counts:
 * `import`, `export … from`, those of types alone, `import('…')` as a value or as a type, `import … = require`,
 * `require`, `require.resolve` and `import.meta.resolve`, mocks of modules, and references in comments.
 *
 * @param file its name says whether it holds JSX
 * @throws Error when it is no TypeScript
 */
export function readImports(file: string, text: string): string[] {
  const { program, module, comments, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const names = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) => entries.map(({ moduleRequest }) => moduleRequest?.value)),
    ...comments.map(({ value }) => /^\/\s*<reference\s+(?:path|types)\s*=\s*["']([^"']+)["']/.exec(value)?.[1]),
    ...readCalls(program),
  ];
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** The imports that stand in the middle of the code. */
function readCalls(program: Parsed): string[] {
  const names: string[] = [];
  new Visitor({
    ImportExpression: ({ source }) => void names.push(textOf(source) ?? COMPUTED),
    TSImportType: ({ source }) => void names.push(source.value),
    TSExternalModuleReference: ({ expression }) => void names.push(expression.value),
    CallExpression: (call) => {
      const [first] = call.arguments;
      if (first && namesModule(call)) names.push(textOf(first) ?? COMPUTED);
    },
  }).visit(program);
  return names;
}

const MOCKS = /^(?:mock|doMock|unmock|doUnmock|importActual|importMock)$/;

/** Does the call take the name of a module? */
function namesModule({ callee }: Call): boolean {
  if (callee.type === 'Identifier') return callee.name === 'require';
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return false;
  const { object, property } = callee;
  if (object.type === 'MetaProperty') return property.name === 'resolve';
  if (object.type !== 'Identifier') return false;
  return object.name === 'vi' ? MOCKS.test(property.name) : object.name === 'require' && property.name === 'resolve';
}

/** What a literal says; undefined for what is computed. */
function textOf(value: Argument): string | undefined {
  if (value.type === 'Literal' && typeof value.value === 'string') return value.value;
  if (value.type !== 'TemplateLiteral' || value.expressions.length > 0) return undefined;
  return value.quasis[0]?.value.cooked ?? undefined;
}
