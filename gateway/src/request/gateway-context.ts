import type { Viewer } from '@kith/service-kit';

/** What executors and live lists find in the context of an operation. */
export interface GatewayContext {
  readonly viewer: Viewer | null;
  /** As received, to pass on: subgraphs verify it themselves. */
  readonly authorization: string | undefined;
  readonly traceparent: string;
  /** Whose request it is, as a network address (an IPv6 network). */
  readonly clientAddress: string;
  /** Of the client's headers those that some service is to be given. */
  readonly forwarded?: Readonly<Record<string, string>> | undefined;
  /** The dear fields that the operation asks for, as `Type.field`; undefined: none. */
  dearFields?: readonly string[] | undefined;
  /** ms since 1970: later nobody waits for what a service answers. */
  answerBy?: number;
  /** The socket the operation came on is closed when its session ends, so that the operation need not watch for that. */
  readonly socketWatchesSession?: boolean;
  /** Over server-sent events: a change has its cursor as its id, and the client may say which was its last. */
  readonly events?: { readonly lastEventId: string | undefined };
  /** Over WebSocket: the short way for results of this operation, for a list that needs nothing else of it. */
  readonly push?: PushTo;
}

/** Where the results of an operation go. */
export interface PushTo {
  readonly frames: Frames;
  readonly operationId: string;
}

/** A socket with backpressure: its reader sets the pace. */
export interface Frames {
  /** Whether its reader takes what is written; while not, nothing may be written. */
  readonly open: boolean;
  /** A whole message, as text. */
  write(message: string): void;
  /** Calls each `goOn` once, when it is open again; never if the socket is closed instead. */
  whenOpen(goOn: () => void): void;
}
