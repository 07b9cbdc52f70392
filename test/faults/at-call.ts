/** The address of the module that lets something happen to a process at one of its calls; see children/at-call.ts. */
export function atCall(options: Readonly<Record<string, string | number>>): string {
  const url = new URL('children/at-call.ts', import.meta.url);
  for (const [name, value] of Object.entries(options)) url.searchParams.set(name, String(value));
  return url.href;
}
