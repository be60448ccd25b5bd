import { entryNamed } from '@espalier/core';

/** A file of a public data set. */
export interface ArchiveFile {
  readonly url: string;
  /** Its name on disk. */
  readonly name: string;
  /** MD5 in hex: what the publishers give. It tells damage from the right file, not forgery. */
  readonly md5: string;
  /** For a tarball, the one folder that it holds; null for a file that is used as it is. */
  readonly folder: string | null;
}

/** A public data set that can be fetched. */
export interface Archive {
  readonly title: string;
  /** `data.kind` of a job that uses it. */
  readonly kind: 'cifarBinary' | 'idx';
  /** Height, width and channels of its images. */
  readonly imageShape: readonly [number, number, number];
  /** Page on which the checksums are published. */
  readonly source: string;
  readonly files: readonly ArchiveFile[];
}

const TORONTO = 'https://www.cs.toronto.edu/~kriz';

/** The four files of the MNIST family under a common address, with their checksums in that order. */
function mnistFiles(base: string, md5s: readonly [string, string, string, string]): readonly ArchiveFile[] {
  const names = ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1'];
  return names.map((stem, i) => {
    const name = `${stem}-ubyte.gz`;
    return { url: `${base}/${name}`, name, md5: md5s[i] ?? '', folder: null };
  });
}

/** Archives that `espalier fetch` knows. */
export const archives: Readonly<Record<string, Archive>> = {
  cifar10: {
    title: 'CIFAR-10 (binary version)',
    kind: 'cifarBinary',
    imageShape: [32, 32, 3],
    source: 'MD5 as listed on https://www.cs.toronto.edu/~kriz/cifar.html',
    files: [
      {
        url: `${TORONTO}/cifar-10-binary.tar.gz`,
        name: 'cifar-10-binary.tar.gz',
        md5: 'c32a1d4ab5d03f1284b67883e8d87530',
        folder: 'cifar-10-batches-bin',
      },
    ],
  },
  cifar100: {
    title: 'CIFAR-100 (binary version, fine labels)',
    kind: 'cifarBinary',
    imageShape: [32, 32, 3],
    source: 'MD5 as listed on https://www.cs.toronto.edu/~kriz/cifar.html',
    files: [
      {
        url: `${TORONTO}/cifar-100-binary.tar.gz`,
        name: 'cifar-100-binary.tar.gz',
        md5: '03b5dce01913d631647c71ecec9e9cb8',
        folder: 'cifar-100-binary',
      },
    ],
  },
  mnist: {
    title: 'MNIST',
    kind: 'idx',
    imageShape: [28, 28, 1],
    source: 'MD5 as in torchvision.datasets.MNIST, whose mirror this is',
    files: mnistFiles('https://ossci-datasets.s3.amazonaws.com/mnist', [
      'f68b3c2dcbeaaa9fbdd348bbdeb94873',
      'd53e105ee54ea40749a09fcbcd1e9432',
      '9fb629c4189551a2d022fa330f9573f3',
      'ec29112dd5afa0611ce80d1b7f02629c',
    ]),
  },
  'fashion-mnist': {
    title: 'Fashion-MNIST',
    kind: 'idx',
    imageShape: [28, 28, 1],
    source: 'MD5 as listed on https://github.com/zalandoresearch/fashion-mnist',
    files: mnistFiles('http://fashion-mnist.s3-website.eu-central-1.amazonaws.com', [
      '8d4fb7e6c68d591d4c3dfef9ec88bf0d',
      '25c81989df183df01b3e8a0aad5dffbe',
      'bef4ecab320f06d8554ea6380940ec79',
      'bb300cfdad3c16e7a12a480ee83cd310',
    ]),
  },
};

/** @throws EspalierError `invalid_argument` naming the nearest names. */
export function archiveNamed(name: string): Archive {
  return entryNamed(archives, name, 'data set');
}
