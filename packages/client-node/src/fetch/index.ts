export { archiveNamed, archives, type Archive, type ArchiveFile } from './catalogue.js';
export { download, type DownloadOptions, type DownloadProgress } from './download.js';
export { fetchArchive, type FetchedFile, type FetchOptions } from './fetch-archive.js';
