/** A device as it describes itself. */
export interface DeviceProfile {
  /** Trainer name, e.g. `tfjs-wasm`. */
  readonly backend: string;
  /** Bytes the trainer may use; 0 when unknown. */
  readonly memoryBytes: number;
  /** Measured multiply-accumulates per second; 0 when unknown. */
  readonly macsPerSecond: number;
  /** e.g. `node 20.20 linux x64`. */
  readonly platform: string;
}
