/** Every model of the field that a recipe describes, and its exact number of parameters. */
export const LINE_UP = [
  { name: 'v4', parameters: 4_364_736 },
  { name: 'v4-large', parameters: 16_847_232 },
  { name: 'v6', parameters: 3_787_200 },
  { name: 'v61-attn', parameters: 1_968_384 },
  { name: 'v61-d384', parameters: 3_934_464 },
  { name: 'v61-10m', parameters: 11_015_168 },
  { name: 'bitnet', parameters: 6_169_856 },
  { name: 'bitnet-2b4t-tiny', parameters: 5_776_640 },
  { name: 'matmul-free', parameters: 7_227_904 },
  { name: 'matmul-free-swap-gate', parameters: 7_227_904 },
  { name: 'llama', parameters: 260_032 },
  { name: 'gla-tiny', parameters: 5_022_080 },
  { name: 'delta-tiny', parameters: 5_408_432 },
];
