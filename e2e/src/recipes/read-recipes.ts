/** An operation of a document, and the variables that stand below it. */
export interface Recipe {
  readonly name: string;
  readonly kind: 'query' | 'mutation' | 'subscription';
  readonly query: string;
  /** JSON, with placeholders like `"<id of Bob>"`. */
  readonly variables: string;
}

/** Every graphql block of a Markdown document, in order, each with the json block that comes next, if one does. */
export function readRecipes(markdown: string): Recipe[] {
  const blocks = [...markdown.matchAll(/^```(graphql|json)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
    language,
    text: text!,
  }));
  return blocks.flatMap(({ language, text }, at) => {
    if (language !== 'graphql') return [];
    const named = /^(query|mutation|subscription) (\w+)/.exec(text);
    if (!named) throw new Error(`An operation without a name: ${text}`);
    const next = blocks[at + 1];
    const variables = next?.language === 'json' ? next.text : '{}';
    return [{ kind: named[1] as Recipe['kind'], name: named[2]!, query: text, variables }];
  });
}

/** The variables with what is known put in. Throws for a placeholder of which nothing is known. */
export function fillIn(variables: string, known: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return JSON.parse(variables, (_, value) => {
    const placeholder = typeof value === 'string' ? /^<(.+)>$/.exec(value)?.[1] : undefined;
    if (placeholder === undefined) return value;
    if (known[placeholder] === undefined) throw new Error(`Nothing is known of <${placeholder}> here.`);
    return known[placeholder];
  });
}
