/** What the gateway answers in. */
const OFFERED = ['application/json', 'application/graphql-response+json', 'text/event-stream', 'multipart/mixed'];

/**
 * Proactive negotiation (https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1): an `Accept` with weights as one without,
 * the best first, and without what is not acceptable. One without weights is answered as it is.
 */
export function byWeight(accept: string): string {
  if (!WEIGHT.test(accept)) return accept;
  const ranges = rangesOf(accept);
  const acceptable = OFFERED.flatMap((type) => {
    const best = rangeFor(type, ranges);
    return best && best.weight > 0 ? [{ type, ...best }] : [];
  });
  acceptable.sort((a, b) => b.weight - a.weight || a.place - b.place);
  return acceptable.length > 0 ? acceptable.map(({ type }) => type).join(', ') : NOTHING_OFFERED;
}

/** How much a type that is named itself is wanted: 0 when it is not named, or not acceptable. */
export function weightOf(type: string, accept: string): number {
  return rangesOf(accept).find(({ range }) => range === type)?.weight ?? 0;
}

/** How a subscription is answered over HTTP: server-sent events, or multipart as Apollo's clients ask for it. */
export type StreamForm = 'events' | 'multipart';

/**
 * The one that the client wants more, or names first: `text/event-stream`, or `multipart/mixed; subscriptionSpec=1.0`
 * (https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol). Who names neither,
 * and takes anything, is given events. Undefined for a client that takes no stream.
 */
export function streamFormOf(accept: string): { readonly form: StreamForm; readonly named: boolean } | undefined {
  const ranges = rangesOf(accept);
  const wanted = ranges.flatMap(({ range, weight, parameters }): { form: StreamForm; weight: number }[] => {
    if (weight === 0) return [];
    if (range === 'text/event-stream') return [{ form: 'events', weight }];
    const isSpoken = parameters.some((each) => /^\s*subscriptionspec\s*=\s*"?1\.0"?\s*$/.test(each));
    return range === 'multipart/mixed' && isSpoken ? [{ form: 'multipart', weight }] : [];
  });
  const [best] = wanted.sort((one, other) => other.weight - one.weight);
  if (best) return { form: best.form, named: true };
  return (rangeFor('text/event-stream', ranges)?.weight ?? 0) > 0 ? { form: 'events', named: false } : undefined;
}

const WEIGHT = /;\s*q\s*=/i;
const NOTHING_OFFERED = 'none/acceptable';

interface Range {
  readonly range: string;
  readonly weight: number;
  readonly place: number;
  readonly parameters: readonly string[];
}

function rangesOf(accept: string): Range[] {
  return accept.split(',').map((each, place) => {
    const [range = '', ...parameters] = each.toLowerCase().split(';');
    const weight = parameters.map((parameter) => /^\s*q\s*=\s*([\d.]+)\s*$/.exec(parameter)?.[1]).find(Boolean);
    return { range: range.trim(), weight: weight === undefined ? 1 : Number(weight) || 0, place, parameters };
  });
}

/** The most specific that covers the type. */
function rangeFor(type: string, ranges: readonly Range[]): Range | undefined {
  const [family] = type.split('/');
  return (
    ranges.find(({ range }) => range === type) ??
    ranges.find(({ range }) => range === `${family}/*`) ??
    ranges.find(({ range }) => range === '*/*')
  );
}
