/** How long to wait, rounded up: "3 seconds", "12 minutes", "5 hours". */
export function waitInWords(seconds: number): string {
  if (seconds < 90) return unit(seconds, 'second');
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? unit(minutes, 'minute') : unit(Math.ceil(minutes / 60), 'hour');
}

function unit(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
