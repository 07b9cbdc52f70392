#!/usr/bin/env node
// Starts the compiled program. In a checkout that was edited since, it starts the sources instead, and says so.
import { existsSync } from 'node:fs';

// Not part of the package: what is installed is never looked at.
if (existsSync(new URL('../tsconfig.build.json', import.meta.url))) {
  const { startCheckout } = await import('../scripts/start-checkout.mjs');
  await startCheckout();
} else {
  await import('../dist/cli/main.js');
}
