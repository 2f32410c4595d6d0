import { Flex, Text, TextField } from '@radix-ui/themes';
import { type ComponentProps, useId } from 'react';

/**
 * An input with its label above, and below what it takes, or what is wrong with it. `maxLength` is checked and not
 * enforced: a browser would cut what is pasted, and say nothing.
 */
export function LabelledField({
  label,
  hint,
  error,
  maxLength,
  ...input
}: { label: string; hint?: string; error?: string | undefined } & ComponentProps<typeof TextField.Root>) {
  const id = useId();
  return (
    <Flex direction="column" gap="1">
      <Text as="label" size="2" weight="medium" htmlFor={id}>
        {label}
      </Text>
      <TextField.Root
        id={id}
        size="3"
        data-max-length={maxLength}
        aria-describedby={error ? `${id}-error` : hint ? `${id}-hint` : undefined}
        aria-invalid={error ? true : undefined}
        {...(error && { color: 'red' as const, variant: 'soft' as const })}
        {...input}
      />
      {error ? (
        <Text size="1" color="red" id={`${id}-error`} className="field-error">
          {error}
        </Text>
      ) : hint ? (
        <Text size="1" color="gray" id={`${id}-hint`}>
          {hint}
        </Text>
      ) : null}
    </Flex>
  );
}
