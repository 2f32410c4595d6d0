import { Flex, Text, TextField } from '@radix-ui/themes';
import { type ComponentProps, useId } from 'react';

/** An input with its label above and what it takes below. */
export function LabelledField({
  label,
  hint,
  refused,
  ...input
}: { label: string; hint?: string; refused?: boolean } & ComponentProps<typeof TextField.Root>) {
  const id = useId();
  return (
    <Flex direction="column" gap="1">
      <Text as="label" size="2" weight="medium" htmlFor={id}>
        {label}
      </Text>
      <TextField.Root
        id={id}
        size="3"
        aria-describedby={hint ? `${id}-hint` : undefined}
        aria-invalid={refused || undefined}
        {...(refused && { color: 'red' as const, variant: 'soft' as const })}
        {...input}
      />
      {hint ? (
        <Text size="1" color="gray" id={`${id}-hint`}>
          {hint}
        </Text>
      ) : null}
    </Flex>
  );
}
