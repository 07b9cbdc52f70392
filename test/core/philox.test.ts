import { describe, expect, it } from 'vitest';
import { philox, type Words } from '../../src/core/philox.ts';

/** From the tests of Random123, the library of the generator's authors. */
const KNOWN: readonly [string, Words, readonly [number, number], Words][] = [
  ['zeros', [0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
  [
    'ones',
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    'the digits of pi',
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

describe('philox', () => {
  it.each(KNOWN)(
    "philox gives its authors' published test values for a counter and a key of %s",
    (_, counter, key, expected) => {
      expect(philox(counter, key)).toEqual(expected);
    },
  );
});
