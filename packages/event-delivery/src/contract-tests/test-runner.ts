interface Checks {
  toBe(expected: unknown): unknown;
  toBeDefined(): unknown;
  toBeGreaterThan(less: number): unknown;
  toBeLessThan(more: number): unknown;
  toBeUndefined(): unknown;
  toContain(part: unknown): unknown;
  toContainEqual(part: unknown): unknown;
  toEqual(expected: unknown): unknown;
  toHaveLength(length: number): unknown;
  toMatch(expected: RegExp | string): unknown;
  toMatchObject(expected: object): unknown;
}

/** What the suites use of `expect`: vitest's and Jest's are of this shape. */
export interface Expect {
  (actual: unknown): Checks & { readonly not: Checks };
  any(kind: unknown): unknown;
  objectContaining(expected: Record<string, unknown>): unknown;
  stringMatching(expected: RegExp): unknown;
}

type Hook = (work: () => Promise<void> | void) => unknown;

/**
 * What runs the contract suites: `import * as vitest from 'vitest'`, the globals of Jest, or `node:test` with an `expect`
 * beside it. Handed in, so that the suites depend on none of them. A test may take 30 s: set the runner's limit above that.
 */
export interface TestRunner {
  describe(name: string, work: () => void): unknown;
  test(name: string, work: () => Promise<void> | void): unknown;
  readonly beforeEach: Hook;
  readonly afterEach: Hook;
  readonly expect: Expect;
}
