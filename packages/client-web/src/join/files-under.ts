import type { FoundFile } from './sort-files.js';

/** Every file of those folders and files, with its path. @throws DOMException when one may not be read. */
export async function filesUnder(
  handles: Iterable<FileSystemHandle> | AsyncIterable<FileSystemHandle>,
  folder = '',
): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  for await (const handle of handles) {
    const path = folder === '' ? handle.name : `${folder}/${handle.name}`;
    if (isFolder(handle)) found.push(...(await filesUnder(handle.values(), path)));
    else if (isFile(handle)) found.push({ path, file: await handle.getFile() });
  }
  return found;
}

function isFolder(handle: FileSystemHandle): handle is FileSystemDirectoryHandle {
  return handle.kind === 'directory';
}

function isFile(handle: FileSystemHandle): handle is FileSystemFileHandle {
  return handle.kind === 'file';
}
