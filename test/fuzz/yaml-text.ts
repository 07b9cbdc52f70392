import fc from 'fast-check';

const SCALARS = [
  '1',
  '-0',
  '0x1F',
  '0o17',
  '1_000',
  '1e999',
  '.inf',
  '-.inf',
  '.nan',
  '12:30:45',
  '2020-01-01',
  '~',
  'null',
  'yes',
  'true',
  '""',
  "''",
  '"\\ud800"',
  '"\\U0010FFFF"',
  '"\\x00"',
  '|\n  block',
  '>-\n  folded',
  '*a',
  '*b',
  '!!binary aGk=',
  '!!int "3"',
  '!<tag:x> y',
  '! z',
  '&a x',
  '<<',
  '__proto__',
  'constructor',
  '-',
  '?',
  ':',
  '#',
  '"unclosed',
  '\u{feff}',
  '9007199254740993',
  '123456789012345678901234567890',
  '0.1e-400',
  'silu',
  'v61',
];

const word = fc.oneof(fc.constantFrom(...SCALARS), fc.string({ maxLength: 5, unit: 'binary' }));
const prefix = fc.constantFrom('', '', '', '&a ', '&b ', '!!map ', '!!seq ', '!!set ', '!x ');

const { flow } = fc.letrec<{ flow: string }>((tie) => ({
  flow: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    word,
    fc
      .tuple(prefix, fc.array(tie('flow'), { maxLength: 4 }))
      .map(([p, items]) => `${p}[${items.join(', ')}]`),
    fc
      .tuple(prefix, fc.array(fc.tuple(word, tie('flow')), { maxLength: 4 }))
      .map(([p, pairs]) => `${p}{ ${pairs.map(([key, value]) => `${key}: ${value}`).join(', ')} }`),
    tie('flow').map((inner) => `{ <<: ${inner} }`),
    tie('flow').map((inner) => `? ${inner}`),
  ),
}));

const key = fc.oneof(
  fc.constantFrom(
    'name',
    'model',
    'data',
    'train',
    'optimizer',
    'backend',
    'extends',
    'plugins',
    '<<',
    '? [a]',
    '*a',
  ),
  word,
);

/** YAML by the grammar, more or less: anchors, tags, merge keys, directives and scalars of every kind. */
export const yamlText: fc.Arbitrary<string> = fc.oneof(
  flow,
  fc
    .tuple(
      fc.constantFrom('', '---\n', '%YAML 1.1\n---\n', '%TAG ! tag:x,2000:\n---\n', '\u{feff}'),
      fc.array(fc.tuple(key, flow), { maxLength: 5 }),
      fc.constantFrom('', '...\n', '---\nsecond: 1\n', '\0'),
    )
    .map(([start, pairs, end]) => `${start}${pairs.map(([k, v]) => `${k}: ${v}\n`).join('')}${end}`),
  // References that multiply, and levels inside each other.
  fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 9 })).map(([levels, width]) =>
    Array.from({ length: levels }, (_, i) => {
      const items = Array.from({ length: width }, () => (i === 0 ? 'x' : `*b${i - 1}`));
      return `k${i}: &b${i} [${items.join(', ')}]\n`;
    }).join(''),
  ),
  fc
    .tuple(fc.constantFrom('[', '{a: ', '- ', '? ', '!x [', '&a ['), fc.nat(3000))
    .map(([open, depth]) => open.repeat(depth)),
);
