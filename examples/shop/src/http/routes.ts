import type { z } from 'zod';

export interface Answer {
  /** 200 unless told. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object;
}

interface Asked {
  /** The path's `:id`, a UUID; empty for a path without one. */
  readonly id: string;
  /** The query of a GET, the body of anything else: as its schema has read it. */
  readonly input: unknown;
}

/** One entry of a service's HTTP API. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** `/orders/:id/pay`. */
  readonly path: string;
  readonly schema: z.ZodType;
  answer(asked: Asked): Promise<Answer>;
}

/** Lets the compiler find the input's type from the schema. */
export function route<Schema extends z.ZodType>(
  method: Route['method'],
  path: string,
  schema: Schema,
  answer: (asked: { readonly id: string; readonly input: z.output<Schema> }) => Promise<Answer>,
): Route {
  return { method, path, schema, answer: answer as Route['answer'] };
}

export const created = (path: string, id: string): Answer => ({
  status: 201,
  headers: { location: `${path}/${id}` },
  body: { id },
});

export interface Found {
  /** The routes of this path, by method; empty for a path that nobody has. */
  readonly byMethod: ReadonlyMap<string, Route>;
  /** As it was written, decoded; undefined when it cannot be decoded. */
  readonly id: string | undefined;
}

/** Finds by the path alone: which methods it has is another question. A slash at the end makes no difference. */
export function routesOf(routes: readonly Route[]): (path: string) => Found {
  return (path) => {
    const asked = segmentsOf(path);
    const found = routes.filter((each) => fits(segmentsOf(each.path), asked));
    const at = found[0] ? segmentsOf(found[0].path).indexOf(ID) : -1;
    return { byMethod: new Map(found.map((each) => [each.method, each])), id: decoded(asked[at] ?? '') };
  };
}

const ID = ':id';

const segmentsOf = (path: string): string[] => path.replace(/\/$/, '').split('/').slice(1);

const fits = (pattern: readonly string[], asked: readonly string[]): boolean =>
  pattern.length === asked.length && pattern.every((segment, at) => segment === ID || segment === asked[at]);

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
