/** A file with the path it was dropped or picked under, e.g. `pets/train/cat/1.jpg`. */
export interface FoundFile {
  readonly path: string;
  readonly file: File;
}

/** An image that belongs to one of the job's classes. */
export interface ClassImage {
  readonly path: string;
  readonly file: File;
  /** Index of the class. */
  readonly label: number;
}

/** Files of a choice by kind, before anything is decoded. */
export interface SortedFiles {
  readonly images: readonly ClassImage[];
  /** Images in folders that are none of the job's classes, by folder. */
  readonly foreign: ReadonlyMap<string, number>;
  /** Images that lie in no folder: somebody must say what they show. */
  readonly loose: readonly FoundFile[];
  /** HEIC photos, which browsers cannot read. */
  readonly heic: number;
  /** Names of files that are no images. */
  readonly others: readonly string[];
  /** Images of a test set beside the training set; they are left alone. */
  readonly test: number;
}

const IMAGE = /\.(jpe?g|png|webp|gif|bmp|avif)$/i;
const HEIC = /\.(heic|heif)$/i;
/** Files that operating systems leave in folders on their own. */
const CLUTTER = /^(\.|thumbs\.db$|desktop\.ini$|__macosx$)/i;

/**
 * Sorts files by the job's classes: the nearest folder above a file that is named like a class, whatever its case.
 * `test/<class>/` is left alone where the files have a `train/`.
 */
export function sortFiles(files: readonly FoundFile[], classes: readonly string[]): SortedFiles {
  const labels = new Map(classes.map((name, label) => [name.trim().toLowerCase(), label]));
  const hasTrain = files.some(({ path }) => foldersOf(path).includes('train'));
  const sorted = {
    images: [] as ClassImage[],
    foreign: new Map<string, number>(),
    loose: [] as FoundFile[],
    heic: 0,
    others: [] as string[],
    test: 0,
  };
  for (const { path, file } of files) {
    const parts = path.split('/');
    const name = parts.at(-1) ?? path;
    if (parts.some((part) => CLUTTER.test(part))) continue;
    const folders = foldersOf(path);
    if (HEIC.test(name)) sorted.heic++;
    else if (!IMAGE.test(name)) sorted.others.push(name);
    else if (hasTrain && folders.includes('test')) sorted.test++;
    else if (folders.length === 0) sorted.loose.push({ path, file });
    else {
      const label = folders.map((folder) => labels.get(folder)).findLast((known) => known !== undefined);
      const own = parts.at(-2) ?? '';
      if (label === undefined) sorted.foreign.set(own, (sorted.foreign.get(own) ?? 0) + 1);
      else sorted.images.push({ path, file, label });
    }
  }
  return sorted;
}

function foldersOf(path: string): readonly string[] {
  return path
    .split('/')
    .slice(0, -1)
    .map((folder) => folder.trim().toLowerCase());
}

/** Describes the files left out of a choice, a sentence each, with what to do about them. */
export function leftOut(
  { foreign, heic, others, images, loose }: SortedFiles,
  classes: readonly string[],
): readonly string[] {
  const sentences: string[] = [];
  if (images.length === 0 && loose.length === 0 && foreign.size === 0) {
    sentences.push(
      `There is no image in it that a browser can read. Choose a folder that holds a folder of JPEG or PNG images per class: ${listed(classes)}.`,
    );
  }
  if (foreign.size > 0) {
    const count = [...foreign.values()].reduce((sum, each) => sum + each, 0);
    sentences.push(
      `${counted(count, 'image')} left out of ${listed([...foreign.keys()])}: the job knows only ${listed(classes)}. Rename the folder if it means one of these.`,
    );
  }
  if (heic > 0) {
    sentences.push(
      `${counted(heic, 'HEIC photo')} left out: browsers cannot read them. Export them as JPEG.`,
    );
  }
  if (others.length > 0) {
    sentences.push(
      `${counted(others.length, 'file')} left out that ${others.length === 1 ? 'is' : 'are'} no image: ${listed(others)}.`,
    );
  }
  return sentences;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'} ${count === 1 ? 'was' : 'were'}`;
}

/** At most a handful of names. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 6).map((name) => `“${name}”`);
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
