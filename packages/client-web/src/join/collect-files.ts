import type { FoundFile } from './sort-files.js';

/** Every file of what was dropped, folders looked through. */
export async function droppedFiles(transfer: DataTransfer): Promise<readonly FoundFile[]> {
  // The list is emptied when the event ends, so entries are taken before anything is awaited.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const found: FoundFile[] = [];
  for (const entry of entries) await collect(entry, '', found);
  return found;
}

async function collect(entry: FileSystemEntry, folder: string, found: FoundFile[]): Promise<void> {
  const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      (entry as FileSystemFileEntry).file(resolve, reject);
    });
    found.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A reader gives a hundred entries at a time.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (entries.length === 0) return;
    for (const inner of entries) await collect(inner, path, found);
  }
}

/** The files of an input, with their paths where a folder was chosen. */
export function pickedFiles(files: FileList): readonly FoundFile[] {
  return [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}
