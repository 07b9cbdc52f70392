export type { EngineOptions, IsaSupport, LimitName } from './addon.ts';
export { createLimitMeter, type LimitMeter } from './limit-meter.ts';
export { acceleratedBy, createNativeBackend, type NativeStatus, nativeStatus } from './native-backend.ts';
export { headRowsAtOnce, packedRows } from './rows-at-once.ts';
export { usableCpus } from './threads.ts';
export { WORK_SHARES } from './work-shares.ts';
