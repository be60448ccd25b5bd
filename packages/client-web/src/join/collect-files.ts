import type { FoundFile } from './sort-files.js';

/**
 * Source of images: folders and files that a worker reads by itself, or, in browsers without such handles,
 * files that the page found, portion by portion.
 */
export type ImageSource =
  | { readonly kind: 'handles'; readonly handles: readonly FileSystemHandle[] }
  | { readonly kind: 'files'; readonly portions: AsyncIterable<readonly FoundFile[]> };

/**
 * Collects the dropped images. Must be called within the event itself, as the list is emptied when it ends.
 */
export async function droppedImages(transfer: DataTransfer): Promise<ImageSource> {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  const asked = items.map(askHandle);
  const entries = items.flatMap((item) => item.webkitGetAsEntry() ?? []);
  const handles = (await Promise.all(asked)).filter((handle) => handle !== null);
  if (handles.length === items.length) return { kind: 'handles', handles };
  return { kind: 'files', portions: lookThrough(entries, '') };
}

/** A folder of the person's choice; null where the browser has no such dialog of its own, or it was left. */
export async function pickFolder(): Promise<ImageSource | null> {
  const pick: unknown = Reflect.get(globalThis, 'showDirectoryPicker');
  if (typeof pick !== 'function') return null;
  const handle = await (pick.call(globalThis) as Promise<FileSystemHandle>).catch(() => null);
  return handle && { kind: 'handles', handles: [handle] };
}

/** True where {@link pickFolder} can ask. */
export function hasFolderDialog(): boolean {
  return typeof Reflect.get(globalThis, 'showDirectoryPicker') === 'function';
}

/** Files taken out of a list at once: each costs the page a little. */
const PORTION = 64;

/** The files of an input, with their paths where a folder was chosen; between portions the page goes on. */
export async function* pickedFiles(files: FileList): AsyncIterable<readonly FoundFile[]> {
  for (let at = 0; at < files.length; at += PORTION) {
    const portion: FoundFile[] = [];
    for (let i = at; i < Math.min(files.length, at + PORTION); i++) {
      const file = files[i]!;
      portion.push({ path: file.webkitRelativePath || file.name, file });
    }
    yield portion;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

function askHandle(item: DataTransferItem): Promise<FileSystemHandle | null> {
  const ask: unknown = Reflect.get(item, 'getAsFileSystemHandle');
  if (typeof ask !== 'function') return Promise.resolve(null);
  return (ask.call(item) as Promise<FileSystemHandle | null>).catch(() => null);
}

async function* lookThrough(
  entries: readonly FileSystemEntry[],
  folder: string,
): AsyncIterable<readonly FoundFile[]> {
  const pathOf = ({ name }: FileSystemEntry): string => (folder === '' ? name : `${folder}/${name}`);
  const files = entries.filter(({ isFile }) => isFile) as FileSystemFileEntry[];
  yield await Promise.all(files.map(async (each) => ({ path: pathOf(each), file: await fileOf(each) })));
  for (const each of entries.filter(({ isDirectory }) => isDirectory) as FileSystemDirectoryEntry[]) {
    const reader = each.createReader();
    // A reader gives a hundred entries at a time.
    for (;;) {
      const inner = await entriesOf(reader);
      if (inner.length === 0) break;
      yield* lookThrough(inner, pathOf(each));
    }
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => {
    entry.file(resolve, reject);
  });
}

function entriesOf(reader: FileSystemDirectoryReader): Promise<readonly FileSystemEntry[]> {
  return new Promise((resolve, reject) => {
    reader.readEntries(resolve, reject);
  });
}
