import { KithApiError, Unreachable } from '@kith/client';

export interface Problem {
  readonly title: string;
  readonly advice: string;
  /** The input that has to change, as the API names it. */
  readonly field?: string;
  /** Trying again before then is of no use, in milliseconds from now. */
  readonly retryAfterMs?: number;
  /** The same again may succeed. */
  readonly mayPass: boolean;
  /** Of somebody who is signed in, only the password can be wrong. */
  readonly isWrongPassword?: boolean;
}

/** What to tell a person about an error: what happened, and what to do next. The code decides, never the message. */
export function explainProblem(error: unknown): Problem {
  if (error instanceof Unreachable || (error as Error | null)?.name === 'NotLoaded') {
    return navigator.onLine
      ? { title: 'Kith cannot be reached', advice: 'It may be restarting. Try again in a moment.', mayPass: true }
      : { title: 'You are offline', advice: 'Try again when the connection is back.', mayPass: true };
  }
  if (!(error instanceof KithApiError)) {
    return { title: 'Something went wrong here', advice: 'Reload the page, then try again.', mayPass: false };
  }
  const { extensions } = error;
  const field = typeof extensions.field === 'string' ? { field: extensions.field } : {};
  switch (error.code) {
    case 'INVALID_CREDENTIALS':
      return {
        title: 'Wrong username or password',
        advice: 'Check both: the two do not belong together.',
        mayPass: false,
        isWrongPassword: true,
      };
    case 'USERNAME_TAKEN':
      return { title: 'That username is taken', advice: 'Choose another one.', field: 'username', mayPass: false };
    case 'RATE_LIMITED':
      return {
        title: 'Not so fast',
        // The one message that is shown as it came: only the server knows what was too much.
        advice: error.message,
        retryAfterMs: typeof extensions.retryAfterMs === 'number' ? extensions.retryAfterMs : 5_000,
        mayPass: false,
      };
    case 'FRIEND_LIMIT_REACHED':
      return {
        title: 'A friend list is full',
        advice: `A list holds ${count(extensions.limit, 5000)} friends. One has to go before another can come, on your list or on theirs.`,
        mayPass: false,
      };
    case 'NOT_ALLOWED':
      return { title: 'Not possible', advice: 'This person takes no friend requests.', mayPass: false };
    case 'CANNOT_BEFRIEND_SELF':
      return { title: 'That is you', advice: 'Find somebody else to add.', mayPass: false };
    case 'USER_NOT_FOUND':
      return { title: 'This person is gone', advice: 'The account does not exist any more.', mayPass: false };
    case 'NOT_FRIENDS':
      return { title: 'You are not friends any more', advice: 'The list has changed meanwhile.', mayPass: false };
    case 'REQUEST_NOT_FOUND':
      return { title: 'This request is closed', advice: 'It was answered or cancelled meanwhile.', mayPass: false };
    case 'UNAUTHENTICATED':
    case 'SESSION_ENDED':
      return { title: 'Your session has ended', advice: 'Sign in again.', mayPass: false };
    case 'SERVICE_UNAVAILABLE':
      return {
        title: 'Part of Kith is not answering',
        advice: 'Nothing is lost. Try again in a moment.',
        mayPass: true,
      };
    case 'BAD_USER_INPUT':
      return { ...whatIsUnfit(field.field, error.message), ...field, mayPass: false };
    default:
      return { title: 'Kith could not do that', advice: 'Try again; it has been noted on the server.', mayPass: true };
  }
}

const LABELS: Readonly<Record<string, string>> = {
  avatarUrl: 'The picture',
  nickname: 'The name',
  username: 'The username',
  password: 'The password',
  newPassword: 'The new password',
  currentPassword: 'The current password',
  remark: 'Your name for them',
  tags: 'The tags',
  message: 'The message',
  text: 'The search',
};

const NO_SUCH_LINK = {
  title: 'This link does not work',
  advice: 'It leads to nobody. Ask for it again, or search for the name under People.',
};

/** What a person typed is told with what it should be; where they only followed a link, that it is no use. */
function whatIsUnfit(field: string | undefined, message: string): { title: string; advice: string } {
  if (field === 'id' || field === 'userId' || field === 'requestId') return NO_SUCH_LINK;
  if (field === 'text') return { title: 'This cannot be searched for', advice: inOurWords(message) };
  return { title: 'That cannot be saved', advice: inOurWords(message) };
}

/** The server begins with the input's name in the API, which stands on no label here. */
function inOurWords(message: string): string {
  const sentence = message.replace(/^\w+/, (name) => LABELS[name] ?? name);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

function count(limit: unknown, otherwise: number): string {
  return (typeof limit === 'number' ? limit : otherwise).toLocaleString('en');
}
