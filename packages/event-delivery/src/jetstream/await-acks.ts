import { createInbox, type Msg, type NatsConnection } from 'nats';
import type { Message, PublishResult } from '../broker/broker.ts';
import { PublishFailed } from '../broker/publish-failed.ts';

const NO_RESPONDERS = 503;

export type AwaitedAcks = ReturnType<typeof awaitsAcks>;

/**
 * Request-reply (return address, Hohpe & Woolf) with ONE inbox for the acknowledgements of all messages, told apart by
 * the last token of the address.
 */
export function awaitsAcks(
  nc: NatsConnection,
  options: {
    readonly inboxPrefix?: string | undefined;
    /** Why no stream has answered for this message. */
    readonly whyNobodyAnswered: (message: Message) => PublishFailed;
  },
) {
  const inbox = createInbox(options.inboxPrefix);
  const waiting = new Map<string, { message: Message; settle: (result: PublishResult) => void }>();
  let counter = 0;

  nc.subscribe(`${inbox}.*`, {
    callback: (error, answer) => {
      // Refused as a whole (this user may not listen to it): there is no message then, and the log is told.
      if (error) return;
      const token = answer.subject.slice(inbox.length + 1);
      const asked = waiting.get(token);
      if (!asked) return;
      waiting.delete(token);
      const isNobody = answer.headers?.code === NO_RESPONDERS;
      asked.settle(isNobody ? { error: options.whyNobodyAnswered(asked.message) } : readStored(answer));
    },
  });

  return {
    /** `reply`: where its acknowledgement is to be sent. */
    expect(message: Message): { token: string; reply: string; result: Promise<PublishResult> } {
      counter += 1;
      const token = String(counter);
      const result = new Promise<PublishResult>((settle) => waiting.set(token, { message, settle }));
      return { token, reply: `${inbox}.${token}`, result };
    },
    giveUp(token: string, error: PublishFailed): void {
      const asked = waiting.get(token);
      waiting.delete(token);
      asked?.settle({ error });
    },
    giveUpAll(which: (subject: string) => boolean, error: PublishFailed): void {
      for (const [token, { message, settle }] of waiting) {
        if (!which(message.subject)) continue;
        waiting.delete(token);
        settle({ error });
      }
    },
  };
}

function readStored(answer: Msg): PublishResult {
  const ack = answer.json<{
    seq?: number;
    duplicate?: boolean;
    error?: { err_code?: number; description?: string };
  }>();
  if (ack.error) {
    return { error: new PublishFailed(String(ack.error.err_code), ack.error.description ?? 'JetStream refused it.') };
  }
  return { sequence: ack.seq ?? 0, duplicate: ack.duplicate ?? false };
}
