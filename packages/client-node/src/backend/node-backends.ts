import { cpuBackend, importedBackend, wasmBackend, type BackendCandidate } from '@espalier/client/tfjs';

/** Surroundings that the choice of a backend depends on; tests replace them. */
export interface NodeBackendOptions {
  /** Loads a package by name. */
  readonly importer?: (name: string) => Promise<unknown>;
  /** `process.versions.node`. */
  readonly nodeVersion?: string;
}

/** The version whose native binding matches the tfjs that the trainer computes with. */
const TFJS_NODE_VERSION = '4.22.0';

/** tfjs-node 4.22 calls functions of `node:util` that Node 23 removed. */
const FIRST_NODE_TOO_NEW = 23;

/** Every tfjs backend for Node, best first: native on a GPU, native, WebAssembly, plain JavaScript. */
export function nodeBackends(options: NodeBackendOptions = {}): readonly BackendCandidate[] {
  return [
    nativeBackend('@tensorflow/tfjs-node-gpu', options),
    nativeBackend('@tensorflow/tfjs-node', options),
    wasmBackend(),
    cpuBackend(),
  ];
}

/** The native packages download a binary when installed, so they are optional peers: looked for, never required. */
function nativeBackend(packageName: string, options: NodeBackendOptions): BackendCandidate {
  const { importer = (name: string): Promise<unknown> => import(name), nodeVersion = process.versions.node } =
    options;
  return importedBackend({
    name: packageName.replace('@tensorflow/', ''),
    backend: 'tensorflow',
    install: installHint(packageName),
    load: async () => {
      checkNodeVersion(packageName, nodeVersion);
      try {
        await importer(packageName);
      } catch (error) {
        throw new Error(whyNotLoaded(packageName, error), { cause: error });
      }
    },
  });
}

function installHint(packageName: string): string {
  const cuda = packageName.endsWith('-gpu') ? ', with the CUDA and cuDNN versions its README names' : '';
  return `On Node 20 or 22: npm install ${packageName}@${TFJS_NODE_VERSION} (it downloads a native library)${cuda}.`;
}

function checkNodeVersion(packageName: string, nodeVersion: string): void {
  if (Number.parseInt(nodeVersion, 10) < FIRST_NODE_TOO_NEW) return;
  throw new Error(
    `${packageName} ${TFJS_NODE_VERSION} does not work on Node ${String(FIRST_NODE_TOO_NEW)} and newer; this is Node ${nodeVersion}.`,
  );
}

function whyNotLoaded(packageName: string, error: unknown): string {
  const { code, message } = factsOf(error);
  const notFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  if (notFound && message.includes(`'${packageName}'`)) return `The package ${packageName} is not installed.`;
  return `The package ${packageName} is installed but did not load: ${message.split('\n')[0] ?? ''}`;
}

/** Loaders throw errors of other realms too, which are no `instanceof Error` here. */
function factsOf(error: unknown): { readonly code: unknown; readonly message: string } {
  if (typeof error !== 'object' || error === null) return { code: undefined, message: String(error) };
  return {
    code: 'code' in error ? error.code : undefined,
    message: 'message' in error ? String(error.message) : 'it gave no reason',
  };
}
