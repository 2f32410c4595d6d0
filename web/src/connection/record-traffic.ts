import type { FriendListChange } from '@kith/client';

/** One line of the drawer: an operation over HTTP, or a frame of the subscription's socket. */
export interface TrafficEntry {
  readonly id: number;
  /** Milliseconds of the epoch. */
  readonly at: number;
  readonly kind: 'operation' | 'sent' | 'received';
  /** The operation's name, or the frame's type. */
  readonly name: string;
  readonly query?: string;
  readonly variables?: unknown;
  /** What was sent or answered, without secrets. */
  readonly payload?: unknown;
  /** undefined while no answer is there. */
  readonly tookMs?: number;
  readonly status?: number;
  /** The code of the first error, or why there was no answer. */
  readonly error?: string;
}

/** How long a change took from its commit to the screen, by this device's clock. */
export interface Arrival {
  readonly revision: number;
  readonly kind: string;
  readonly at: number;
  readonly latencyMs: number;
}

interface Traffic {
  readonly entries: readonly TrafficEntry[];
  readonly arrivals: readonly Arrival[];
}

const KEEP_ENTRIES = 200;
const KEEP_ARRIVALS = 60;
const KEEP_CHARACTERS = 20_000;
const SECRETS = new Set(['password', 'currentPassword', 'newPassword', 'accessToken', 'refreshToken', 'authorization']);

let traffic: Traffic = { entries: [], arrivals: [] };
let lastId = 0;
let telling = false;
const listeners = new Set<() => void>();

export const trafficStore = {
  getSnapshot: () => traffic,
  subscribe(listener: () => void) {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
  clear: () => show({ entries: [], arrivals: [] }),
};

function show(next: Traffic): void {
  traffic = next;
  if (telling || listeners.size === 0) return;
  telling = true;
  setTimeout(() => {
    telling = false;
    for (const listener of listeners) listener();
  }, 50);
}

function add(entry: Omit<TrafficEntry, 'id' | 'at'>): number {
  lastId += 1;
  const entries = [...traffic.entries.slice(-KEEP_ENTRIES + 1), { ...entry, id: lastId, at: Date.now() }];
  show({ ...traffic, entries });
  return lastId;
}

function complete(id: number, more: Partial<TrafficEntry>): void {
  show({ ...traffic, entries: traffic.entries.map((entry) => (entry.id === id ? { ...entry, ...more } : entry)) });
}

/** The value with passwords and tokens left out, at any depth. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, SECRETS.has(key) ? '•••' : withoutSecrets(inner)]),
  );
}

interface SentOperation {
  readonly query?: string;
  readonly variables?: unknown;
}

export const recordedFetch: typeof fetch = async (input, init) => {
  const { query = '', variables } = JSON.parse(String(init?.body ?? '{}')) as SentOperation;
  const name = nameOf(query);
  const id = add({ kind: 'operation', name, query, variables: withoutSecrets(variables) });
  const startedAt = performance.now();
  try {
    const response = await fetch(input, init);
    const text = await response.clone().text();
    const answer = text.length > KEEP_CHARACTERS ? undefined : (JSON.parse(text) as { errors?: ErrorAnswer[] });
    const error = answer?.errors?.[0]?.extensions?.code;
    complete(id, {
      tookMs: performance.now() - startedAt,
      status: response.status,
      payload: answer ? withoutSecrets(answer) : `${text.length} characters`,
      ...(error && { error }),
    });
    return response;
  } catch (error) {
    complete(id, { tookMs: performance.now() - startedAt, error: 'no answer' });
    throw error;
  }
};

interface ErrorAnswer {
  readonly extensions?: { readonly code?: string };
}

function nameOf(query: string): string {
  return /^\s*(?:query|mutation|subscription)\s+(\w+)/.exec(query)?.[1] ?? 'anonymous';
}

interface Frame {
  readonly type: string;
  readonly payload?: SentOperation & { data?: { friendListChanged?: { __typename: string; revision: number } } };
}

/** The platform's WebSocket, which notes each frame of graphql-transport-ws. */
export class RecordedWebSocket extends WebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    this.addEventListener('message', ({ data }) => noteFrame('received', data));
    this.addEventListener('close', ({ code, reason }) =>
      add({ kind: 'received', name: 'closed', payload: { code, reason } }),
    );
  }

  override send(data: Parameters<WebSocket['send']>[0]): void {
    noteFrame('sent', data);
    super.send(data);
  }
}

function noteFrame(kind: 'sent' | 'received', data: unknown): void {
  const text = String(data);
  if (text.length > KEEP_CHARACTERS) {
    add({ kind, name: 'next · a page of the list', payload: `${text.length} characters` });
    return;
  }
  const frame = JSON.parse(text) as Frame;
  const change = frame.payload?.data?.friendListChanged;
  const query = frame.type === 'subscribe' ? frame.payload?.query : undefined;
  add({
    kind,
    name: change ? `${change.__typename} · ${change.revision}` : frame.type,
    payload: withoutSecrets(frame.payload ?? null),
    ...(query && { query, variables: frame.payload?.variables }),
  });
}

/** Measures a change when it has been painted: two frames on, the browser has drawn what the list made of it. */
export function recordChange(change: FriendListChange): void {
  if (change.__typename === 'FriendListSnapshot') return;
  const { revision, __typename: kind, occurredAt } = change;
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      const arrival = { revision, kind, at: Date.now(), latencyMs: Date.now() - Date.parse(occurredAt) };
      show({ ...traffic, arrivals: [...traffic.arrivals.slice(-KEEP_ARRIVALS + 1), arrival] });
    }),
  );
}
