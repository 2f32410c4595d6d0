import { Text } from '@radix-ui/themes';

export function Brand() {
  return (
    <span className="brand">
      <img src="/kith.svg" alt="" width={26} height={26} />
      <Text size="4" weight="bold">
        Kith
      </Text>
    </span>
  );
}
