import { CLI_TARGETS } from './cli.ts';
import { DATA_TARGETS } from './data.ts';
import { RECIPE_TARGETS } from './recipes.ts';

import { RUN_TARGETS } from './runs.ts';
import { TOKENIZER_TARGETS } from './tokenizers.ts';

/** Every way in for hostile input. */
export const TARGETS = [
  ...CLI_TARGETS,
  ...RECIPE_TARGETS,
  ...TOKENIZER_TARGETS,
  ...DATA_TARGETS,
  ...RUN_TARGETS,
];
