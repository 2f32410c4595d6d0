/**
 * Message ids. An event is published under its own id. When it has to get past the broker's deduplication on purpose
 * (a redrive, a republish), what follows a `#` makes the id a new one and leaves the event recognisable.
 */
export function freshMessageId(eventId: string, occasion: string): string {
  return `${eventId}#${occasion}`;
}

/** The event that a message carries, whichever time it is published. */
export function eventIdOf(messageId: string): string {
  const mark = messageId.indexOf('#');
  return mark === -1 ? messageId : messageId.slice(0, mark);
}
