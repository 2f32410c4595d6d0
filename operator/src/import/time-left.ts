/** In words, rounded up; empty while it cannot be said. */
export function timeLeft(toDo: number, perSecond: number): string {
  if (toDo <= 0 || perSecond <= 0) return '';
  const seconds = Math.ceil(toDo / perSecond);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
