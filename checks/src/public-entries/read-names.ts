import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseSync } from 'vite';

export interface Exported {
  /** Where it is declared, from the workspace's root. */
  readonly file: string;
  /** Whether it exists at run time and is not an error class. */
  readonly isValue: boolean;
}

/** What a module exports, by name: its own, and re-exports, from the file that declares them. */
export function readExports(root: string, file: string): Map<string, Exported> {
  const { module, program } = parseSync(file, readFileSync(join(root, file), 'utf8'));
  const errors = new Set(
    program.body.flatMap((statement) => {
      const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
      if (declared?.type !== 'ClassDeclaration' || declared.superClass?.type !== 'Identifier') return [];
      return /Error$/.test(declared.superClass.name) ? [declared.id?.name] : [];
    }),
  );
  const names = new Map<string, Exported>();
  for (const { exportName, importName, moduleRequest, isType } of module.staticExports.flatMap(
    ({ entries }) => entries,
  )) {
    const from = moduleRequest && readExports(root, join(dirname(file), moduleRequest.value));
    const name = exportName.name;
    if (!from) {
      if (name) names.set(name, { file, isValue: !isType && !errors.has(name) });
    } else if (name === null) {
      for (const [each, found] of from) names.set(each, found);
    } else {
      const found = from.get(importName.name ?? name);
      if (!found) throw new Error(`${file} hands on ${name}, which ${moduleRequest.value} does not export.`);
      names.set(name, found);
    }
  }
  return names;
}

/** The names that a source file imports, or hands on, from any entry of a package. `*` for all of them at once. */
export function readImportedNames(file: string, text: string, packageName: string): string[] {
  const { module } = parseSync(file, text);
  const isOurs = (request: string | undefined) => request === packageName || request?.startsWith(`${packageName}/`);
  const imported = module.staticImports
    .filter(({ moduleRequest }) => isOurs(moduleRequest.value))
    .flatMap(({ entries }) => entries.map(({ importName }) => importName.name ?? '*'));
  const handedOn = module.staticExports
    .flatMap(({ entries }) => entries)
    .filter(({ moduleRequest }) => isOurs(moduleRequest?.value))
    .map(({ importName }) => importName.name ?? '*');
  return [...imported, ...handedOn];
}
