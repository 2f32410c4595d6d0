/** NATS' rules (https://docs.nats.io/nats-concepts/subjects): `*` is one token, `>` is one or more at the end. */
export function subjectMatches(pattern: string, subject: string): boolean {
  if (pattern === subject) return true;
  // Most streams take all that begins as they do: nothing has to be split for that.
  if (pattern.endsWith('.>') && !pattern.includes('*')) {
    return subject.length > pattern.length - 1 && subject.startsWith(pattern.slice(0, -1));
  }
  const wanted = pattern.split('.');
  const tokens = subject.split('.');
  for (const [at, word] of wanted.entries()) {
    if (word === '>') return tokens.length > at;
    if (word !== '*' && word !== tokens[at]) return false;
    if (at >= tokens.length) return false;
  }
  return tokens.length === wanted.length;
}

/** Whether a message can be published to it: tokens without spaces or wildcards. */
export function isSubject(text: string): boolean {
  return /^[^\s.*>]+(?:\.[^\s.*>]+)*$/.test(text);
}

/** All but the last token: of an event, all but its owner. */
export function kindOf(subject: string): string {
  return subject.slice(0, subject.lastIndexOf('.') + 1);
}
