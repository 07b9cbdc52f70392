/** Names of what is in layers, those that differ by a block's number as one: `blocks.*.up.weight`. */
export const foldNames = (named: readonly { readonly name: string }[]): string[] => [
  ...new Set(named.map(({ name }) => name.replace(/\.\d+(?=\.)/g, '.*'))),
];
