import { ABOUT_THE_CONNECTION, type Logger, writeCall } from '@kith/service-kit';
import { type Call, Connection, type ConnectionOptions, ManyCallsNotOffered, settle } from './connection.ts';

export interface ManyCallsOptions extends ConnectionOptions {
  /** So many calls wait for their answers at most; the others wait for their turn. */
  readonly atOnce: number;
  /** The service, in the log. */
  readonly shown: string;
  readonly log: Logger;
}

/** `code` of an error: the service has not heard of the call, which can be made again. */
export const NOT_SENT_YET = 'NOT_SENT_YET';

/** One who does not offer it is asked again after this time, then after twice as long: a newer version may come. */
const ASK_AGAIN_AFTER_MS = 30_000;
const ASK_AGAIN_AFTER_AT_MOST_MS = 480_000;
/** Nothing heard for this time while a call is waited for: the connection may lead nowhere any more. */
const SILENT_FOR_MS = 1_000;
/** Calls of one turn of the event loop go in one message, unless they are as long as this together. */
const LONG_MESSAGE = 1024 * 1024;

/**
 * The gateway's end of `kith-calls.v1` (request multiplexing): what is asked of one process of a service in one turn of
 * the event loop goes in one message. The connection is opened when there is something to ask; when it is lost, what was
 * sent over it fails, and the rest goes over the next one.
 */
export class ManyCallsConnection {
  readonly #options: ManyCallsOptions;
  #connection: Connection | undefined;
  /** In the order in which they were asked. */
  readonly #waiting = new Set<Call>();
  #lastId = ABOUT_THE_CONNECTION;
  #flushes = false;
  #notBefore = Number.NEGATIVE_INFINITY;
  #askAgainAfterMs = ASK_AGAIN_AFTER_MS;
  #closed = false;
  #onEmpty: () => void = () => undefined;

  constructor(options: ManyCallsOptions) {
    this.#options = options;
  }

  /** Whether it is worth asking this way. */
  get offered(): boolean {
    return !this.#closed && performance.now() >= this.#notBefore;
  }

  /**
   * The text of the GraphQL result. Rejects when there is none within the time; with `code` NOT_SENT_YET, or that of a
   * connection that could not be made, when the service has not heard of it; with ManyCallsNotOffered when it is to be
   * asked over HTTP.
   *
   * @param body JSON, without line breaks
   */
  ask(headers: Readonly<Record<string, string>>, body: string, withinMs: number): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      const id = this.#lastId;
      const timer = setTimeout(() => this.#giveUp(call, withinMs), withinMs);
      const call: Call = { id, line: writeCall(id, headers, body), resolve, reject, timer };
      this.#waiting.add(call);
      this.#flushSoon();
    });
  }

  /** Resolves once all that was asked is answered, or has failed. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#waiting.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
    }
    await this.#connection?.leave();
  }

  #giveUp(call: Call, withinMs: number): void {
    const error = new Error(`There was no answer within ${Math.round(withinMs)} ms.`);
    if (this.#waiting.delete(call)) {
      call.reject(withCode(error, NOT_SENT_YET));
      this.#tellIfEmpty();
      return;
    }
    call.reject(error);
    if (!call.sent) return;
    const { over, at } = call.sent;
    over.takeBack(call);
    if (over.heardAt < at && performance.now() - at >= SILENT_FOR_MS) over.end();
  }

  #flushSoon(): void {
    if (this.#flushes) return;
    this.#flushes = true;
    setImmediate(() => {
      this.#flushes = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#waiting.size === 0) return;
    this.#connection ??= this.#open();
    const connection = this.#connection;
    if (!connection.isOpen) return;
    const at = performance.now();
    let lines: string[] = [];
    let length = 0;
    for (const call of this.#waiting) {
      if (connection.running.size >= this.#options.atOnce) break;
      this.#waiting.delete(call);
      call.sent = { over: connection, at };
      connection.running.set(call.id, call);
      lines.push(call.line);
      length += call.line.length;
      if (length < LONG_MESSAGE) continue;
      connection.send(lines);
      lines = [];
      length = 0;
    }
    if (lines.length > 0) connection.send(lines);
    this.#tellIfEmpty();
  }

  #tellIfEmpty(): void {
    if (this.#waiting.size === 0) this.#onEmpty();
  }

  #open(): Connection {
    const connection = new Connection(this.#options, {
      opened: () => {
        this.#askAgainAfterMs = ASK_AGAIN_AFTER_MS;
        this.#flush();
      },
      answered: () => {
        if (this.#waiting.size > 0) this.#flushSoon();
      },
      left: () => {
        if (this.#connection === connection) this.#connection = undefined;
        if (this.#waiting.size > 0) this.#flushSoon();
      },
      notOpened: (error) => {
        this.#connection = undefined;
        if (error instanceof ManyCallsNotOffered) this.#isNotOffered(error);
        const unsent = error instanceof ManyCallsNotOffered ? error : withCode(error, NOT_SENT_YET);
        for (const call of this.#waiting) settle(call, () => call.reject(unsent));
        this.#waiting.clear();
        this.#tellIfEmpty();
      },
    });
    return connection;
  }

  #isNotOffered({ message }: Error): void {
    const { log, shown } = this.#options;
    if (this.#notBefore === Number.NEGATIVE_INFINITY) {
      log.info({ service: shown, reason: message }, 'the service is asked over HTTP, a request for each call');
    }
    this.#notBefore = performance.now() + this.#askAgainAfterMs;
    this.#askAgainAfterMs = Math.min(2 * this.#askAgainAfterMs, ASK_AGAIN_AFTER_AT_MOST_MS);
  }
}

function withCode(error: Error, code: string): Error {
  return Object.assign(error, { code });
}
