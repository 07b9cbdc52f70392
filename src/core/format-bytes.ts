/** `22502601` -> `22.5 MB` (decimal units, as disks and downloads are counted). */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return power === 0 ? `${bytes} bytes` : `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power]}`;
}
