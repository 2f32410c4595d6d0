import { MESSAGE_ID_HEADER, type Message, type StoredMessage } from '../broker/broker.ts';

/** A message as Postgres answers it. */
export interface Row {
  sequence: string;
  subject: string;
  message_id: string;
  headers: Record<string, string>;
  payload: string;
  stored_at: Date;
}

/** As a durable gets it that was at the end of the stream, without asking Postgres. */
export function toStored(message: Message, sequence: number): StoredMessage {
  return {
    sequence,
    subject: message.subject,
    id: message.id,
    storedAt: new Date(),
    headers: { ...message.headers, [MESSAGE_ID_HEADER]: message.id },
    payload: Buffer.from(message.payload),
  };
}

export function fromRow(row: Row): StoredMessage {
  return {
    sequence: Number(row.sequence),
    subject: row.subject,
    id: row.message_id,
    storedAt: row.stored_at,
    headers: row.headers,
    payload: Buffer.from(row.payload),
  };
}
