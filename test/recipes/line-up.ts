/** Every model of the field that a recipe describes, and its exact number of parameters. */
export const LINE_UP = [
  { name: 'v4', parameters: 4_364_736 },
  { name: 'v4-large', parameters: 16_847_232 },
  { name: 'v61-d384', parameters: 3_934_464 },
  { name: 'v61-10m', parameters: 11_015_168 },
];
