export type { EngineOptions, IsaSupport, LimitName } from './addon.ts';
export { headRowsAtOnce, packedRows } from './head-scratch.ts';
export { createLimitMeter, type LimitMeter } from './limit-meter.ts';
export { acceleratedBy, createNativeBackend, type NativeStatus, nativeStatus } from './native-backend.ts';
export { usableCpus } from './threads.ts';
export { WORK_SHARES } from './work-shares.ts';
