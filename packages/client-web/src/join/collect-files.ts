import { inSlices } from '../ui/in-slices.js';
import type { FoundFile } from './sort-files.js';

/** Every file of what was dropped, folders looked through. The page goes on meanwhile. */
export async function droppedFiles(transfer: DataTransfer): Promise<readonly FoundFile[]> {
  // The list is emptied when the event ends, so entries are taken before anything is awaited.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const found: FoundFile[] = [];
  await collect(entries, '', found);
  return found;
}

/** Files of a folder are asked for together, folders one after another: both in the order they were listed. */
async function collect(
  entries: readonly FileSystemEntry[],
  folder: string,
  found: FoundFile[],
): Promise<void> {
  const pathOf = ({ name }: FileSystemEntry): string => (folder === '' ? name : `${folder}/${name}`);
  const files = entries.filter(({ isFile }) => isFile) as FileSystemFileEntry[];
  const folders = entries.filter(({ isDirectory }) => isDirectory) as FileSystemDirectoryEntry[];
  found.push(...(await Promise.all(files.map(async (each) => ({ path: pathOf(each), file: await fileOf(each) })))));
  for (const each of folders) {
    const reader = each.createReader();
    // A reader gives a hundred entries at a time.
    for (;;) {
      const inner = await entriesOf(reader);
      if (inner.length === 0) break;
      await collect(inner, pathOf(each), found);
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

/** The files of an input, with their paths where a folder was chosen. The page goes on meanwhile. */
export async function pickedFiles(files: FileList): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  await inSlices(files, (file) => {
    found.push({ path: file.webkitRelativePath || file.name, file });
  });
  return found;
}
