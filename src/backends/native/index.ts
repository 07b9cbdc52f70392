export type { EngineOptions, IsaSupport } from './addon.ts';
export { createNativeBackend, type NativeStatus, nativeStatus } from './native-backend.ts';
