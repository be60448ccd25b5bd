/** Data in files. The same spec and files give the same samples in the same order on every machine. */
export interface FileDataSpec {
  /**
   * `imageFolder`: `<folder>/train/<class>/*` (and `test/`), or `<folder>/<class>/*` without a test set. `cifarBinary`:
   * the binary version of CIFAR-10 or CIFAR-100. `idx`: the four files of the MNIST family, also gzipped. `npy`:
   * `images.npy` with `labels.npy`, in the folder itself or in its `train/` and `test/`.
   */
  readonly kind: 'imageFolder' | 'cifarBinary' | 'idx' | 'npy';
  /** At most this many training images per class, first in the listing's order; null for all. */
  readonly samplesPerClass: number | null;
  /** At most this many test images per class; null for all. */
  readonly testSamplesPerClass: number | null;
  /** Share of every class's images set aside as the test set if the data has none of its own; in [0, 1). */
  readonly testFraction: number;
}

/** Source of images. The same spec and folder give the same samples in the same order on every machine. */
export type DataSpec =
  | FileDataSpec
  | {
      /** The built-in procedural image set. */
      readonly kind: 'procedural';
      readonly numClasses: number;
      readonly samplesPerClass: number;
      readonly testSamplesPerClass: number;
    };

/** Way to split training samples over clients. */
export type PartitionSpec =
  | { readonly kind: 'iid' }
  | {
      readonly kind: 'dirichlet';
      readonly alpha: number;
      /** Draws are repeated until every client has this many samples. */
      readonly minSamples: number;
    }
  | {
      /** Every client has samples of `classesPerClient` classes only (McMahan et al. 2017). */
      readonly kind: 'shards';
      readonly classesPerClient: number;
      readonly minSamples: number;
    }
  | {
      /** All clients see the same classes, in amounts drawn from Dirichlet(alpha) (Li et al. 2022). */
      readonly kind: 'quantitySkew';
      readonly alpha: number;
      readonly minSamples: number;
    }
  | {
      /** The natural split: `<folder>/<client>/<class>/*`, one folder a client. */
      readonly kind: 'byFolder';
    }
  | {
      /** As given by a file that `espalier partition` wrote. */
      readonly kind: 'file';
      /** Relative to the data folder, so that it travels with the data. */
      readonly path: string;
    };
