import { Flex } from '@radix-ui/themes';
import { kith } from '../connection/kith.ts';
import { ProblemCallout } from '../problems/problem-callout.tsx';
import { LabelledField } from './labelled-field.tsx';
import { SubmitButton } from './submit-button.tsx';
import { textOf, useSubmit } from './use-submit.ts';

export function SignInForm() {
  const { form, sending, failure, waitSeconds, errors } = useSubmit((values) =>
    kith.session.signIn({ username: textOf(values, 'username').trim(), password: textOf(values, 'password') }),
  );
  return (
    <form {...form} aria-label="Sign in">
      <Flex direction="column" gap="4">
        <LabelledField
          label="Username"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          required
          error={errors.username}
        />
        <LabelledField
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          error={errors.password}
        />
        {failure ? <ProblemCallout error={failure.error} since={failure.since} /> : null}
        <SubmitButton sending={sending} waitSeconds={waitSeconds}>
          Sign in
        </SubmitButton>
      </Flex>
    </form>
  );
}
