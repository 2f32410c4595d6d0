import { type FormEvent, useRef, useState } from 'react';
import { explainProblem } from '../problems/explain-problem.ts';
import { useSecondsUntil } from '../problems/use-seconds-until.ts';
import { sayWhatIsWrong } from './say-what-is-wrong.ts';

export interface Failure {
  readonly error: unknown;
  /** When, in milliseconds of the epoch. */
  readonly since: number;
}

/** What is wrong with an input, by its name in the API. */
export type FieldErrors = Readonly<Record<string, string | undefined>>;

/**
 * Checks a form in words of our own, and sends it once at a time. `waitSeconds` is above 0 while the server wants no more
 * tries; `errors` belong beside their inputs, and `failure` is about none of them. `form` goes to the form itself.
 *
 * @param ownPassword the input for the password of whoever is signed in: what is wrong can only be this one then
 */
export function useSubmit(work: (values: FormData) => Promise<unknown>, ownPassword?: string) {
  const [failure, setFailure] = useState<Failure | null>(null);
  const [errors, setErrors] = useState<FieldErrors>({});
  const [sending, setSending] = useState(false);
  const isSending = useRef(false);
  const retryAfterMs = failure ? explainProblem(failure.error).retryAfterMs : undefined;
  const waitSeconds = useSecondsUntil(failure && retryAfterMs !== undefined ? failure.since + retryAfterMs : undefined);

  function refuse(form: HTMLFormElement, next: FieldErrors): void {
    setErrors(next);
    // To the first of them, whose words are read with it.
    inputsOf(form)
      .find(({ name }) => next[name])
      ?.focus();
  }

  async function submit(form: HTMLFormElement): Promise<void> {
    if (isSending.current || waitSeconds > 0) return;
    setFailure(null);
    const wrong = checked(form);
    if (Object.keys(wrong).length > 0) return refuse(form, wrong);
    setErrors({});
    isSending.current = true;
    setSending(true);
    try {
      await work(new FormData(form));
    } catch (error) {
      const beside = errorBeside(error, form, ownPassword);
      if (beside) refuse(form, beside);
      else setFailure({ error, since: Date.now() });
    } finally {
      isSending.current = false;
      setSending(false);
    }
  }
  const form = {
    noValidate: true,
    onSubmit(event: FormEvent<HTMLFormElement>) {
      event.preventDefault();
      void submit(event.currentTarget);
    },
    onChange({ target }: FormEvent<HTMLFormElement>) {
      if (target instanceof HTMLInputElement && errors[target.name]) setErrors({ ...errors, [target.name]: undefined });
    },
  };
  return { form, sending, failure, waitSeconds, errors };
}

function inputsOf(form: HTMLFormElement): readonly HTMLInputElement[] {
  return [...form.elements].filter((element) => element instanceof HTMLInputElement && element.name !== '') as [];
}

function checked(form: HTMLFormElement): FieldErrors {
  const wrong = inputsOf(form).flatMap((input) => {
    const { name, type, required, minLength, pattern } = input;
    const asked = { name, type, required, minLength: Math.max(0, minLength), pattern };
    const words = sayWhatIsWrong(input.value, { ...asked, maxLength: Number(input.dataset.maxLength ?? 0) });
    return words ? [[name, words] as const] : [];
  });
  return Object.fromEntries(wrong);
}

/** What the server refused, where it can be said beside the input that it is about. */
function errorBeside(error: unknown, form: HTMLFormElement, ownPassword: string | undefined): FieldErrors | undefined {
  const { title, advice, field, isWrongPassword } = explainProblem(error);
  if (isWrongPassword && ownPassword) return { [ownPassword]: 'This is not your password.' };
  if (!field || !inputsOf(form).some(({ name }) => name === field)) return undefined;
  return { [field]: field === 'username' ? `${title}. ${advice}` : advice };
}

/** The text of one input. */
export function textOf(values: FormData, name: string): string {
  return String(values.get(name) ?? '');
}
