import { Text } from '@radix-ui/themes';
import kith from './kith.svg';

export function Brand() {
  return (
    <span className="brand">
      <img src={kith} alt="" width={26} height={26} />
      <Text size="4" weight="bold">
        Kith
      </Text>
    </span>
  );
}
